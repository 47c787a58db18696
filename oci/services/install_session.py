"""The token of one attempt at an install or wipe. Shared by use cases; holds none itself."""

from __future__ import annotations

from sqlalchemy import select

from oci.db import tables
from oci.services.boot_session import token_hash
from oci.services.context import Ctx, Gone


def authenticate_install(ctx: Ctx, token: str) -> tuple[tables.Machine, tables.Install]:
    """The running install that `token` was given to. Raises Gone: the machine must stop at once."""
    install = ctx.db.scalar(select(tables.Install).where(
        tables.Install.token_hash == token_hash(token), tables.Install.finished.is_(None))) if token else None
    if install is None:
        ctx.note("token.refused", "a request with an unknown or used install token was refused")
        raise Gone("this install was aborted, replaced or never ordered; stop")
    machine = ctx.db.get(tables.Machine, install.machine_id)
    assert machine is not None
    install.seen = machine.seen = ctx.now()
    return machine, install
