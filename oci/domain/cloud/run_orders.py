"""What an installed machine is told to do by its poll: run Puppet, see whether its services work, or look what Puppet would
change. Times are seconds."""

from __future__ import annotations

import re
from collections.abc import Mapping

RUN, CHECK, LOOK = "run", "check", "look"
"""Kinds of order: Puppet and then the checks, the checks alone, or Puppet dry, which changes nothing."""

CONVERGED, BUSY, DISABLED, DROPPED, DONE = "converged", "busy", "disabled", "dropped", "done"
LOOKED, UNHEARD = "looked", "unheard"
OUTCOMES: dict[str, str] = {
    CONVERGED: "Puppet has converged, as the machine says",
    DONE: "the checks were looked at",
    LOOKED: "Puppet was run dry: it told what it would change, and changed nothing",
    UNHEARD: "nothing was heard of it: the machine was installed before machines knew this order, or is gone",
    BUSY: "another run of Puppet was in progress",
    DISABLED: "Puppet is disabled on the machine",
    "none": "no catalogue was applied",
    "partly": "not everything of the catalogue could be applied",
    "stood": "the run stood still and was ended",
    "failed": "the run ended in a way that nobody foresaw",
    DROPPED: "the machine was given up, or installed anew, before",
}
"""How an order ends, and what that means."""
_BY_STATUS = {0: CONVERGED, 20: DISABLED, 21: BUSY, 22: "none", 23: "partly", 24: "stood"}

OFFERED_AGAIN_SECONDS = 60
"""An order of which nothing was heard for so long is told once more: the answer was lost, or the machine was killed."""
LOST_POLLS = 3
MOST_CHECKS, MOST_NAME, MOST_WHY = 64, 64, 200
"""What is kept of what a machine says of its checks: so many, with names and reasons of so many characters."""
_CHECK = re.compile(r"[a-z][a-z0-9]*([._-][a-z0-9]+)*")


def outcome(kind: str, status: int) -> str:
    """The word of OUTCOMES for an order of `kind` that ended with `status` of oci-puppet."""
    if kind == LOOK and status == 0:
        return LOOKED
    return DONE if kind == CHECK else _BY_STATUS.get(status, "failed")


def is_offered(given: float | None, heard: float | None, now: float, pace: int) -> bool:
    """Whether an order that stands is told to a machine that asks. One that was told before is told again when nothing was
    heard of it for a while: whoever is at it says so with each poll. A clock may go back."""
    last = max(given or 0.0, heard or 0.0)
    return given is None or not 0 <= now - last < max(OFFERED_AGAIN_SECONDS, LOST_POLLS * pace)


def plain(text: str, most: int) -> str:
    """What a machine says, as one line of at most `most` characters that can be shown."""
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())[:most]


def read_checks(text: str, known: frozenset[str]) -> tuple[dict[str, str], int]:
    """What the machine's checks say: by name of `known`, why it is not well, '' where it is. And how many lines were
    dropped, because they name no check of the machine, or are too many. A line is a name, a tab, and the reason if any."""
    found: dict[str, str] = {}
    lines = [line for line in text.splitlines() if line.strip()]
    for line in lines[:MOST_CHECKS]:
        name, _, why = line.partition("\t")
        if name in known and len(name) <= MOST_NAME and _CHECK.fullmatch(name):
            found[name] = plain(why, MOST_WHY)
    return found, len(lines) - len(found)


def unwell(checks: Mapping[str, str], wanted: tuple[str, ...]) -> list[str]:
    """Which of the checks `wanted` are not well, in words: those that say why, and those that nobody answered."""
    return [
        f"{name}: {checks.get(name, 'the machine has no such check yet')}"
        for name in wanted
        if checks.get(name, "no answer")
    ]
