"""The difference of two documents: whoever has one of them and the difference has the other."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as some

from oci.domain.deploy import revisions
from oci.domain.deploy.revisions import ADDED, REMOVED, body, difference, extent, moved

LINES = some.lists(some.sampled_from(["a", "b", " c", "- d", "+e", "-", "", "@@", "--- x", "+++ y", "é\u2028"]), max_size=30)
HEAD = re.compile(r"@@ -(\d+)(?:,(\d+))? \+(\d+)(?:,(\d+))? @@")


def document(lines: list[str]) -> str:
    return "".join(f"{line}\n" for line in lines)


def patched(old: str, lines: tuple[str, ...]) -> str:
    """`old` as patch(1) makes it another by a unified difference; what it finds otherwise than told is an error."""
    source = old.split("\n")[:-1]
    made: list[str] = []
    at = 0
    for line in body(lines):
        if head := HEAD.fullmatch(line):
            start = int(head[1]) - (1 if head[2] != "0" else 0)
            assert start >= at
            made += source[at:start]
            at = start
        elif line[0] == ADDED:
            made.append(line[1:])
        else:
            assert source[at] == line[1:]
            made += [] if line[0] == REMOVED else [source[at]]
            at += 1
    return document(made + source[at:])


@given(LINES, LINES)
def test_the_difference_makes_one_of_the_other(before: list[str], after: list[str]) -> None:
    old, new = document(before), document(after)
    lines = difference(old, new)
    assert (lines == ()) == (old == new)
    # A line that looks like a head of a place is one only with a mark before it.
    assert patched(old, lines) == new


@given(LINES, LINES)
def test_what_is_too_much_is_told_as_a_whole_and_is_right_all_the_same(before: list[str], after: list[str]) -> None:
    old, new = document(before), document(after)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(revisions, "MOST_LINES", 0)
        lines = difference(old, new)
    if before != after:
        assert patched(old, lines) == new
        assert len(moved(lines)) == len(before) + len(after)


@given(LINES, LINES)
def test_there_and_back_is_the_same_much(before: list[str], after: list[str]) -> None:
    there, back = (difference(document(one), document(other)) for one, other in ((before, after), (after, before)))
    marks = [line[0] for line in moved(there)]
    assert marks.count(ADDED) - marks.count(REMOVED) == len(after) - len(before)
    assert (extent(there) == "") == (extent(back) == "") == (before == after)


def test_heads_name_both() -> None:
    assert difference("a\n", "b\n", "revision 1", "revision 2") == (
        *("--- revision 1", "+++ revision 2", "@@ -1 +1 @@", "-a", "+b"),
    )
    assert extent(difference("a\nb\n", "b\nc\nd\n")) == "2 lines added, 1 line removed"


def test_two_large_documents_are_compared_in_a_moment() -> None:
    """Four thousand members, as they are exported, of which some have another name."""
    members = "".join(
        f"    - machine: 52:54:00:{n}\n      hostname: compute{n}\n      addresses:\n        prov: 10.0.{n}\n"
        for n in range(4000)
    )
    lines = difference(members, members.replace("hostname: compute39", "hostname: c39"))
    assert len(moved(lines)) == 2 * 111
