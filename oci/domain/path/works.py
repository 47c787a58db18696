"""The kinds of work on a machine's disks. A kind is one row; orders, deadlines, progress and the pages follow from it.

The agent carries a kind out by the steps in `discovery/NAME.d`, whose names are the row's phases, in their order.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from oci.domain.machines import lifecycle
from oci.domain.path.phases import PHASES


@dataclass(frozen=True)
class Limits:
    """What bounds a kind of work beside the settings of its state.

    `room`: it streams an image, so only so many run at once (see oci.domain.activity.capacity). `every_byte`: it may write
    each byte of the disks, so its deadlines grow with them (see oci.domain.path.patience).
    """

    room: bool = False
    every_byte: bool = False


@dataclass(frozen=True)
class Work:
    """One kind of work.

    `name`: the kind of its row, and the action that the agent is told. `state`: the machine's while disks are written.
    `starts`, `ends`: the verbs that order it and that end it well. `phases`: its steps in order. `final_phases`: those whose
    failure no second try mends. `retryable`: another attempt is armed after silence, or a failure in any other phase.
    `destroys`: what is lost by it, for people; empty when nothing is.
    """

    name: str
    state: str
    starts: str
    ends: str
    phases: tuple[str, ...]
    limits: Limits = field(default_factory=Limits)
    retryable: bool = True
    destroys: str = ""
    final_phases: tuple[str, ...] = ()


INSTALL = Work(
    "install",
    lifecycle.INSTALLING,
    starts="install",
    ends="converged",
    phases=("check", "teardown", "partition", "filesystems", "stream", "configure", "bootloader", "finish"),
    limits=Limits(room=True),
    destroys="what is on the disks of its layout",
    final_phases=("check",),  # the disk is not the one that was promised
)
WIPE = Work(
    "wipe",
    lifecycle.RELEASING,
    starts="release",
    ends="wiped",
    phases=("check", "teardown", "wipe", "verify"),
    limits=Limits(every_byte=True),
    destroys="what is on all disks of the machine's own",
    final_phases=("check", "verify"),  # some disks cannot be wiped
)
WORKS: dict[str, Work] = {work.name: work for work in (INSTALL, WIPE)}
ADOPT = "adopt"
"""The kind of a work that touches no disk: a machine that was installed by other means is handed to Puppet. It begins where
an install has rebooted, and nobody switches its power for it."""
DONE, FAILED, ABORTED = "done", "failed", "aborted"
"""How work ends."""
KIND_OF: dict[str, str] = {work.state: work.name for work in WORKS.values()}
"""The kind of work in whose state a machine is; a state in which none is ordered is not there."""


_EVALUATES = re.compile(r"Starting to evaluate the resource \(([0-9]{1,9}) of ([0-9]{1,9})\)")


def evaluated(words: str) -> int | None:
    """Percent of its catalogue that an agent is through, by a line of its log; None where that says nothing of it.

    Source: Puppet's setting `evaltrace` (8.10), lib/puppet/transaction.rb.
    """
    said = _EVALUATES.search(words)
    return min(100, 100 * int(said[1]) // max(1, int(said[2]))) if said else None


def progress(kind: str, phase: str, percent: int) -> int:
    """Percent of the whole work of `kind` when `phase` is `percent` done; 0 when `phase` is none of its own."""
    order = WORKS[kind].phases if kind in WORKS else ()
    if phase not in order:
        return 0
    total = sum(PHASES[name].weight for name in order)
    before = sum(PHASES[name].weight for name in order[: order.index(phase)])
    return min(100, (100 * before + PHASES[phase].weight * max(0, min(100, percent))) // total)
