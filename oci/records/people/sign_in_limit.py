"""How often a sign-in may fail: by name and by source address. Shared by use cases; holds none itself."""

from __future__ import annotations

import hashlib

from sqlalchemy import delete, func, or_, select

from oci.context import Ctx
from oci.db import tables
from oci.domain.quantities import span
from oci.problems import TooMany

ROW = tables.SignIn
WINDOW_SECONDS = 60
KEPT_SECONDS = 3600


def _digest(name: str) -> str:
    """Names are kept as a hash: people type passwords into the wrong field."""
    return hashlib.sha256(name.encode("utf-8", "replace")).hexdigest()


def reserve(ctx: Ctx, name: str, source: str) -> int:
    """Count an attempt before it is judged, so that many at once do not slip through; returns its id.

    Raises TooMany when signin_attempts of the name or of the source were counted within WINDOW_SECONDS.
    """
    now, who, source = ctx.now(), _digest(name), source[:64]
    ctx.db.execute(delete(ROW).where(ROW.at < now - KEPT_SECONDS))
    recent = select(func.count()).where(ROW.at > now - WINDOW_SECONDS)
    most = max(ctx.db.scalar(recent.where(ROW.name == who)) or 0, ctx.db.scalar(recent.where(ROW.source == source)) or 0)
    if most >= ctx.config.signin_attempts:
        ctx.note("signin.refused", f"too many sign-ins failed from {source or 'an unknown address'}; it has to wait")
        raise TooMany(f"too many sign-ins failed; wait {span(WINDOW_SECONDS)} and try again")
    row = ROW(at=now, source=source, name=who)
    ctx.db.add(row)
    ctx.db.flush()
    return row.id


def forgive(ctx: Ctx, attempt: int) -> None:
    """The attempt succeeded: forget it, and the failures of the same name from the same source."""
    row = ctx.db.get(ROW, attempt)
    if row is not None:
        ctx.db.execute(delete(ROW).where(or_(ROW.id == attempt, (ROW.name == row.name) & (ROW.source == row.source))))
