"""The kinds of background work, and the lanes in which they wait. All times are seconds.

A job is about a subject (a machine, a cluster, an image) and waits in a lane. In one lane a subject has one job at a time,
and a lane has a limit: what waits for slow controllers leaves room for everything else.
"""

from __future__ import annotations

from dataclasses import dataclass

JOB_STATES = ("queued", "running", "done", "failed")
FIRST_BACK_OFF, LONGEST_BACK_OFF = 5.0, 600.0


@dataclass(frozen=True)
class Lane:
    """Jobs that share a limit.

    `limit`: how many of them run at once. `in_order`: a job waits until every older one of its subject has ended, however
    often that is tried; otherwise a newer one may go before one that was put off, and decides itself what it replaces.
    """

    name: str
    limit: int
    in_order: bool = True


@dataclass(frozen=True)
class Kind:
    """One kind of work.

    `seconds`: the lease; a worker that says nothing for that long is lost. `attempts`: failed tries before it is given up.
    `subject`: what it is about, as a noun.
    """

    seconds: float
    attempts: int
    lane: str
    subject: str


LANES: dict[str, Lane] = {
    lane.name: lane
    for lane in (
        Lane("power", limit=16, in_order=False),
        Lane("certificates", limit=2),
        # Each waits for clouds most of its time, and lets go of its worker meanwhile.
        Lane("checks", limit=2),
    )
}

KINDS: dict[str, Kind] = {
    # Longer than one verb takes at a controller that answers as late as it may; it is renewed before each of them.
    "power": Kind(seconds=180, attempts=5, lane="power", subject="machine"),
    # Longer than an image takes on a slow network; it is renewed after each step.
    "check": Kind(seconds=1200, attempts=3, lane="checks", subject="cluster"),
    "clean_certificate": Kind(seconds=180, attempts=5, lane="certificates", subject="machine"),
}


def back_off(attempts: int) -> float:
    """Seconds until a job that failed for the `attempts`-th time is tried again: twice as long each time."""
    return float(min(LONGEST_BACK_OFF, FIRST_BACK_OFF * 2 ** (max(1, attempts) - 1)))


def is_lost(kind: Kind, attempts: int) -> bool:
    """Whether a job was begun so often that it must be what ends its workers: more than twice as often as it may fail."""
    return attempts > 2 * kind.attempts


def subject_of(kind: Kind, machine_id: int | None, name: str = "") -> str:
    """What a job of `kind` is about, in one word for comparing: 'machine 12', 'cluster c1'; '' for nothing certain."""
    which = str(machine_id) if kind.subject == "machine" and machine_id is not None else name
    return f"{kind.subject} {which}" if which else ""
