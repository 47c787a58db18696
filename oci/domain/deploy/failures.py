"""Why a step of a deployment failed: transient, by configuration, by hardware, or by a fault of this product.

A verdict rests on one line of what the machine said, and on the rule that knows it. What no rule knows is told as that.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice

from oci.domain.deploy.causes import RULES
from oci.domain.deploy.failure_rule import KINDS, SOURCES, TRANSIENT, UNKNOWN, Rule

__all__ = ["KINDS", "SOURCES", "Evidence", "Verdict", "judge", "known", "printable", "retried"]

LINES, LINE_CHARS = 40, 300
"""What is kept of a log: so many of its last lines, and characters of each."""
LOOKED_AT, PARTS = 1000, 160
"""Characters of a line that rules are asked about, and lines in all, should one of the log hold several."""
PAGE = "docs/reference/failures.md"
_ADVICE = "Read the log from its end, and the timeline of the machine. Order the step again once the reason is found."


@dataclass(frozen=True)
class Evidence:
    """What is known of a failure. `source` is a word of SOURCES, `words` the outcome in one line, `log` the last lines
    of what the machine logged, oldest first."""

    source: str
    words: str
    log: tuple[str, ...] = ()


@dataclass(frozen=True)
class Verdict:
    """Why a step failed. `kind` is a word of KINDS, `rule` the rule that knew it ('' when none did), `line` what it was
    known by, `advice` what to do, and `page` where that is explained."""

    kind: str
    rule: str
    line: str
    advice: str
    page: str


def printable(text: str, most: int) -> str:
    """`text` as one line of at most `most` characters that can be shown."""
    cut = text[: 4 * most]
    return " ".join("".join(c if c.isprintable() else " " for c in cut).split())[:most]


def known(source: str, line: str) -> Rule | None:
    """The first rule that knows `line` of `source`; None when none does."""
    return next((rule for rule in RULES if source in rule.sources and rule.pattern.search(line)), None)


def _lines(texts: Iterable[str]) -> Iterator[str]:
    """What is looked at of `texts`, each cut to what a rule may read."""
    for text in texts:
        yield from (part for part in text[:LOOKED_AT].splitlines() if part.strip())


def _known(source: str, texts: Iterable[str]) -> list[tuple[Rule, str]]:
    """The rules that know a line of `texts`, and those lines, in their order."""
    lines = islice(_lines(texts), PARTS)
    return [(rule, line) for line in lines if (rule := known(source, line))]


def judge(evidence: Evidence) -> Verdict:
    """The verdict on a failure, the same for the same evidence. Takes any text and raises nothing.

    Of the lines that rules know the deepest wins (`failure_rule.DEPTHS`), and among equals the first, the outcome before the
    log: a database that cannot be reached is a consequence where a disk is full. Where the log has the winner's line too,
    that is shown.
    """
    logged = _known(evidence.source, evidence.log[-LINES:])
    found = _known(evidence.source, (evidence.words,)) + logged
    if not found:
        return Verdict(UNKNOWN, "", printable(_last_words(evidence), LINE_CHARS), _ADVICE, f"{PAGE}#{UNKNOWN}")
    rule, line = min(found, key=lambda one: one[0].depth)
    line = next((told for one, told in logged if one is rule), line)
    return Verdict(rule.kind, rule.name, printable(line, LINE_CHARS), rule.advice, f"{PAGE}#{rule.name}")


def _last_words(evidence: Evidence) -> str:
    return evidence.words or next((line for line in reversed(evidence.log[-LINES:]) if line.strip()), "")


def retried(verdict: Verdict) -> bool:
    """Whether the step is worth another try by itself."""
    return verdict.kind == TRANSIENT
