"""What becomes of the ranges of a network."""

from __future__ import annotations

from sqlalchemy import select

from oci.context import Ctx
from oci.db import tables
from oci.domain.networks import networks as rules
from oci.domain.networks.networks import Range
from oci.problems import NotFound
from oci.records.clusters import networks
from oci.records.clusters.changes.refusals import canonical, refuse_beside_others, refuse_mistakes, refuse_range
from oci.schemas.clusters.networks import RangeIn

RANGE = tables.Range


def add(ctx: Ctx, row: tables.Network, order: RangeIn) -> None:
    """Say what a part of a network is for. Raises Problem when it cannot be, Conflict with others."""
    network = networks.of_rows(ctx, [row])[0]
    one = Range(row.name, canonical(order.first), canonical(order.last), order.use, order.note)
    refuse_mistakes(rules.range_mistakes(one, network))
    refuse_beside_others(ctx, network, [*networks.ranges(ctx, [row]), one])
    refuse_range(ctx, one)
    ctx.db.add(RANGE(network_id=row.id, first=one.first, last=one.last, use=one.use, note=one.note))
    ctx.db.flush()
    ctx.event("network.changed", f"network {row.name}: {one.first} to {one.last} is for {one.use}")


def drop(ctx: Ctx, row: tables.Network, first: str) -> None:
    """Give nothing more out of a range; who has an address of it keeps it. Raises NotFound."""
    one = ctx.db.scalar(select(RANGE).where(RANGE.network_id == row.id, RANGE.first == canonical(first)))
    if one is None:
        raise NotFound(
            f"no range of the network {row.name} begins at {first[:64]}; `ocicli network show {row.name}` lists them"
        )
    ctx.db.delete(one)
    ctx.event("network.changed", f"network {row.name}: {one.first} to {one.last} is for nothing more")
    ctx.db.flush()
