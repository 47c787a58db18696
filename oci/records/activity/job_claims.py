"""Which job is next, taken by one statement: two workers never take the same, nor two of one subject. Holds no use case."""

from __future__ import annotations

from sqlalchemy import ColumnElement, Select, and_, exists, func, or_, select, update
from sqlalchemy.orm import aliased

from oci.context import Ctx
from oci.db import tables
from oci.domain.activity.jobs import KINDS, LANES, Lane

JOB = tables.Job
DEFAULT_SECONDS = 180.0


def is_due(now: float) -> ColumnElement[bool]:
    """It waits for a worker and its time has come, or its worker was lost."""
    return or_(
        and_(JOB.state == "queued", JOB.run_after <= now),
        and_(JOB.state == "running", JOB.lease_until <= now),
    )


def _runs(now: float) -> ColumnElement[bool]:
    return and_(JOB.state == "running", JOB.lease_until > now)


def _has_room(lane: Lane, now: float) -> ColumnElement[bool]:
    other = aliased(JOB)
    running = select(func.count()).where(other.lane == lane.name, other.state == "running", other.lease_until > now)
    return and_(JOB.lane == lane.name, running.scalar_subquery() < lane.limit)


def _is_free(now: float) -> ColumnElement[bool]:
    """No other job of its lane and subject runs, or goes before it."""
    other = aliased(JOB)
    same = and_(other.lane == JOB.lane, other.subject == JOB.subject, other.subject != "", other.id != JOB.id)
    runs = and_(other.state == "running", other.lease_until > now)
    in_order = [lane.name for lane in LANES.values() if lane.in_order]
    before = and_(JOB.lane.in_(in_order), other.id < JOB.id, other.state.in_(("queued", "running")))
    return ~exists().where(same, or_(runs, before))


def claimable(now: float, only: int | None = None) -> Select[tuple[int]]:
    """The ids of jobs that may begin now, the longest waiting first; of all, or of `only` that one."""
    query = select(JOB.id).where(is_due(now), or_(*(_has_room(lane, now) for lane in LANES.values())), _is_free(now))
    return query.where(JOB.id == only) if only is not None else query.order_by(JOB.run_after, JOB.id)


def claim(ctx: Ctx, owner: str, only: int | None = None) -> tables.Job | None:
    """Lease the next job (or `only` that one, when it may begin) to `owner`; None when there is none.

    Choosing and taking are one statement. PostgreSQL passes over rows that somebody else is about to take.
    """
    now = ctx.now()
    chosen = claimable(now, only).limit(1).with_for_update(skip_locked=True).scalar_subquery()
    job = ctx.db.scalars(
        update(JOB)
        .where(JOB.id == chosen, is_due(now))
        .values(state="running", lease_owner=owner, lease_until=now + DEFAULT_SECONDS, attempts=JOB.attempts + 1)
        .returning(JOB),
        execution_options={"synchronize_session": False, "populate_existing": True},
    ).one_or_none()
    if job is not None and job.kind in KINDS:
        job.lease_until = now + KINDS[job.kind].seconds
    return job
