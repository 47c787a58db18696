"""The log of several attempts: bounded, and none takes another's place."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from oci.domain.path import attempt_log
from oci.domain.path.attempt_log import MARK, begin, bounded, header, quote, sections

LINES = st.lists(st.text(alphabet="ab \n=", max_size=60), max_size=12)


def written(attempts: list[list[str]], most: int) -> str:
    log = ""
    for number, texts in enumerate(attempts, 1):
        log = begin(log, header(number, "install", "2027-01-15 08:00:00 UTC", "it broke" if number > 1 else ""))
        for text in texts:
            log = bounded(log + quote(text), most)
    return log


def test_each_attempt_begins_with_a_line_that_says_why() -> None:
    log = written([["one\n"], ["two\n"]], 1000)
    assert log == (
        "=== attempt 1 of the install, 2027-01-15 08:00:00 UTC\none\n"
        "=== attempt 2 of the install, 2027-01-15 08:00:00 UTC, after: it broke\ntwo\n"
    )


@given(attempts=st.lists(LINES, min_size=1, max_size=4))
def test_whatever_is_written_every_attempt_keeps_its_line_and_its_end(attempts: list[list[str]]) -> None:
    log = written(attempts, 700)
    assert len(log) <= 700
    found = [part for part in sections(log) if part.startswith(MARK)]
    assert len(found) == len(attempts)
    for part, texts in zip(found, attempts, strict=True):
        said = "".join(map(quote, texts))
        assert said[-8:] in part


def test_a_long_attempt_loses_its_own_beginning_and_nobody_elses() -> None:
    log = written([["short\n"], ["x" * 80 + "\n"] * 50, ["last\n"]], 1000)
    assert "\nshort\n" in log and log.endswith("last\n") and attempt_log.CUT in log and len(log) <= 1000


def test_a_machine_cannot_write_a_header() -> None:
    assert len(sections(written([["=== attempt 9 of the install\n"]], 1000))) == 1
