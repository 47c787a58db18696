"""The networks that clusters stand on."""

from __future__ import annotations

import ipaddress
from ipaddress import IPv4Address, IPv4Network

from sqlalchemy import func, select

from oci.context import Ctx
from oci.db import tables
from oci.domain.networks.claims import Claims, of_dhcp, parse
from oci.domain.networks.single import BadNetwork, NetworkRecord, check, overlapping
from oci.problems import Conflict, Problem
from oci.records.clusters import claims
from oci.schemas.clusters.networks import NetworkIn, NetworkList, NetworkOut
from oci.services.usecase import usecase

NETWORK = tables.Network


def _number(address: str) -> int:
    return int(ipaddress.IPv4Address(address))


def _network_out(network: tables.Network, used: int) -> NetworkOut:
    return NetworkOut(
        name=network.name,
        purpose=network.purpose,
        cidr=network.cidr,
        first=network.first,
        last=network.last,
        gateway=network.gateway,
        dns=network.dns.split(),
        used=used,
        size=_number(network.last) - _number(network.first) + 1,
    )


@usecase("network.list", "viewer", reads=True)
def list_networks(ctx: Ctx) -> NetworkList:
    """All networks by name, with how many of their addresses are given out."""
    held = dict(
        ctx.db.execute(select(tables.Address.network_id, func.count()).group_by(tables.Address.network_id)).tuples().all()
    )
    rows = ctx.db.scalars(select(NETWORK).order_by(NETWORK.name))
    return NetworkList(networks=[_network_out(row, held.get(row.id, 0)) for row in rows])


def _refuse_points(ctx: Ctx, order: NetworkIn) -> None:
    """Raise Conflict when gateway or DNS server could be given to a machine, or are a controller."""
    held = Claims([*claims.controllers(ctx), *of_dhcp(claims.appliance(ctx))])
    for what, text in (("gateway", order.gateway), *(("DNS server", server) for server in order.dns)):
        address = parse(text)
        found = held.on(address) if address else None
        if found:
            raise Conflict(f"the {what} {text} cannot be: it belongs to {found.holder}; give the right {what}")


def _refuse_addresses(ctx: Ctx, order: NetworkIn) -> None:
    """Raise Conflict when the network would give away, or be led through, what is somebody's already."""
    first, last, net = IPv4Address(order.first), IPv4Address(order.last), IPv4Network(order.cidr)
    found = claims.for_network(ctx).within(first, last)
    if found:
        raise Conflict(
            f"the range {first} to {last} holds {found.holder} ({found.first} to {found.last}); choose a range without it"
        )
    _refuse_points(ctx, order)
    found = Claims(of_dhcp(claims.appliance(ctx))).within(net.network_address, net.broadcast_address)
    if found and order.purpose != "provisioning":
        raise Conflict(
            f"{net} holds {found.holder} ({found.first} to {found.last}), so it is a provisioning network; "
            f"choose other addresses for a {order.purpose} network"
        )


@usecase("network.create", "operator")
def create_network(ctx: Ctx, order: NetworkIn) -> NetworkOut:
    """Make a network. Raises Problem when it cannot be, Conflict when name or addresses are taken."""
    try:
        check(NetworkRecord(order.name, order.purpose, order.cidr, order.first, order.last, order.gateway, tuple(order.dns)))
    except BadNetwork as bad:
        raise Problem(str(bad)) from None
    known = ctx.db.execute(select(NETWORK.name, NETWORK.cidr)).tuples().all()
    if order.name in (name for name, _ in known):
        raise Conflict(f"a network called {order.name} exists already; choose another name")
    other = overlapping(order.cidr, known)
    if other:
        raise Conflict(f"{order.cidr} shares addresses with the network {other}; choose other addresses")
    _refuse_addresses(ctx, order)
    network = NETWORK(
        name=order.name,
        purpose=order.purpose,
        cidr=str(ipaddress.IPv4Network(order.cidr)),
        first=order.first,
        last=order.last,
        gateway=order.gateway,
        dns=" ".join(order.dns),
    )
    ctx.db.add(network)
    ctx.db.flush()
    ctx.event("network.created", f"network {network.name}: {network.cidr}, {network.purpose}")
    return _network_out(network, 0)
