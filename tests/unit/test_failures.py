"""Why a step failed: every rule knows its own lines first, causes win over consequences, and no text breaks it."""

from __future__ import annotations

import re
from re import _constants as constants  # type: ignore[attr-defined]
from re import _parser as parser  # type: ignore[attr-defined]
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from oci.domain.deploy import failures
from oci.domain.deploy.causes import RULES
from oci.domain.deploy.failure_rule import CAUSE, DEPTHS, ECHO, KINDS, ROOT, SOURCES, SYMPTOM, Rule
from oci.domain.deploy.failures import Evidence, judge, known

BY_NAME = {rule.name: rule for rule in RULES}
EXAMPLES = [(rule, source, line) for rule in RULES for line in rule.examples for source in rule.sources]


def test_rules_are_whole() -> None:
    assert len(BY_NAME) == len(RULES) > 100
    for rule in RULES:
        assert re.fullmatch(r"[a-z]+(-[a-z]+)+", rule.name) and rule.name not in KINDS, rule.name
        assert rule.kind in KINDS and rule.depth in DEPTHS and set(rule.sources) <= set(SOURCES), rule.name
        assert rule.examples and rule.meaning.endswith(".") and rule.advice.endswith("."), rule.name
        assert len(rule.advice) <= 300, rule.name
        assert rule.depth != ECHO or rule.kind == "unknown", "what only says that something failed says nothing of why"


@pytest.mark.parametrize(("rule", "source", "line"), EXAMPLES, ids=[f"{r.name}-{s}" for r, s, _l in EXAMPLES])
def test_each_rule_is_the_first_that_knows_its_own_lines(rule: Rule, source: str, line: str) -> None:
    found = known(source, line)
    assert found is not None and found.name == rule.name
    for evidence in (Evidence(source, line), Evidence(source, "it failed", (line,))):
        verdict = judge(evidence)
        assert (verdict.rule, verdict.kind, verdict.advice) == (rule.name, rule.kind, rule.advice)
        assert verdict.line and verdict.page == f"docs/reference/failures.md#{rule.name}"


def repeats(tree: Any) -> int:
    """How many repetitions with no small bound follow each other at most in a pattern; 99 where one stands in another."""
    total = 0
    for operation, told in tree:
        if operation in (constants.MAX_REPEAT, constants.MIN_REPEAT):
            inside, many = repeats(told[2]), told[1] > 10
            total += 99 if many and inside else int(many) + inside
        elif operation is constants.SUBPATTERN:
            total += repeats(told[3])
        elif operation is constants.BRANCH:
            total += max(map(repeats, told[1]))
    return total


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.name)
def test_no_pattern_can_backtrack_for_ever(rule: Rule) -> None:
    """The steps of a search are bounded by a small power of the length of a line, which is bounded itself."""
    assert repeats(parser.parse(rule.pattern.pattern)) <= 2


def test_a_pattern_that_could_is_found() -> None:
    assert repeats(parser.parse("(a+)+b")) >= 99 and repeats(parser.parse("a*(b|c+)d{1,300}")) == 3


CAUSES = (
    (
        "puppet",
        "not everything could be applied: Error: Could not connect to MySQL on 10.77.0.11",
        (
            "Error: Could not connect to MySQL on 10.77.0.11",
            "mariadbd: Error writing file (Errcode: 28 No space left on device)",
        ),
        "disk-full",
    ),
    (
        "puppet",
        "",
        ("Error: No space left on device @ io_write - /a", "Can't connect to MySQL server on '10.77.0.11'"),
        "disk-full",
    ),
    (
        "install",
        "Making file systems: mkfs.ext4 ended with status 1: mkfs.ext4: Input/output error while writing; tried 3 times",
        (),
        "disk-error",
    ),
    (
        "puppet",
        "failed: Exec[nova-db-sync] ('nova-manage db sync' returned 1 instead of one of [0])",
        (
            "(pymysql.err.OperationalError) (1213, 'Deadlock found when trying to get lock')",
            "'nova-manage db sync' returned 1 instead of one of [0]",
            "File[/etc/nova/a]: Skipping because of failed dependencies",
        ),
        "database-deadlock",
    ),
    (
        "puppet",
        "failed: Service[mariadb]",
        (
            "Systemd start for mariadb failed!",
            "[ERROR] WSREP: It may not be safe to bootstrap the cluster from this node.",
            "Can't connect to local server through socket '/run/mysqld/mysqld.sock' (2)",
        ),
        "galera-unsafe",
    ),
    ("puppet", "", ("E: Unable to locate package a", "E: Could not get lock /var/lib/dpkg/lock"), "package-unknown"),
    (
        "puppet",
        "no catalogue was applied (status 1): Error: Could not retrieve catalog from remote server: Error 500 on SERVER",
        ("the classification was refused: n1 has no address on the network of its cluster",),
        "classification-refused",
    ),
)


