"""History and background work, to look at."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Select, func, select

from oci.context import Ctx
from oci.db import tables
from oci.domain.activity.events import EVENTS
from oci.domain.activity.jobs import JOB_STATES
from oci.problems import Problem
from oci.records.machines import power_orders
from oci.records.machines.moves import find
from oci.schemas.activity.events import EventList, EventOut, EventQuery, TimelineQuery
from oci.schemas.activity.jobs import JobList, JobOut, JobQuery
from oci.services.usecase import usecase

EVENT, JOB = tables.Event, tables.Job
LAST_ID = 2**31 - 1
"""What the column of an event's number can hold."""


def _with_names() -> Select[Any]:
    return select(EVENT, tables.Machine.name).outerjoin(tables.Machine, tables.Machine.id == EVENT.machine_id)


def _out(event: tables.Event, machine: str | None) -> EventOut:
    return EventOut(
        id=event.id,
        at=event.at,
        kind=event.kind,
        machine_id=event.machine_id,
        machine=machine or "",
        actor=event.actor,
        text=event.text,
        data=event.data,
    )


def _page(ctx: Ctx, query: Select[Any], after: int | None, limit: int) -> EventList:
    """The first `limit` events of `query` after the id `after`; without it the last ones. Oldest first."""
    if after is None:
        rows = list(ctx.db.execute(query.order_by(EVENT.id.desc()).limit(limit)))[::-1]
    else:
        rows = list(ctx.db.execute(query.where(EVENT.id > min(after, LAST_ID)).order_by(EVENT.id).limit(limit)))
    found = [_out(event, name) for event, name in rows]
    return EventList(events=found, next=found[-1].id if found else after or 0)


@usecase("event.list", "viewer", reads=True)
def list_events(ctx: Ctx, wanted: EventQuery | None = None) -> EventList:
    """Events, oldest first: those after an id, or the latest. Raises NotFound for an unknown machine."""
    wanted = wanted or EventQuery()
    kind = _kind(wanted)
    query = _with_names()
    if wanted.machine:
        query = query.where(EVENT.machine_id == find(ctx, wanted.machine).id)
    if kind:
        query = query.where(EVENT.kind == kind)
    if wanted.before is not None:
        query = query.where(EVENT.id < min(wanted.before, LAST_ID))
    return _page(ctx, query, wanted.after, wanted.limit)


def _kind(wanted: EventQuery) -> str:
    if wanted.kind and wanted.kind not in EVENTS:
        raise Problem(f"there is no event kind {wanted.kind!r}; kinds are {', '.join(EVENTS)}")
    return wanted.kind


@usecase("event.cursor", "viewer", reads=True)
def cursor(ctx: Ctx, wanted: EventQuery) -> int:
    """The number of the last event that is wanted: it moves with the list of them, for an event never changes.

    Raises NotFound for an unknown machine, Problem.
    """
    query = select(func.max(EVENT.id))
    if wanted.machine:
        query = query.where(EVENT.machine_id == find(ctx, wanted.machine).id)
    if kind := _kind(wanted):
        query = query.where(EVENT.kind == kind)
    return ctx.db.scalar(query) or 0


@usecase("machine.events", "viewer", reads=True)
def timeline(ctx: Ctx, name: str, wanted: TimelineQuery | None = None) -> EventList:
    """Everything that happened to one machine, oldest first. Raises NotFound."""
    wanted = wanted or TimelineQuery()
    query = _with_names().where(EVENT.machine_id == find(ctx, name).id)
    return _page(ctx, query, wanted.after or None, wanted.limit)


@usecase("job.list", "viewer", reads=True)
def list_jobs(ctx: Ctx, wanted: JobQuery | None = None) -> JobList:
    """Background work, newest first."""
    wanted = wanted or JobQuery()
    if wanted.state and wanted.state not in JOB_STATES:
        raise Problem(f"there is no job state {wanted.state!r}; states are {', '.join(JOB_STATES)}")
    query = select(JOB)
    if wanted.state:
        query = query.where(JOB.state == wanted.state)
    if wanted.machine:
        query = query.where(JOB.machine_id == find(ctx, wanted.machine).id)
    rows = ctx.db.scalars(query.order_by(JOB.id.desc()).limit(wanted.limit))
    return JobList(
        jobs=[
            JobOut(
                id=j.id,
                kind=j.kind,
                state=j.state,
                machine_id=j.machine_id,
                created=j.created,
                attempts=j.attempts,
                error=j.error,
                result=j.result,
                order=power_orders.say(j.args) if j.kind == "power" else "",
            )
            for j in rows
        ]
    )
