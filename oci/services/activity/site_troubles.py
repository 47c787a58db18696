"""What is wrong with the site: told when the worker starts or role files change, and to whoever asks."""

from __future__ import annotations

from sqlalchemy import select

from oci.context import Ctx
from oci.db import tables
from oci.records.clusters import claims
from oci.services.usecase import usecase

AGAIN_SECONDS = 86400


@usecase("trouble.list", "viewer", reads=True)
def list_troubles(ctx: Ctx) -> list[str]:
    """Files that could not be used and what collides with a setting, one sentence each; empty when all is well."""
    return claims.troubles(ctx)


@usecase("trouble.tell", "appliance")
def tell(ctx: Ctx) -> int:
    """Record each trouble as an event, the same words once a day; returns how many there are.

    Settings are read at the start, and what is stored later is checked at the door: it is told then, and when role files
    changed.
    """
    found = claims.troubles(ctx)
    for text in found:
        recent = (
            select(tables.Event.id)
            .where(
                tables.Event.kind == "site.trouble",
                tables.Event.text == text[:500],
                tables.Event.at > ctx.now() - AGAIN_SECONDS,
            )
            .limit(1)
        )
        if ctx.db.scalar(recent) is None:
            ctx.event("site.trouble", text)
    return len(found)
