"""The images that a lab was given stay what they are, whatever is built meanwhile; what killed builds left goes."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable
from pathlib import Path
from typing import NoReturn

import pytest

from lab.vms import images
from oci import config


@pytest.fixture
def builder(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Says what the next builds put into their images. As the real ones do, they put new directories in the place of old."""
    content = "first"

    def one(kind: str, cache: Path, _say: object) -> None:
        if (old := cache / kind).exists():
            old.rename(cache / f"{kind}.old.{len(list(cache.iterdir()))}")
        old.mkdir()
        (old / f"{kind}.json").write_text(content)

    def change(text: str) -> None:
        nonlocal content
        content = text

    monkeypatch.setattr(images, "_one", one)
    return change


def held(place: Path) -> set[str]:
    return {(place / kind / f"{kind}.json").read_text() for kind in images.KINDS}


def test_a_lab_keeps_its_images_when_another_checkout_builds_its_own(tmp_path: Path, builder: Callable[[str], None]) -> None:
    cache = tmp_path / "cache"
    mine = images.taken(tmp_path / "mine", print, cache)
    builder("second")
    others = images.taken(tmp_path / "others", print, cache)
    assert (held(mine), held(others), held(cache)) == ({"first"}, {"second"}, {"second"})


def test_images_are_copied_where_they_cannot_be_linked(
    tmp_path: Path, builder: Callable[[str], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_words: object) -> NoReturn:
        raise OSError(errno.EXDEV, os.strerror(errno.EXDEV))

    monkeypatch.setattr(os, "link", refuse)
    assert held(images.taken(tmp_path / "mine", print, tmp_path / "cache")) == {"first"}


def test_what_killed_builds_left_is_removed_before_the_next(tmp_path: Path, builder: Callable[[str], None]) -> None:
    for kind in images.KINDS:
        (tmp_path / f"{kind}.tmp.SKFGVq/root").mkdir(parents=True)
    images.build(print, tmp_path)
    assert not list(tmp_path.glob("*.tmp.*")) and held(tmp_path) == {"first"}


def test_an_image_of_a_role_is_built_by_the_appliances_own_command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    server, cache, work = tmp_path / "server", tmp_path / "cache", tmp_path / "work"
    module = server / "usr/share/puppet/modules.available/openstack-nova"
    module.mkdir(parents=True)
    alternative = server / "etc/alternatives/nova"
    for link, target in ((alternative, module), (server / "usr/share/puppet/modules/nova", alternative)):
        link.parent.mkdir(parents=True)
        link.symlink_to("/" / target.relative_to(server))
    monkeypatch.setattr(images.puppetroot, "build", lambda _cache: server)
    work.mkdir()
    argv, env = images._command(images.of_role("controller"), cache, work)
    assert argv[1:] == ["-m", "oci.admin", "image", "build", "root", "--role", "controller"]
    settings = config.load(env["OCI_CONFIG"])
    assert settings.path("images_dir") == cache
    assert (settings.path("puppet_modules_dir") / "nova").resolve() == module.resolve()
    assert images._command("root", cache, work)[0][1:] == ["root", str(cache / "root")]
