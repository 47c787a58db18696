"""The appliance's clock is set while it works: moments that are noted and have not come yet. Holds no use case.

A clock that goes back would let machines and jobs wait until it is that late again; one that goes forward makes
everybody look silent.
"""

from __future__ import annotations

from sqlalchemy import select

from oci.context import Ctx
from oci.db import tables

SLACK_SECONDS = 30
"""Differences up to this are those of two processes that look at different moments, or of a clock that is slewed."""
LONGEST_DELAY_SECONDS = 600
"""No job is put off for longer."""

_MOMENTS = ("state_since", "seen", "power_seen", "started", "claimed", "moved", "restarted", "troubled", "phase_since")


def went_back(ctx: Ctx, watch: str) -> bool:
    """Whether it is earlier now than when the part `watch` was last seen."""
    row = ctx.db.get(tables.Watch, watch)
    return row is not None and ctx.now() < row.seen - SLACK_SECONDS


def was_set(ahead_then: float, ahead_now: float) -> bool:
    """Whether a clock was set between two looks, by how many seconds it was ahead of one that nobody sets."""
    return abs(ahead_now - ahead_then) > SLACK_SECONDS


def no_later(row: tables.Machine | tables.Pulse | tables.Work, now: float) -> None:
    """Let nothing of `row` be noted for later than `now`."""
    for name in _MOMENTS:
        if (getattr(row, name, None) or 0) > now:
            setattr(row, name, now)


def jobs_no_later(ctx: Ctx) -> None:
    """Let no job wait for longer than any was ever put off, and no lost worker's lease last longer."""
    latest = ctx.now() + LONGEST_DELAY_SECONDS
    for job in ctx.db.scalars(select(tables.Job).where(tables.Job.state.in_(("queued", "running")))):
        if job.run_after > latest:
            job.run_after = ctx.now()
        if job.lease_until is not None and job.lease_until > latest:
            job.lease_until = latest