@pytest.mark.parametrize(("source", "words", "log", "rule"), CAUSES)
def test_the_deepest_line_wins_and_among_equals_the_first(source: str, words: str, log: tuple[str, ...], rule: str) -> None:
    assert judge(Evidence(source, words, log)).rule == rule


def test_the_order_of_depths_is_that_of_the_table() -> None:
    assert list(DEPTHS) == [ROOT, CAUSE, SYMPTOM, ECHO] == sorted(DEPTHS)
    depths = {BY_NAME[name].depth for name in ("disk-full", "database-denied", "database-away", "command-failed")}
    assert depths == set(DEPTHS)


def test_what_no_rule_knows_is_told_as_that_and_never_tried_again() -> None:
    verdict = judge(Evidence("puppet", "it went wrong in a new way", ("one line", "another line")))
    assert (verdict.kind, verdict.rule, verdict.line) == ("unknown", "", "it went wrong in a new way")
    assert verdict.page.endswith("#unknown") and verdict.advice and not failures.retried(verdict)
    assert judge(Evidence("install", "", ("a", "the last line", "  "))).line == "the last line"
    assert judge(Evidence("install", "")).line == ""
    assert judge(Evidence("nobody", "No space left on device")).rule == "", "a source that is none has no rules"


@pytest.mark.parametrize("kind", KINDS)
def test_only_what_is_transient_is_tried_again(kind: str) -> None:
    assert failures.retried(failures.Verdict(kind, "", "", "", "")) is (kind == "transient")


def test_only_the_last_lines_are_looked_at_and_a_line_is_cut() -> None:
    full = "No space left on device"
    assert judge(Evidence("puppet", "", (full, *("all is well",) * failures.LINES))).rule == ""
    assert judge(Evidence("puppet", "x" * failures.LOOKED_AT + full)).rule == ""
    long = judge(Evidence("puppet", f"{full}\x1b[31m\x00 " + "y" * 5000))
    assert long.rule == "disk-full" and len(long.line) == failures.LINE_CHARS and long.line.isprintable()


def test_a_line_of_several_is_read_line_by_line() -> None:
    said = "Execution of '/usr/bin/apt-get install a' returned 100: Reading package lists...\nE: Unable to locate package a"
    verdict = judge(Evidence("puppet", said))
    assert (verdict.rule, verdict.line) == ("package-unknown", "E: Unable to locate package a")


PARTS = [part for rule in RULES for line in rule.examples for part in re.split(r"(?<=\W)", line)]
hostile = st.one_of(
    st.text(max_size=300),
    st.binary(max_size=300).map(lambda data: data.decode("utf-8", "surrogateescape")),
    st.lists(st.sampled_from(PARTS), max_size=200).map("".join),
    st.tuples(st.sampled_from(PARTS), st.integers(1, 20000)).map(lambda told: told[0] * told[1]) if PARTS else st.just(""),
)


@given(st.sampled_from([*SOURCES, "", "other"]), hostile, st.lists(hostile, max_size=60).map(tuple))
def test_any_text_is_judged_alike_each_time_and_told_as_one_line(source: str, words: str, log: tuple[str, ...]) -> None:
    verdict = judge(Evidence(source, words, log))
    assert verdict == judge(Evidence(source, words, log))
    assert verdict.kind in KINDS and (verdict.rule in BY_NAME or verdict.kind == "unknown")
    assert len(verdict.line) <= failures.LINE_CHARS and verdict.line.isprintable()


@given(st.lists(st.sampled_from([line for _r, _s, line in EXAMPLES]), max_size=8), st.sampled_from(list(SOURCES)))
def test_the_winner_is_never_less_deep_than_any_other_line(lines: list[str], source: str) -> None:
    depths = [rule.depth for line in lines if (rule := known(source, line))]
    verdict = judge(Evidence(source, "", tuple(lines)))
    assert (BY_NAME[verdict.rule].depth if verdict.rule else None) == (min(depths) if depths else None)
