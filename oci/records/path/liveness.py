"""Whether a machine at work is heard of, and whether its work moves. Shared by use cases; holds none itself.

Silence and standing still are two things. Silence ends by the power switch; standing still by a deadline.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import select

from oci.context import Ctx
from oci.db import tables
from oci.domain.machines import lifecycle
from oci.domain.path import patience
from oci.domain.path.phases import PHASES
from oci.domain.path.works import INSTALL, KIND_OF, WORKS
from oci.records.clusters import settings
from oci.records.machines import disk_orders
from oci.records.path import pulses


def utc_at(seconds: float) -> str:
    """A moment, in seconds since the epoch, for people."""
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")


def heard(ctx: Ctx, machine: tables.Machine, work: tables.Work | None = None) -> None:
    """The machine said something, whatever it was."""
    pulses.speaks(ctx, machine)
    if work is not None:
        work.seen, work.restarted = ctx.now(), None


def begins(ctx: Ctx, machine: tables.Machine) -> None:
    """The machine's firmware or kernel was heard of. That proves nothing, but its start takes its time from now on."""
    work = open_work(ctx, machine)
    if work is not None:
        work.restarted = ctx.now()


def open_work(ctx: Ctx, machine: tables.Machine) -> tables.Work | None:
    """The work that runs on the machine, if any."""
    return ctx.db.scalar(select(tables.Work).where(tables.Work.machine_id == machine.id, tables.Work.finished.is_(None)))


def last_word(machine: tables.Machine, work: tables.Work) -> float:
    """When the machine was last heard of, 0 for never. Whoever spoke for it, it is alive."""
    return max(work.seen or 0, machine.pulse.seen or 0)


def quiet_since(machine: tables.Machine, work: tables.Work) -> float:
    """Since when the silence counts: its last word, or the moment it was made to start."""
    return max(last_word(machine, work), work.restarted or 0, work.started)


def allowed_silence(ctx: Ctx, machine: tables.Machine, work: tables.Work) -> float:
    """Seconds that the machine may say nothing. One that starts anew has its firmware to go through first."""
    if work.claimed is None or work.restarted is not None:
        name = "first_sign_seconds"
    else:
        name = lifecycle.STATES[machine.state].silence
    return float(settings.in_force(ctx, machine).number(name))


def set_deadline(ctx: Ctx, machine: tables.Machine, work: tables.Work | None) -> None:
    """Give the machine the deadline that follows from its state and from what last moved."""
    if not lifecycle.transient(machine.state):
        machine.deadline = None
        return
    known, kind = settings.in_force(ctx, machine), KIND_OF.get(machine.state, INSTALL.name)  # the first boot ends an install
    seconds = known.number(lifecycle.STATES[machine.state].still)
    # A wipe covers more than the disks that are counted for an install: units with several paths, read from the inventory.
    written = max(machine.disk_bytes, disk_orders.wipe_plan(machine).bytes) if WORKS[kind].limits.every_byte else 0
    moved = max(machine.state_since, (work.moved or 0) if work else 0)
    machine.deadline = patience.deadline(
        machine.state_since,
        moved,
        patience.still_seconds(kind, seconds, written),
        patience.whole_seconds(kind, known.number("longest_seconds"), written),
        work.troubled if work else None,
    )


def progress(ctx: Ctx, machine: tables.Machine, work: tables.Work) -> None:
    """The work moved: its deadline counts from now."""
    work.moved = ctx.now()
    set_deadline(ctx, machine, work)


def trouble(ctx: Ctx, machine: tables.Machine, work: tables.Work, why: str) -> None:
    """First boot or Puppet failed and tries again by itself: people are told, and the time it has is counted."""
    machine.reason = why.replace("\0", "")[:500]
    if work.troubled is None:
        work.troubled = ctx.now()
    set_deadline(ctx, machine, work)


def doing(work: tables.Work) -> str:
    """Where the work is, in words."""
    phase = PHASES.get(work.phase)
    where = phase.title if phase else "not begun"
    return f"{where}, {work.percent} %" + (f", {work.doing}" if work.doing else "")


def spared(ctx: Ctx, machine: tables.Machine, order: dict[str, Any]) -> str:
    """Why the power of the machine must not be switched as `order` said when it was queued; empty when it may.

    Orders of people have no "work" in them. Asked at the moment the power is going to be switched.
    """
    if "work" not in order:
        return ""
    work = ctx.db.get(tables.Work, order["work"])
    if work is None or work.finished is not None or not lifecycle.transient(machine.state):
        return "the work that it was switched for has ended"
    if work.attempt != order.get("attempt", work.attempt):
        return "another attempt has begun meanwhile"
    if "silent_since" in order:
        return "it was heard of meanwhile" if last_word(machine, work) > order["silent_since"] else ""
    if work.claimed is not None or pulses.waits(ctx, machine):
        return "it is in the live system already"
    return ""
