"""The pulse of machines: what each heartbeat would write, kept out of the machine's row. Holds no use case."""

from __future__ import annotations

from sqlalchemy import func, select

from oci.context import Ctx
from oci.db import tables
from oci.domain.machines import lifecycle
from oci.domain.path import pulse
from oci.records.clusters import settings
from oci.records.clusters.settings import SILENCES

PULSE = tables.Pulse
COUNT_SECONDS = 10


def pace(ctx: Ctx) -> int:
    """Seconds until a machine that waits shall speak again: more where many wait. Counts them now and then."""
    last, now = ctx.outside.waiting, ctx.now()
    if not 0 <= now - last.at < COUNT_SECONDS:
        last.machines = ctx.db.scalar(select(func.count()).select_from(PULSE).where(PULSE.presence == "live")) or 0
        last.at = now
    return pulse.pace(int(ctx.config.heartbeat_seconds), last.machines)


def known_pace(ctx: Ctx) -> int | None:
    """The same without asking the database; None when it is time to count again."""
    last = ctx.outside.waiting
    if not 0 <= ctx.now() - last.at < COUNT_SECONDS:
        return None
    return pulse.pace(int(ctx.config.heartbeat_seconds), last.machines)


def kept_seconds(ctx: Ctx, machine: tables.Machine) -> float:
    """How long a heartbeat of the machine that says nothing new is not written down."""
    silence = None
    if lifecycle.transient(machine.state):
        known = settings.in_force(ctx, machine)
        silence = min(known.number(name) for name in SILENCES)
    return pulse.kept_seconds(ctx.config.pulse_seconds, silence)


def beats(ctx: Ctx, machine: tables.Machine, pace: int) -> None:
    """The machine waits in the live image and says so. Written down when it changes something, or when that is due."""
    row, now = machine.pulse, ctx.now()
    # Who is told to speak less often is believed to be there for longer, so that is stored before it happens.
    news = (row.presence, row.power) != ("live", "on") or not row.beat or pace > row.beat
    if news or pulse.due(row.seen, now, kept_seconds(ctx, machine)):
        row.presence, row.power, row.seen, row.beat = "live", "on", now, pace


def speaks(ctx: Ctx, machine: tables.Machine) -> None:
    """The machine said something about its work: each such word is stored."""
    machine.pulse.seen, machine.pulse.beat = ctx.now(), 0


def unwritten(ctx: Ctx, machine: tables.Machine) -> float:
    """By how many seconds what is stored may be older than the machine's last word."""
    return pulse.unwritten(kept_seconds(ctx, machine), machine.pulse.beat)


def waits(ctx: Ctx, machine: tables.Machine) -> bool:
    """Whether the machine is believed to wait in the live image for orders."""
    row, config = machine.pulse, ctx.config
    kept, shortest = float(config.pulse_seconds), int(config.heartbeat_seconds)
    return row.presence == "live" and pulse.waits(row.seen, ctx.now(), kept, row.beat, shortest)


def silent(ctx: Ctx, machine: tables.Machine, limit: float) -> bool:
    """Whether it is sure that nothing was heard of the machine for `limit` seconds."""
    row = machine.pulse
    return pulse.silent(row.seen, ctx.now(), float(ctx.config.pulse_seconds), row.beat, limit)
