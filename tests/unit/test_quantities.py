"""How many and how long, in words; and that nobody writes them by hand where a person reads."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from oci.domain.machines.power import ORDERS, STAGES
from oci.domain.quantities import SPANS, counted, span
from oci.records.machines.power_orders import say

ROOT = Path(__file__).resolve().parents[2]
UNITS = {symbol: size for size, symbol in SPANS}
# What is counted, and units of time, behind a number that was put into a text.
PLURALS = (
    "s|secs?|seconds|min|minutes|hours|days|times|NICs|disks|slots|cores|cards|network cards|machines|partitions|loaders|"
    "boot loaders|networks|clusters|roles|people|persons|lines|events|jobs|addresses|tokens|checks|files"
)
BY_HAND = re.compile(rf"^ (?:{PLURALS})\b(?!')")
# Names that are always many, or the unit of a limit that is told to a program.
ALLOWED = {
    "oci/domain/hardware/cards/ip.py": "more than MAX_NICS, a constant of many",
}


@pytest.mark.parametrize(
    ("number", "words"), [(0, "0 disks"), (1, "1 disk"), (2, "2 disks"), (24, "24 disks"), (-1, "-1 disks")]
)
def test_how_many(number: int, words: str) -> None:
    assert counted(number, "disk") == words


def test_how_many_of_what_needs_no_s() -> None:
    assert [counted(n, "person", "people") for n in (0, 1, 2)] == ["0 people", "1 person", "2 people"]


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0, "0 s"),
        (0.04, "0 s"),
        (0.4, "0.4 s"),
        (1, "1 s"),
        (59.9, "59 s"),
        (60, "1 min"),
        (125, "2 min 5 s"),
        (3477, "57 min 57 s"),
        (3600, "1 h"),
        (3605, "1 h"),
        (90_000, "1 d 1 h"),
        (86_400 + 59, "1 d"),
        (-125, "2 min 5 s"),
    ],
)
def test_how_long(seconds: float, words: str) -> None:
    assert span(seconds) == words


def test_how_long_roughly() -> None:
    assert [span(s, 1) for s in (59, 3477, 90_000)] == ["59 s", "57 min", "1 d"]


@given(st.integers(1, 10**9), st.integers(1, 4))
def test_a_span_is_read_back_to_within_its_last_unit(seconds: int, units: int) -> None:
    words = span(seconds, units).split()
    back = sum(int(n) * UNITS[unit] for n, unit in zip(words[::2], words[1::2], strict=True))
    sizes = [size for size, _ in SPANS]
    first = next(i for i, size in enumerate(sizes) if seconds >= size)
    assert 0 <= seconds - back < sizes[min(first + units, len(sizes)) - 1]
    assert len(words) <= 2 * units


def by_hand(path: Path) -> list[str]:
    """Texts of a module in which a number is followed by a plural or a unit."""
    found = []
    for node in ast.walk(ast.parse(path.read_text())):
        if not isinstance(node, ast.JoinedStr):
            continue
        for value, after in zip(node.values, node.values[1:], strict=False):
            if isinstance(value, ast.FormattedValue) and isinstance(after, ast.Constant) and BY_HAND.match(str(after.value)):
                found.append(f"{path.relative_to(ROOT)}:{node.lineno}: {ast.unparse(node)[:100]}")
    return found


def test_no_text_counts_or_measures_by_hand() -> None:
    paths = sorted(p for top in ("oci", "webui") for p in (ROOT / top).rglob("*.py"))
    found = [
        line
        for path in paths
        if str(path.relative_to(ROOT)) not in (*ALLOWED, "oci/domain/quantities.py")
        for line in by_hand(path)
    ]
    assert not found, "use counted() and span() of oci/domain/quantities.py"
    assert all(by_hand(ROOT / name) for name in ALLOWED), "an exception that is none any more"


def test_no_page_counts_or_measures_by_hand() -> None:
    pattern = re.compile(rf"(?<!binary )(?<!decimal )\}}\}} (?:{PLURALS})\b|\}}\}}[a-z ]*\{{\{{ 's' if ")
    found = [
        f"{path.name}: {match[0]}"
        for path in (ROOT / "webui" / "templates").rglob("*.html")
        for match in pattern.finditer(path.read_text())
    ]
    assert not found, "use the filters counted and span"


def test_what_is_looked_for_would_be_found(tmp_path) -> None:
    for bad in ('f"{n} NICs"', 'f"silent for {int(x)} s in phase"', 'f"{len(a)} slots, {b}"'):
        assert any(
            isinstance(after, ast.Constant) and BY_HAND.match(str(after.value))
            for node in ast.walk(ast.parse(bad))
            if isinstance(node, ast.JoinedStr)
            for after in node.values
        ), bad


@pytest.mark.parametrize("verb", sorted({*STAGES, *ORDERS}))
def test_power_is_told_after_an_order_and_not_after_a_state(verb: str) -> None:
    """'power is on after on' says nothing: an order is told in words, and with who gave it."""
    words = say({"verb": verb, "by": "vera"})
    assert words.endswith(", ordered by vera") and words.partition(",")[0] not in ("on", "off", "unknown")
