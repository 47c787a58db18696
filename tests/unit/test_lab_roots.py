"""What takes minutes to make is made once for each description, whatever is killed, and by whomever it is asked for."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from lab.containers import puppetroot
from lab.ground.cached import roots
from lab.ground.process import LabError
from lab.simulated import root as simulated


def write(target: Path) -> None:
    target.mkdir()
    (target / "file").write_text("whole")


def test_it_is_made_once_and_another_description_is_another(tmp_path: Path) -> None:
    made: list[Path] = []

    def make(target: Path) -> None:
        made.append(target)
        write(target)

    first = roots.cached("kind", "a", make, tmp_path)
    assert roots.cached("kind", "a", make, tmp_path) == first and (first / "file").read_text() == "whole"
    assert roots.cached("kind", "b", make, tmp_path) != first and len(made) == 2


def test_a_build_that_fails_leaves_nothing_that_looks_finished(tmp_path: Path) -> None:
    def fail(target: Path) -> None:
        write(target)
        raise LabError("no mirror")

    with pytest.raises(LabError, match="no mirror"):
        roots.cached("kind", "a", fail, tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["kind.lock"]
    assert roots.cached("kind", "a", write, tmp_path).is_dir()


def test_what_a_killed_build_left_is_removed_by_the_next(tmp_path: Path) -> None:
    write(tmp_path / "kind.tmp.abc")
    write(tmp_path / "other.tmp.abc")
    roots.cached("kind", "a", write, tmp_path)
    assert not (tmp_path / "kind.tmp.abc").exists() and (tmp_path / "other.tmp.abc").exists()


@pytest.mark.parametrize("newest", [True, False])
def test_older_ones_are_kept_unless_only_the_newest_is_wanted(tmp_path: Path, newest: bool) -> None:
    older, other = roots.cached("kind", "a", write, tmp_path), roots.cached("other", "a", write, tmp_path)
    roots.cached("kind", "b", write, tmp_path, newest=newest)
    assert older.exists() != newest and other.exists()


def test_sixteen_at_once_make_it_once(tmp_path: Path) -> None:
    made: list[Path] = []
    begin = threading.Barrier(16)

    def make(target: Path) -> None:
        made.append(target)
        write(target)

    def ask() -> None:
        begin.wait(60)
        roots.cached("kind", "a", make, tmp_path)

    threads = [threading.Thread(target=ask) for _ in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(120)
    assert len(made) == 1


@pytest.mark.parametrize(
    ("ask", "module", "name"),
    [
        (lambda cache: puppetroot.build(cache), puppetroot, "puppetserver-a1ef58452a1226b1"),
        (lambda cache: simulated.tree(cache), simulated, "simulated-1a61d7122cc08e4b"),
    ],
    ids=["puppetserver", "simulated"],
)
def test_a_root_is_not_made_again_unless_what_is_in_it_changes(tmp_path: Path, monkeypatch, ask, module, name) -> None:
    """Whoever changes a description on purpose changes its name here."""
    monkeypatch.setattr(module, "_make", write)
    assert ask(tmp_path).name == name


def test_a_failed_build_names_no_mirror(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setattr(roots, "mirror_url", lambda: "http://private.example/debian")

    def refuse(argv: list[str], **_more: object) -> None:
        raise LabError("mmdebstrap: http://private.example/debian/dists is not there")

    monkeypatch.setattr(roots, "run", refuse)
    with pytest.raises(LabError, match="the root cannot be built: mmdebstrap: http://MIRROR/debian"):
        roots.bootstrap(tmp_path / "root", "the root", ("--mode=root",))
