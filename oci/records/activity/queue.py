"""Installs that wait for room: who streams, who is next, and who has which place in the queue. Holds no use case.

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

INSTALL, PULSE = tables.Install, tables.Pulse
MOST_AHEAD = 1000
"""Orders that are looked at before one is let in."""


def limits(ctx: Ctx) -> Limits:
    """The limits in force."""
    config = ctx.config
    return Limits(config.installs_at_once, config.installs_per_place, config.installs_per_server)


def running(ctx: Ctx) -> dict[Stream, int]:
    """How many installs stream, by where."""
    query = (
        select(INSTALL.place, INSTALL.server, func.count())
        .where(INSTALL.admitted.is_not(None), INSTALL.finished.is_(None))
        .group_by(INSTALL.place, INSTALL.server)
    )
    return {Stream(place, server): count for place, server, count in ctx.db.execute(query)}


def stream_of(install: tables.Install) -> Stream:
    """Where the install streams."""
    return Stream(install.place, install.server)


def _waits() -> ColumnElement[bool]:
    return and_(INSTALL.queued.is_not(None), INSTALL.admitted.is_(None), INSTALL.finished.is_(None))


def _ahead(ctx: Ctx, install: tables.Install, most: int) -> Select[tuple[str, str]]:
    """Those that asked before and wait in the live image now; one that is not heard of is passed over."""
    config = ctx.config
    heard = ctx.now() - config.pulse_seconds - LOST_BEATS * config.heartbeat_seconds
    earlier = or_(INSTALL.started < install.started, and_(INSTALL.started == install.started, INSTALL.id < install.id))
    return (
        select(INSTALL.place, INSTALL.server)
        .join(PULSE, PULSE.machine_id == INSTALL.machine_id)
        .where(_waits(), earlier, PULSE.presence == "live", PULSE.seen > heard - LOST_BEATS * PULSE.beat)
        .order_by(INSTALL.started, INSTALL.id)
        .limit(most)
    )


def _why_not(ctx: Ctx, install: tables.Install) -> str:
    bounds, now_running = limits(ctx), running(ctx)
    stream = stream_of(install)
    if why := capacity.refusal(stream, now_running, bounds):
        return why
    if not any((bounds.total, bounds.place, bounds.server)):
        return ""
    rows = ctx.db.execute(_ahead(ctx, install, MOST_AHEAD))
    return capacity.turn(stream, (Stream(place, server) for place, server in rows), now_running, bounds)


def admit(ctx: Ctx, machine: tables.Machine, install: tables.Install) -> bool:
    """Whether the machine, which waits in the live image, may begin now; if so it has room from now on."""
    if not WORKS[install.kind].limits.room or install.admitted is not None:
        return True
    if install.queued is None:  # asked for the first time in this attempt: where it streams is known by now
        boot = ctx.db.get(tables.Boot, machine.pulse.boot_id)
        install.place = capacity.place_of(Inventory.from_dict(machine.inventory), boot.mac if boot else "")
        install.server = str(ctx.config.http_url)
    why = _why_not(ctx, install)
    if why:
        _wait(ctx, machine, install, why)
        return False
    install.admitted = ctx.now()
    if install.queued is not None:
        ctx.event("install.admitted", f"has room after {span(ctx.now() - install.queued)} in the queue", machine)
        liveness.progress(ctx, machine, install)
    return True


def _wait(ctx: Ctx, machine: tables.Machine, install: tables.Install, why: str) -> None:
    if install.queued is None:
        install.queued = ctx.now()
        ctx.event("install.queued", f"waits for room: {why}", machine)
    # Waiting for room is no standing still; the deadline is moved now and then only, since this is asked all the time.
    still = settings.in_force(ctx, machine).number("install_seconds")
    if ctx.now() - max(install.moved or 0, machine.state_since) > still / 4:
        liveness.progress(ctx, machine, install)


def positions(ctx: Ctx, installs: Sequence[tables.Install]) -> dict[int, int]:
    """The place in the queue, from 1, of those of `installs` that wait, by the install's id."""
    if not any(is_waiting(install) for install in installs):
        return {}
    ids = ctx.db.scalars(select(INSTALL.id).where(_waits()).order_by(INSTALL.started, INSTALL.id))
    return {number: place for place, number in enumerate(ids, start=1)}


def is_waiting(install: tables.Install) -> bool:
    """Whether the install waits for room."""
    return install.queued is not None and install.admitted is None and install.finished is None


def sentence(ctx: Ctx, install: tables.Install) -> str:
    """Why the install waits, and its place in the queue; empty when it waits for no room."""
    if not is_waiting(install):
        return ""
    why = _why_not(ctx, install) or "it is told to begin when it speaks next"
    return f"It waits for room, as number {positions(ctx, [install])[install.id]} in the queue: {why}."
