"""What becomes of networks."""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence

from sqlalchemy import func, select

from oci.context import Ctx
from oci.db import tables
from oci.domain.networks import networks as rules
from oci.domain.networks.claims import Claims, of_dhcp, parse
from oci.domain.networks.networks import Network, Range, Route
from oci.domain.quantities import counted
from oci.problems import Conflict, NotFound, Problem
from oci.records.clusters import claims, networks
from oci.records.clusters.changes.refusals import (
    canonical,
    canonical_net,
    refuse_beside_others,
    refuse_mistakes,
    refuse_range,
)
from oci.schemas.clusters.networks import NetworkChange, NetworkIn

NETWORK, RANGE, ADDRESS = tables.Network, tables.Range, tables.Address


def _routes(words: Sequence[str]) -> tuple[Route, ...]:
    routes = []
    for word in words:
        to, sign, via = (part.strip() for part in word.partition("="))
        if not sign:
            raise Problem(f"route {word[:80]!r} is none; write it like 10.9.0.0/16=10.0.0.1")
        routes.append(Route(canonical_net(to), canonical(via)))
    return tuple(routes)


def _refuse_router(ctx: Ctx, network: Network) -> None:
    """Raise Conflict when gateway, router or DNS server could be given to a machine, or are a controller."""
    held = Claims([*claims.controllers(ctx), *of_dhcp(claims.appliance(ctx))])
    points = [("gateway", network.gateway), *(("DNS server", server) for server in network.dns)]
    for what, text in (*points, *(("router", route.via) for route in network.routes)):
        address = parse(text)
        found = held.on(address) if address else None
        if found:
            raise Conflict(f"the {what} {text} cannot be: it belongs to {found.holder}; give the right {what}")


def _refuse_the_boot_wire(ctx: Ctx, network: Network) -> None:
    net = ipaddress.ip_network(network.cidr)
    found = Claims(of_dhcp(claims.appliance(ctx))).within(net.network_address, net.broadcast_address)
    if found and network.purpose != "provisioning":
        raise Conflict(
            f"{net} holds {found.holder} ({found.first} to {found.last}), so it is a provisioning network; "
            f"choose other addresses for a {network.purpose} network"
        )


def _ordered(ctx: Ctx, order: NetworkIn) -> tuple[Network, list[Range]]:
    """The network of the order and its ranges, without a mistake of their own. Raises Problem."""
    network = Network(
        order.name,
        order.purpose,
        canonical_net(order.cidr),
        order.cluster,
        order.vlan,
        order.mtu,
        canonical(order.gateway),
        tuple(map(canonical, order.dns)),
        _routes(order.routes),
        order.place,
        order.serves,
    )
    if bool(order.first) != bool(order.last):
        raise Problem("a range has two ends; give first and last, or neither")
    ranges = [Range(order.name, canonical(order.first), canonical(order.last))] if order.first else []
    refuse_mistakes([*rules.mistakes(network), *(one for r in ranges for one in rules.range_mistakes(r, network))])
    return network, ranges


def _cluster_id(ctx: Ctx, name: str) -> int | None:
    if not name:
        return None
    found = ctx.db.scalar(select(tables.Cluster.id).where(tables.Cluster.name == name))
    if found is None:
        raise NotFound(f"no cluster is called {name!r}; `ocicli cluster list` shows those that exist")
    return found


def create(ctx: Ctx, order: NetworkIn) -> tables.Network:
    """Make a network. Raises Problem when it cannot be, Conflict when name or addresses are taken."""
    network, ranges = _ordered(ctx, order)
    cluster_id = _cluster_id(ctx, order.cluster)
    if ctx.db.scalar(select(NETWORK.id).where(NETWORK.name == order.name)) is not None:
        raise Conflict(f"a network called {order.name} exists already; choose another name")
    refuse_beside_others(ctx, network, ranges)
    for one in ranges:
        refuse_range(ctx, one)
    _refuse_router(ctx, network)
    _refuse_the_boot_wire(ctx, network)
    row = NETWORK(name=network.name, purpose=network.purpose, cluster_id=cluster_id, cidr=network.cidr)
    _fill(row, network)
    ctx.db.add(row)
    ctx.db.flush()
    for one in ranges:
        ctx.db.add(RANGE(network_id=row.id, first=one.first, last=one.last, use=one.use, note=one.note))
    ctx.db.flush()
    ctx.event("network.created", f"network {row.name}: {row.cidr}, {row.purpose}{_vlan_told(network)}")
    return row


def _vlan_told(network: Network) -> str:
    return f", VLAN {network.vlan}" if network.vlan else ""


def _fill(row: tables.Network, network: Network) -> None:
    row.vlan, row.mtu, row.gateway, row.dns = network.vlan, network.mtu, network.gateway, " ".join(network.dns)
    row.routes = [{"to": route.to, "via": route.via} for route in network.routes]
    row.place, row.serves = network.place, network.serves


def change(ctx: Ctx, row: tables.Network, order: NetworkChange) -> None:
    """Change what is told of a network. Raises Problem when it cannot be, Conflict with others.

    What machines were promised stays as it is until it is worked out anew.
    """
    before = networks.of_rows(ctx, [row])[0]
    told = order.model_dump(exclude_none=True)
    network = Network(
        before.name,
        before.purpose,
        before.cidr,
        before.cluster,
        told.get("vlan", before.vlan),
        told.get("mtu", before.mtu),
        canonical(told.get("gateway", before.gateway)),
        tuple(map(canonical, told.get("dns", before.dns))),
        _routes(told["routes"]) if "routes" in told else before.routes,
        told.get("place", before.place),
        told.get("serves") or before.serves,
    )
    refuse_mistakes(rules.mistakes(network))
    refuse_beside_others(ctx, network, networks.ranges(ctx, [row]))
    _refuse_router(ctx, network)
    _refuse_held_points(ctx, row, network)
    _fill(row, network)
    changed = [key for key in told if getattr(network, key) != getattr(before, key)]
    if changed:
        ctx.event("network.changed", f"network {row.name}: {', '.join(changed)} changed")
    ctx.db.flush()


def _refuse_held_points(ctx: Ctx, row: tables.Network, network: Network) -> None:
    """Raise Conflict when a router is an address that somebody holds."""
    held = set(ctx.db.scalars(select(ADDRESS.ip).where(ADDRESS.network_id == row.id)))
    for router in (network.gateway, *(route.via for route in network.routes)):
        if router in held:
            raise Conflict(
                f"{router} is somebody's address already, so it can be no router; see who has it with "
                f"`ocicli network addresses {network.name}`"
            )


def delete(ctx: Ctx, row: tables.Network) -> None:
    """Forget a network that nobody uses. Raises Conflict."""
    name = row.name
    held = ctx.db.scalar(select(func.count()).select_from(ADDRESS).where(ADDRESS.network_id == row.id)) or 0
    if held:
        raise Conflict(
            f"{counted(held, 'address', 'addresses')} of the network {name} taken: "
            f"`ocicli network addresses {name}` shows by whom"
        )
    user = ctx.db.scalar(select(tables.Cluster.name).where(tables.Cluster.network_id == row.id).limit(1))
    if user is not None:
        raise Conflict(f"the machines of the cluster {user} are installed over the network {name}, so it stays")
    for one in ctx.db.scalars(select(RANGE).where(RANGE.network_id == row.id)):
        ctx.db.delete(one)
    ctx.db.flush()
    ctx.db.delete(row)
    ctx.event("network.deleted", f"network {name} ({row.cidr}) is forgotten")
