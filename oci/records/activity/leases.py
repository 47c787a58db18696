"""Leases on jobs, and what the work on one is told by. Holds no use case."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from oci.context import Ctx
from oci.db import tables
from oci.ports import PowerError
from oci.records.machines import power_orders

LOOK_AGAIN_SECONDS = 5


class Lost(Exception):
    """The work is somebody else's now: the lease ran out, or a newer order replaced it."""


class Hopeless(PowerError):
    """Another try would end as this one did."""


@dataclass(frozen=True)
class Later:
    """The work is not over; look again in `seconds`. That is no failed try."""

    seconds: float = LOOK_AGAIN_SECONDS


@dataclass(frozen=True)
class Work:
    """A leased job."""

    job_id: int
    owner: str
    kind: str
    machine_id: int
    args: dict[str, Any] = field(default_factory=dict)

    @property
    def verb(self) -> str:
        """The power verb."""
        return str(self.args.get("verb", "status"))


RUN: dict[str, Callable[[Ctx, Work], str | Later]] = {}
"""What does each kind of work; filled by the modules that hold it, which whoever works has to import."""

GIVEN_UP: dict[str, Callable[[Ctx, tables.Job, str], None]] = {}
"""What else ends when a job of a kind is given up, and why, where that is more than the job."""


def replace_by_newer(ctx: Ctx, job: tables.Job) -> bool:
    """End a power job that a newer order made worth nothing."""
    other = power_orders.replaced_by(ctx, job) if job.kind == "power" else None
    if other is None:
        return False
    job.state, job.finished, job.lease_until, job.error = "done", ctx.now(), None, ""
    job.progress = {**job.progress, "replaced": True}
    job.result = f"not carried on: job {other.id} came instead ({power_orders.say(other.args)})"[:500]
    return True


def own(ctx: Ctx, work: Work) -> tables.Job | None:
    """The job's row, as long as the lease is ours."""
    job = ctx.db.get(tables.Job, work.job_id)
    return job if job and job.lease_owner == work.owner and job.state == "running" else None
