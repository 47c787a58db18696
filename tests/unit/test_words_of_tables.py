"""A name of a state, a work, a phase or a level is written in its table; elsewhere it is a column or a constant of that.

Also every kind of event.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from sources import ROOT, SOURCES, name_of, report, tree

from oci.domain.activity.events import EVENTS
from oci.domain.levels import LEVELS
from oci.domain.machines.lifecycle import STATES
from oci.domain.path.phases import PHASES
from oci.domain.path.works import WORKS

WORDS: dict[str, set[str]] = {"state": set(STATES), "kind": set(WORKS), "phase": set(PHASES), "level": set(LEVELS)}
TABLES = {f"oci/domain/{path}.py" for path in ("machines/lifecycle", "path/works", "path/phases", "levels")}
# Words that mean something else as well, and what. These are looked for where they are compared with, or given to,
# something that is called like the table; all others are looked for everywhere.
COMMON = {
    "failed": "how a job, a work or a Puppet run ends; a member of x-watch; the name of an error",
    "machine": "a noun: a table, a tag, the subject of a job, who acts in history",
    "admin": "the first user of a cloud, and its project",
    "nobody": "a noun: no holder of an address",
    "live": "a presence, an image, the use of a range, a boot script",
    "network": "a noun: a table, a tag, a tab",
    "puppet": "a noun: a process, a check, a tab, who acts in history",
    "kernel": "a probe",
    "image": "a command of oci-admin",
    "check": "a command of oci-admin, a function",
    "partition": "a noun that is counted",
    "install": "a verb of people; when a setting takes effect",
    "firstboot": "a folder of programs",
}
# Where a common word stands beside such a name and is of another table.
OF_ANOTHER_TABLE = {
    ("oci/records/machines/power_orders.py", "failed"): "the state of a job",
    ("oci/services/activity/jobs.py", "failed"): "the state of a job",
}


def _is_declared(path: Path) -> set[ast.AST]:
    """The levels that use cases declare: a use case is where it is said who may do it."""
    return {
        call.args[1]
        for call in ast.walk(tree(path))
        if isinstance(call, ast.Call) and ast.unparse(call.func) == "usecase" and len(call.args) > 1
    }


def _texts(path: Path) -> Iterator[tuple[int, str]]:
    declared = _is_declared(path)
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and node not in declared:
            yield node.lineno, node.value


def _last(node: ast.AST) -> str:
    return node.attr if isinstance(node, ast.Attribute) else node.id if isinstance(node, ast.Name) else ""


def _beside(path: Path) -> Iterator[tuple[int, str, str]]:
    """Line, name and text wherever a text is compared with, or given to, something of that name."""
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.Compare):
            sides = [node.left, *node.comparators]
        elif isinstance(node, ast.Assign):
            sides = [*node.targets, node.value]
        elif isinstance(node, ast.keyword):
            sides = [ast.Name(node.arg or ""), node.value]
        else:
            continue
        sides = [
            part for side in sides for part in (side.elts if isinstance(side, ast.Tuple | ast.List | ast.Set) else [side])
        ]
        texts = [part.value for part in sides if isinstance(part, ast.Constant) and isinstance(part.value, str)]
        for name in {_last(part) for part in sides} - {""}:
            for text in texts:
                yield getattr(node, "lineno", 0) or node.value.lineno, name, text  # type: ignore[attr-defined]


def test_a_word_of_a_table_is_written_nowhere_else() -> None:
    words = set().union(*WORDS.values()) - set(COMMON)
    assert len(words) > 20
    found = [
        f"{name_of(path)}:{line}: {text!r}: use the constant or a column of its table"
        for path in SOURCES
        if name_of(path) not in TABLES
        for line, text in _texts(path)
        if text in words
    ]
    for page in sorted((ROOT / "webui/templates").rglob("*.html")):
        found += [
            f"{name_of(page)}: {text!r}: let the view pass what the page asks for"
            for text in re.findall(r"""(?<==\s)'(\w+)'|'(\w+)'(?= in )""", page.read_text())
            if set(text) & words
        ]
    report(found)


def test_a_common_word_is_not_compared_with_what_is_called_like_the_table() -> None:
    seen = {(name_of(path), line, name, text) for path in SOURCES for line, name, text in _beside(path)}
    assert len(seen) > 100
    report(
        [
            f"{path}:{line}: {name} and {text!r}: use the constant or a column of its table"
            for path, line, name, text in sorted(seen)
            if text in WORDS.get(name, ()) and path not in TABLES and (path, text) not in OF_ANOTHER_TABLE
        ]
    )


def test_no_word_is_excused_that_is_not_there() -> None:
    written = {text for path in SOURCES if name_of(path) not in TABLES for _, text in _texts(path)}
    assert set(COMMON) <= written & set().union(*WORDS.values())
    assert {pair for pair in OF_ANOTHER_TABLE if pair[1] not in (ROOT / pair[0]).read_text()} == set()


def test_every_recorded_kind_of_event_is_in_the_table_and_every_one_there_is_recorded() -> None:
    names = {
        call.args[0]
        for path in SOURCES
        for call in ast.walk(tree(path))
        if isinstance(call, ast.Call) and ast.unparse(call.func) == "usecase"
    }
    recorded = {
        node.value
        for path in SOURCES
        if path.name != "events.py" or "domain" not in path.parts
        for node in ast.walk(tree(path))
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and node not in names
    }
    assert set(EVENTS) <= recorded, f"nothing records {sorted(set(EVENTS) - recorded)}"
