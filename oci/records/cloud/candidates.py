"""Machines that nobody has yet, chosen by what they are."""

from __future__ import annotations

from collections.abc import Collection

from sqlalchemy import select

from oci.context import Ctx
from oci.db.tables import Assignment, Machine
from oci.domain.machines import lifecycle
from oci.schemas.cloud.declaration import TakeDoc

GIB = 1 << 30
SHARE = 0.95
"""Of the memory that was bought, a machine reports at least so much: firmware and crash kernel keep the rest."""


def matching(ctx: Ctx, wanted: TakeDoc, many: int, named: Collection[int]) -> list[Machine]:
    """At most `many` discovered machines like that, the lowest numbers first, without those that are `named` anyway."""
    query = (
        select(Machine)
        .outerjoin(Assignment, Assignment.machine_id == Machine.id)
        .where(
            Assignment.machine_id.is_(None),
            Machine.state == lifecycle.DISCOVERED,
            Machine.cores >= wanted.cores,
            Machine.memory_bytes >= int(wanted.memory_gib * GIB * SHARE),
            Machine.id.not_in(list(named)),
        )
    )
    for column, text in ((Machine.vendor, wanted.vendor), (Machine.model, wanted.model)):
        query = query.where(column == text) if text else query
    return list(ctx.db.scalars(query.order_by(Machine.id).limit(many)))
