"""Works that wait for room: who streams, who is next, and who has which place in the queue. Holds no use case.

An order has room from the moment it is told to begin until its disk is written, its attempt ends, or it ends itself.
"""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import ColumnElement, Select, and_, func, or_, select

from oci.context import Ctx
from oci.db import tables
from oci.domain.activity import capacity
from oci.domain.activity.capacity import Limits, Stream
from oci.domain.hardware import Inventory
from oci.domain.path.pulse import LOST_BEATS
from oci.domain.path.works import WORKS
from oci.domain.quantities import span
from oci.records.clusters import settings
from oci.records.path import liveness

WORK, PULSE = tables.Work, tables.Pulse
MOST_AHEAD = 1000
"""Orders that are looked at before one is let in."""


def limits(ctx: Ctx) -> Limits:
    """The limits in force."""
    config = ctx.config
    return Limits(config.installs_at_once, config.installs_per_place, config.installs_per_server)


def running(ctx: Ctx) -> dict[Stream, int]:
    """How many works stream, by where."""
    query = (
        select(WORK.place, WORK.server, func.count())
        .where(WORK.admitted.is_not(None), WORK.finished.is_(None))
        .group_by(WORK.place, WORK.server)
    )
    return {Stream(place, server): count for place, server, count in ctx.db.execute(query)}


def stream_of(work: tables.Work) -> Stream:
    """Where the work streams."""
    return Stream(work.place, work.server)


def _waits() -> ColumnElement[bool]:
    return and_(WORK.queued.is_not(None), WORK.admitted.is_(None), WORK.finished.is_(None))


def _ahead(ctx: Ctx, work: tables.Work, most: int) -> Select[tuple[str, str]]:
    """Those that asked before and wait in the live image now; one that is not heard of is passed over."""
    config = ctx.config
    heard = ctx.now() - config.pulse_seconds - LOST_BEATS * config.heartbeat_seconds
    earlier = or_(WORK.started < work.started, and_(WORK.started == work.started, WORK.id < work.id))
    return (
        select(WORK.place, WORK.server)
        .join(PULSE, PULSE.machine_id == WORK.machine_id)
        .where(_waits(), earlier, PULSE.presence == "live", PULSE.seen > heard - LOST_BEATS * PULSE.beat)
        .order_by(WORK.started, WORK.id)
        .limit(most)
    )


def _why_not(ctx: Ctx, work: tables.Work) -> str:
    bounds, now_running = limits(ctx), running(ctx)
    stream = stream_of(work)
    if why := capacity.refusal(stream, now_running, bounds):
        return why
    if not any((bounds.total, bounds.place, bounds.server)):
        return ""
    rows = ctx.db.execute(_ahead(ctx, work, MOST_AHEAD))
    return capacity.turn(stream, (Stream(place, server) for place, server in rows), now_running, bounds)


def admit(ctx: Ctx, machine: tables.Machine, work: tables.Work) -> bool:
    """Whether the machine, which waits in the live image, may begin now; if so it has room from now on."""
    if not WORKS[work.kind].limits.room or work.admitted is not None:
        return True
    if work.queued is None:  # asked for the first time in this attempt: where it streams is known by now
        boot = ctx.db.get(tables.Boot, machine.pulse.boot_id)
        work.place = capacity.place_of(Inventory.from_dict(machine.inventory), boot.mac if boot else "")
        work.server = str(ctx.config.http_url)
    why = _why_not(ctx, work)
    if why:
        _wait(ctx, machine, work, why)
        return False
    work.admitted = ctx.now()
    if work.queued is not None:
        ctx.event("install.admitted", f"has room after {span(ctx.now() - work.queued)} in the queue", machine)
        liveness.progress(ctx, machine, work)
    return True


def _wait(ctx: Ctx, machine: tables.Machine, work: tables.Work, why: str) -> None:
    if work.queued is None:
        work.queued = ctx.now()
        ctx.event("install.queued", f"waits for room: {why}", machine)
    # Waiting for room is no standing still; the deadline is moved now and then only, since this is asked all the time.
    still = settings.in_force(ctx, machine).number("install_seconds")
    if ctx.now() - max(work.moved or 0, machine.state_since) > still / 4:
        liveness.progress(ctx, machine, work)


def positions(ctx: Ctx, works: Sequence[tables.Work]) -> dict[int, int]:
    """The place in the queue, from 1, of those of `works` that wait, by the work's id."""
    if not any(is_waiting(work) for work in works):
        return {}
    ids = ctx.db.scalars(select(WORK.id).where(_waits()).order_by(WORK.started, WORK.id))
    return {number: place for place, number in enumerate(ids, start=1)}


def is_waiting(work: tables.Work) -> bool:
    """Whether the work waits for room."""
    return work.queued is not None and work.admitted is None and work.finished is None


def sentence(ctx: Ctx, work: tables.Work) -> str:
    """Why the work waits, and its place in the queue; empty when it waits for no room."""
    if not is_waiting(work):
        return ""
    why = _why_not(ctx, work) or "it is told to begin when it speaks next"
    return f"It waits for room, as number {positions(ctx, [work])[work.id]} in the queue: {why}."
