"""Each fake of the outside world has a side that is broken, and some test of a use case meets it."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from sources import ROOT, report, tree


def _broken_sides() -> Iterator[str]:
    """What each fake has to be broken with: a class that is broken by itself, or a field that breaks one."""
    for node in tree(ROOT / "oci/adapters/fake.py").body:
        if isinstance(node, ast.ClassDef):
            if node.name.startswith(("Broken", "Faulty")):
                yield node.name
            yield from (
                item.target.id
                for item in node.body
                if isinstance(item, ast.AnnAssign)
                and isinstance(item.target, ast.Name)
                and item.target.id in ("broken", "built", "faults")
            )


def test_every_fakes_broken_side_is_used_by_a_test() -> None:
    written = "".join(path.read_text() for path in (ROOT / "tests" / "service").glob("*.py"))
    sides = set(_broken_sides())
    assert {"BrokenPower", "FaultyPower", "broken", "built", "faults"} <= sides
    report([f"no service test uses {side} of oci/adapters/fake.py" for side in sorted(sides) if side not in written])
