"""Revisions of a cluster's declaration: of which kinds they are, how many are kept, and how two documents differ."""

from __future__ import annotations

import difflib
from collections import Counter
from collections.abc import Sequence

from oci.domain.quantities import counted

APPLIED, BY_VERBS = "applied", "by verbs"
KINDS = {
    APPLIED: "a document was applied",
    BY_VERBS: "what other verbs had changed by the time when the next document was applied",
}
"""Kinds of a revision, and what each is."""

KEPT = 500
"""Revisions of a cluster that are kept; the oldest go first."""

MOST_CHANGES = 1000
"""Changes of a revision that are kept in words."""

MOST_LINES, MOST_PAIRS = 100_000, 2_000_000
"""Lines, and pairs of equal lines, that two documents may have to be compared line by line. What has more is told as a
whole: the time that `difflib` takes grows with both."""

CONTEXT = 3
"""Lines that are told around each place that differs."""

REMOVED, ADDED, PLACE = "-", "+", "@"
"""What a line of a difference begins with: it was there, it is there now, it says where the next ones are."""


def _lines(document: str) -> list[str]:
    return document.removesuffix("\n").split("\n") if document else []


def _is_much(before: Sequence[str], after: Sequence[str]) -> bool:
    if len(before) + len(after) > MOST_LINES:
        return True
    # difflib itself passes over lines that are in every hundredth place of a long text.
    most = len(after) if len(after) < 200 else len(after) // 100 + 1
    times = {line: number for line, number in Counter(after).items() if number <= most}
    return sum(times.get(line, 0) for line in before) > MOST_PAIRS


def difference(before: str, after: str, was: str = "before", now: str = "after") -> tuple[str, ...]:
    """How two documents differ, as the lines of a unified difference whose heads name them `was` and `now`; nothing where
    they are the same. A document is empty or ends with a line feed.

    Source of the format: POSIX.1-2024, diff, "Diff -u or -U Output Format".
    """
    old, new = _lines(before), _lines(after)
    if old == new:
        return ()
    if _is_much(old, new):
        heads = (f"--- {was}", f"+++ {now}", f"@@ -{min(1, len(old))},{len(old)} +{min(1, len(new))},{len(new)} @@")
        return (*heads, *(f"{REMOVED}{line}" for line in old), *(f"{ADDED}{line}" for line in new))
    return tuple(difflib.unified_diff(old, new, was, now, lineterm="", n=CONTEXT))


def body(lines: Sequence[str]) -> Sequence[str]:
    """A difference without its two heads."""
    return lines[2:]


def moved(lines: Sequence[str]) -> tuple[str, ...]:
    """The lines of a difference that were added or removed, with the mark of each."""
    return tuple(line for line in body(lines) if line[:1] in (REMOVED, ADDED))


def extent(lines: Sequence[str]) -> str:
    """How much a difference is, in words; empty for none."""
    marks = Counter(line[0] for line in moved(lines))
    told = [(marks[ADDED], "added"), (marks[REMOVED], "removed")]
    return ", ".join(f"{counted(number, 'line')} {what}" for number, what in told if number)
