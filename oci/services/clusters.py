"""Clusters, the networks they stand on, and the roles they can give."""

from __future__ import annotations

import ipaddress
from ipaddress import IPv4Address, IPv4Network

from sqlalchemy import func, select

from oci.db import tables
from oci.domain.claims import Claims, of_dhcp, parse
from oci.domain.hostnames import bad_domain
from oci.domain.networks import BadNetwork, NetworkRecord, check, overlapping
from oci.schemas.site import (
    ClusterIn,
    ClusterList,
    ClusterOut,
    NetworkIn,
    NetworkList,
    NetworkOut,
    RoleList,
    RoleOut,
)
from oci.services import claims
from oci.services.context import Conflict, Ctx, NotFound, Problem, usecase

CLUSTER, NETWORK = tables.Cluster, tables.Network


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


@usecase("viewer", reads=True)
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


@usecase("operator")
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


def _cluster_outs(ctx: Ctx, name: str | None = None) -> list[ClusterOut]:
    members = select(func.count()).where(tables.Assignment.cluster_id == CLUSTER.id).scalar_subquery()
    query = select(CLUSTER, NETWORK.name, members).join(NETWORK, NETWORK.id == CLUSTER.network_id)
    if name is not None:
        query = query.where(CLUSTER.name == name)
    return [
        ClusterOut(id=row.id, name=row.name, domain=row.domain, network=network, machines=count)
        for row, network, count in ctx.db.execute(query.order_by(CLUSTER.name))
    ]


@usecase("viewer", reads=True)
def list_clusters(ctx: Ctx) -> ClusterList:
    """All clusters by name."""
    return ClusterList(clusters=_cluster_outs(ctx))


@usecase("viewer", reads=True)
def show_cluster(ctx: Ctx, name: str) -> ClusterOut:
    """One cluster. Raises NotFound."""
    found = _cluster_outs(ctx, name)
    if not found:
        raise NotFound(f"no cluster is called {name[:63]!r}; `ocicli cluster list` shows those that exist")
    return found[0]


@usecase("operator")
def create_cluster(ctx: Ctx, order: ClusterIn) -> ClusterOut:
    """Make a cluster. Raises NotFound for its network, Conflict when the name is taken."""
    network = ctx.db.scalar(select(NETWORK).where(NETWORK.name == order.network))
    if network is None:
        raise NotFound(f"no network is called {order.network!r}; `ocicli network list` shows those that exist")
    if network.purpose != "provisioning":
        raise Conflict(f"{network.name} is a {network.purpose} network; machines are installed over a provisioning one")
    if ctx.db.scalar(select(CLUSTER.id).where(CLUSTER.name == order.name)) is not None:
        raise Conflict(f"a cluster called {order.name} exists already; choose another name")
    why = bad_domain(order.domain)
    if why:
        raise Problem(f"no cluster can have the domain {order.domain}: {why}")
    cluster = CLUSTER(name=order.name, domain=order.domain, network_id=network.id, created=ctx.now())
    ctx.db.add(cluster)
    ctx.db.flush()
    ctx.event("cluster.created", f"cluster {cluster.name} in {cluster.domain} on {network.name}", cluster=cluster)
    return ClusterOut(id=cluster.id, name=cluster.name, domain=cluster.domain, network=network.name, machines=0)


@usecase("viewer", reads=True)
def list_roles(ctx: Ctx) -> RoleList:
    """What a machine can be for, in the order in which a cluster is built."""
    roles = sorted(ctx.outside.roles.values(), key=lambda role: (role.order, role.name))
    return RoleList(
        roles=[
            RoleOut(name=role.name, title=role.title, order=role.order, needs=dict(role.needs), profiles=list(role.profiles))
            for role in roles
        ]
    )
