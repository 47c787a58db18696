"""Jobs whose worker was killed. Their lease is longer than any verb takes, and nobody has to wait for its end who can see
that the process is gone."""

from __future__ import annotations

from collections.abc import Callable

from sqlalchemy import select

from oci.context import Ctx
from oci.db import tables
from oci.services.usecase import usecase


@usecase("job.free", "appliance")
def free(ctx: Ctx, is_lost: Callable[[str], bool]) -> list[int]:
    """Let the jobs go on that belong to workers of which `is_lost(owner)` is true; returns their ids, the oldest first."""
    jobs = ctx.db.scalars(select(tables.Job).where(tables.Job.state == "running").order_by(tables.Job.id)).all()
    freed = [job for job in jobs if job.lease_owner and is_lost(job.lease_owner)]
    for job in freed:
        job.lease_until = ctx.now()
    return [job.id for job in freed]
