"""The documentation is part of the suite: fresh, complete, with links and tests that exist."""

from __future__ import annotations

import json
import re
import shlex
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from docs import generate
from oci.client.cli import BY_HAND
from oci.client.engine.command import Command, commands
from oci.config import SETTINGS
from oci.domain.activity.events import EVENTS
from oci.domain.cluster.settings import SETTINGS as NARROWER
from oci.domain.deploy.causes import RULES
from oci.domain.deploy.failure_rule import KINDS
from oci.domain.machines.lifecycle import STATES
from oci.domain.path.phases import PHASES
from oci.domain.path.works import WORKS
from oci.domain.promise.layouts import LAYOUTS
from oci.render.puppet.profiles import PROFILES

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"
REFERENCE = DOCS / "reference"
TOP = ("README.md", "ARCHITECTURE.md", "CONTRIBUTING.md")
PAGES = [ROOT / name for name in TOP] + sorted(DOCS.rglob("*.md"))
# Words that promise, beg or blame; and marks of a page that is not finished.
FORBIDDEN = re.compile(
    r"\b(oops|please|simply|obviously|easy|easily|awesome|blazing|seamless\w*|leverage\w*|whitelist|blacklist|"
    r"TODO|FIXME|XXX|TBD)\b|/(?:work|home)/|!(?=\s|$)",
    re.IGNORECASE | re.MULTILINE,
)
TEST = re.compile(r"`(tests/[\w./-]+\.(?:py|bats))::([^`]+)`")
A_FACT = "none: a fact"


def name_of(path: Path) -> str:
    return str(path.relative_to(ROOT))


def prose(path: Path) -> str:
    """The page without its code."""
    return re.sub(r"`[^`\n]+`", "", re.sub(r"```.*?```", "", path.read_text(), flags=re.DOTALL))


def test_generated_pages_are_fresh() -> None:
    assert not generate.stale(), "run `make docs`"


def test_the_check_says_which_page_is_stale(monkeypatch, capsys, tmp_path: Path) -> None:
    monkeypatch.setattr(generate, "REFERENCE", tmp_path)
    monkeypatch.setattr(generate, "UNITS", tmp_path / "units")
    (tmp_path / "units").mkdir()
    assert generate.main(["--check"]) == 1
    said = capsys.readouterr().err
    assert "docs/reference/states.md is stale; run `make docs`" in said
    assert "debian/systemd/oci-worker.service is stale; run `make docs`" in said
    assert generate.main([]) == 0 and generate.main(["--check"]) == 0
    assert generate.main(["--chekc"]) == 2


@pytest.mark.parametrize(
    ("page", "names"),
    [
        ("states", list(STATES)),
        ("settings", [setting.name for setting in SETTINGS]),
        ("cluster-settings", list(NARROWER)),
        ("events", list(EVENTS)),
        ("failures", [*KINDS, *(rule.name for rule in RULES)]),
        ("phases", list(PHASES)),
        ("works", list(WORKS)),
        ("layouts", list(LAYOUTS)),
        ("roles", [path.stem for path in (ROOT / "oci/roles").glob("*.yaml")]),
        ("profiles", list(PROFILES)),
        ("probes", [path.name for path in (ROOT / "discovery/probes").iterdir()]),
    ],
)
def test_every_one_is_documented(page: str, names: list[str]) -> None:
    text = (REFERENCE / f"{page}.md").read_text()
    missing = [name for name in names if f"`{name}`" not in text and f"## {name}\n" not in text]
    assert names and not missing


def test_every_state_is_in_the_diagram() -> None:
    arrows = generate.diagram()
    for state in STATES:
        assert f"--> {state}:" in arrows and f"    {state} -->" in arrows


def anchors(path: Path) -> set[str]:
    heads = re.findall(r"^#+ (.+)$", path.read_text(), flags=re.MULTILINE)
    return {re.sub(r"[^\w -]", "", head.lower()).replace(" ", "-") for head in heads}


@pytest.mark.parametrize("path", PAGES, ids=name_of)
def test_links_resolve(path: Path) -> None:
    for target in re.findall(r"\]\(([^)\s]+)\)", prose(path)):
        if re.match(r"[a-z]+:", target):
            continue
        file, _, anchor = target.partition("#")
        found = (path.parent / file) if file else path
        assert found.exists(), f"{name_of(path)} links to {target}"
        assert not anchor or anchor in anchors(found), f"{name_of(path)} links to {target}"


