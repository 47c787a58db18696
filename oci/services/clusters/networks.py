"""Networks and their ranges: what there is, and what becomes of them."""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence

from sqlalchemy import func, select

from oci.context import Ctx
from oci.db import tables
from oci.domain.networks.networks import Network, Range
from oci.records.clusters import networks
from oci.records.clusters.changes import networks as changes
from oci.records.clusters.changes import ranges
from oci.schemas.clusters.networks import NetworkChange, NetworkIn, NetworkList, NetworkOut, RangeIn
from oci.services.usecase import usecase

NETWORK, ADDRESS = tables.Network, tables.Address
MOST = 2**53  # what JSON can count to


def _outs(ctx: Ctx, rows: Sequence[tables.Network]) -> list[NetworkOut]:
    used = dict(ctx.db.execute(select(ADDRESS.network_id, func.count()).group_by(ADDRESS.network_id)).tuples().all())
    stored = networks.ranges(ctx, rows)
    return [
        _out(network, [one for one in stored if one.network == network.name], used.get(row.id, 0))
        for row, network in zip(rows, networks.of_rows(ctx, rows), strict=True)
    ]


def _out(network: Network, ranges: Sequence[Range], used: int) -> NetworkOut:
    given = [one for one in ranges if one.use == "machines"]
    return NetworkOut(
        name=network.name,
        purpose=network.purpose,
        cidr=network.cidr,
        first=given[0].first if given else "",
        last=given[0].last if given else "",
        gateway=network.gateway,
        dns=list(network.dns),
        cluster=network.cluster,
        vlan=network.vlan,
        mtu=network.mtu,
        routes=[f"{route.to}={route.via}" for route in network.routes],
        place=network.place,
        serves=network.serves,
        ranges=[RangeIn(first=one.first, last=one.last, use=one.use, note=one.note) for one in ranges],
        used=used,
        size=min(MOST, sum(_count(one) for one in given)),
    )


def _count(one: Range) -> int:
    return int(ipaddress.ip_address(one.last)) - int(ipaddress.ip_address(one.first)) + 1


@usecase("network.list", "viewer", reads=True)
def list_networks(ctx: Ctx) -> NetworkList:
    """All networks by name, with how many of their addresses are somebody's."""
    return NetworkList(networks=_outs(ctx, list(ctx.db.scalars(select(NETWORK).order_by(NETWORK.name)))))


@usecase("network.show", "viewer", reads=True)
def show_network(ctx: Ctx, name: str) -> NetworkOut:
    """One network. Raises NotFound."""
    return _outs(ctx, [networks.find(ctx, name)])[0]


@usecase("network.create", "operator")
def create_network(ctx: Ctx, order: NetworkIn) -> NetworkOut:
    """Make a network. Raises Problem when it cannot be, Conflict when name or addresses are taken."""
    return _outs(ctx, [changes.create(ctx, order)])[0]


@usecase("network.change", "operator")
def change_network(ctx: Ctx, name: str, order: NetworkChange) -> NetworkOut:
    """Change what is told of a network. Raises Problem when it cannot be, Conflict with others, NotFound.

    What machines were promised stays as it is until it is worked out anew.
    """
    row = networks.find(ctx, name)
    changes.change(ctx, row, order)
    return _outs(ctx, [row])[0]


@usecase("network.delete", "operator")
def delete_network(ctx: Ctx, name: str) -> None:
    """Forget a network that nobody uses. Raises NotFound, Conflict."""
    changes.delete(ctx, networks.find(ctx, name))


@usecase("network.add-range", "operator")
def add_range(ctx: Ctx, name: str, order: RangeIn) -> NetworkOut:
    """Say what a part of a network is for. Raises Problem when it cannot be, Conflict with others, NotFound."""
    row = networks.find(ctx, name)
    ranges.add(ctx, row, order)
    return _outs(ctx, [row])[0]


@usecase("network.delete-range", "operator")
def delete_range(ctx: Ctx, name: str, first: str) -> NetworkOut:
    """Give nothing more out of a range; who has an address of it keeps it. Raises NotFound."""
    row = networks.find(ctx, name)
    ranges.drop(ctx, row, first)
    return _outs(ctx, [row])[0]
