"""The token of one attempt at a work. Shared by use cases; holds none itself."""

from __future__ import annotations

from sqlalchemy import select

from oci.context import Ctx
from oci.db import tables
from oci.problems import Gone
from oci.records.path import liveness
from oci.records.path.boot_session import token_hash


def authenticate_work(ctx: Ctx, token: str) -> tuple[tables.Machine, tables.Work]:
    """The running work that `token` was given to. Raises Gone: the machine must stop at once.

    Every call is a sign of life, also one that comes with the token of an attempt that was given up.
    """
    hashed = token_hash(token)
    work = (
        ctx.db.scalar(select(tables.Work).where(tables.Work.token_hash == hashed, tables.Work.finished.is_(None)))
        if token
        else None
    )
    if work is None:
        ctx.note("token.refused", "a request with an unknown or used install token was refused")
        ended = ctx.db.scalar(select(tables.Work).where(tables.Work.ended_hash == hashed).limit(1)) if token else None
        if ended is not None:
            ctx.still_alive(ended.machine_id)
        if ended is not None and ended.outcome == "done":
            raise Gone("this install has ended well; there is nothing more to say")
        raise Gone("this install was aborted, replaced or never ordered; stop")
    machine = ctx.db.get(tables.Machine, work.machine_id)
    assert machine is not None
    liveness.heard(ctx, machine, work)
    return machine, work
