"""What to do next about an ordered power verb, from what was ordered before and what the controller shows.

A controller may show a new state long after it took the order. So an order that was taken is waited for, and
whoever carries on with a verb goes on where it stopped: no order undoes one that is still on its way.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields, replace
from typing import Any

STAGES: dict[str, tuple[str, ...]] = {
    "on": ("on",),
    "off": ("off",),
    "cycle": ("off", "on"),
    "netboot": ("off", "on"),
    "ensure": ("on",),
}
"""The states that each verb goes through. `netboot` also names the boot device; `ensure` switches on what is off."""

ORDERS = ("on", "off", "cycle")
"""The verbs that a person gives."""

SHOWN = ("on", "off", "unknown")
"""What is known of a machine's power."""

WORDS = {
    "on": "switch on",
    "off": "switch off",
    "cycle": "power cycle",
    "netboot": "network boot",
    "ensure": "switch on when it is off",
    "status": "read the power state",
}

TIMES = 2
"""How often one state is ordered before a controller that takes orders and does nothing is believed."""

UNSURE_SECONDS = 20
"""How long an order is waited for when nobody knows whether the controller took it."""


@dataclass(frozen=True)
class Progress:
    """How far a verb has come. `ordered` at `at` (seconds since the epoch) was not yet seen to have worked.

    `stage` counts the states of STAGES that were reached, `times` the orders given for the next one. `sure` means
    that the controller took the order, `foreign` that another verb gave it. `bmc` is the controller that was told.
    """

    stage: int = 0
    ordered: str = ""
    at: float = 0.0
    sure: bool = False
    times: int = 0
    foreign: bool = False
    bmc: str = ""
    boot: str = ""

    def to_dict(self) -> dict[str, Any]:
        """As it is kept with the job."""
        return asdict(self)

    @classmethod
    def from_dict(cls, kept: Mapping[str, Any]) -> Progress:
        """What `to_dict` gave, also when another version wrote it."""
        return cls(**{f.name: kept[f.name] for f in fields(cls) if f.name in kept})


@dataclass(frozen=True)
class Step:
    """`do` is 'order' (the state `wanted`), 'wait', 'done', or 'give up'."""

    do: str
    progress: Progress
    wanted: str = ""


def supersedes(verb: str) -> bool:
    """Whether a verb replaces what was ordered before: all that switch, except the one that only keeps a machine on."""
    return verb in STAGES and verb != "ensure"


def inherit(verb: str, left: Progress, same: bool) -> Progress:
    """Where `verb` starts when another was left at `left`: it waits for what is on its way, unless it wants the same.

    `same` means that it replaces an unfinished verb of its own name, and goes on where that one stopped.
    """
    if same:
        return left
    foreign = left.ordered != STAGES[verb][0]
    return Progress(ordered=left.ordered, at=left.at, sure=left.sure, times=1, foreign=foreign, bmc=left.bmc)


def decide(verb: str, progress: Progress, shown: str, now: float, patience: float) -> Step:
    """The next step of `verb` while the controller shows `shown` ('on' or 'off').

    `patience` is how many seconds a controller may take to show what it was told.
    """
    if progress.ordered and shown != progress.ordered:
        if now < progress.at + (patience if progress.sure or progress.foreign else UNSURE_SECONDS):
            return Step("wait", progress)
        if not progress.foreign:
            if progress.sure and progress.times >= TIMES:
                return Step("give up", progress)
            return _order(progress, progress.ordered, now)
    elif progress.ordered and not progress.foreign:
        progress = replace(progress, stage=progress.stage + 1, times=0)
    progress = replace(progress, ordered="", foreign=False, times=0 if progress.foreign else progress.times)
    stages = STAGES[verb]
    while progress.stage < len(stages) and shown == stages[progress.stage]:
        progress = replace(progress, stage=progress.stage + 1, times=0)
    if progress.stage == len(stages):
        return Step("done", progress)
    return _order(progress, stages[progress.stage], now)


def _order(progress: Progress, wanted: str, now: float) -> Step:
    return Step("order", replace(progress, ordered=wanted, at=now, sure=False, times=progress.times + 1), wanted)