@pytest.mark.parametrize("path", PAGES, ids=name_of)
def test_no_forbidden_word(path: Path) -> None:
    found = FORBIDDEN.search(prose(path))
    assert found is None, f"{name_of(path)}: {found and found.group()!r}"


@pytest.mark.parametrize("path", [p for p in PAGES if TEST.search(p.read_text())], ids=name_of)
def test_every_named_test_exists(path: Path) -> None:
    for file, name in TEST.findall(path.read_text()):
        source = ROOT / file
        assert source.exists(), f"{name_of(path)} names {file}"
        wanted = f'@test "{name}"' if source.suffix == ".bats" else f"def {name}("
        assert wanted in source.read_text(), f"{name_of(path)} names {file}::{name}"


def test_every_line_of_the_threat_model_names_a_test_or_says_that_there_is_none() -> None:
    rows = [line for line in (REFERENCE / "threat-model.md").read_text().splitlines() if line.startswith("| ")]
    rows = [row for row in rows if not row.startswith(("| it |", "| whose |", "|---"))]
    assert len(rows) > 40
    for row in rows:
        last = row.rstrip("| ").rsplit(" | ", 1)[-1]
        assert TEST.fullmatch(last) or last == A_FACT, row


def test_every_decision_says_its_status_on_top_and_is_numbered_without_a_gap() -> None:
    found = sorted((DOCS / "adr").glob("*.md"))
    assert [path.name[:4] for path in found] == [f"{n:04}" for n in range(1, len(found) + 1)]
    for path in found:
        lines = path.read_text().splitlines()
        assert re.match(rf"# {path.name[:4]}: \S", lines[0]), path.name
        assert re.fullmatch(r"Status: (proposed|accepted|superseded by \d{4})", lines[2]), path.name
        assert len(lines) < 80, f"{path.name} is longer than a page"


def ocicli_lines() -> Iterator[tuple[str, str]]:
    """Every call of ocicli in the pages: in code blocks, and in backquotes."""
    for path in PAGES:
        text = path.read_text()
        for line in re.findall(r"^\s*\$? ?(ocicli [^\n#]*)", text, flags=re.MULTILINE):
            yield name_of(path), line
        for line in re.findall(r"`(ocicli [^`\n]+)`", text):
            yield name_of(path), line


def known_commands() -> dict[tuple[str, str], Command]:
    return commands(json.loads(generate.OPENAPI.read_text()))


def test_every_line_of_ocicli_names_a_command_and_its_options() -> None:
    known = known_commands()
    seen = 0
    for page, line in ocicli_lines():
        words = shlex.split(line)[1:]
        pair = (words[0], words[1] if len(words) > 1 else "")
        if not words[0].islower() or pair in BY_HAND or (words[0], "") in BY_HAND:
            continue
        command = known.get(pair) or known.get((words[0], ""))
        assert command, f"{page}: {line}"
        flags = {option.flag for option in command.options} | {"--wait", "--yes", "--help"}
        used = {word.split("=")[0] for word in words if word.startswith("--")}
        assert used <= flags, f"{page}: {line}: {sorted(used - flags)}"
        seen += 1
    assert seen > 20


def test_every_make_target_that_is_named_exists() -> None:
    targets = set(re.findall(r"^([a-z][a-z-]*):", (ROOT / "Makefile").read_text(), flags=re.MULTILINE))
    for path in PAGES:
        for words in re.findall(r"`make ([a-z -]+)`", path.read_text()):
            assert set(words.split()) <= targets, f"{name_of(path)}: make {words}"


def test_every_path_of_the_checkout_that_is_named_exists() -> None:
    tops = "oci|webui|discovery|puppet|lab|migrations|tests|docs|debian"
    for path in PAGES:
        for named in re.findall(rf"`((?:{tops})/[\w./-]*)`", path.read_text()):
            if "NAME" not in named:
                assert (ROOT / named).exists(), f"{name_of(path)} names {named}"


def test_the_licence_is_the_one_that_is_declared() -> None:
    assert "Apache License" in (ROOT / "LICENSE").read_text()[:200]
    assert "license = Apache-2.0" in (ROOT / "setup.cfg").read_text()


def test_nothing_secret_or_local_is_in_the_pages() -> None:
    for path in PAGES:
        text = path.read_text()
        assert not re.search(r"BEGIN [A-Z ]*PRIVATE KEY|/var/tmp/", text), name_of(path)


def test_the_generator_runs_as_a_program() -> None:
    import sys

    done = subprocess.run(
        [sys.executable, "-m", "docs.generate", "--check"],
        cwd=ROOT,
        capture_output=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr.decode()
