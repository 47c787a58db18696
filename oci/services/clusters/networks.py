"""Networks and their ranges: what there is, and what becomes of them."""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence

from sqlalchemy import func, select

from oci.context import Ctx
from oci.db import tables
from oci.domain.networks import networks as rules
from oci.domain.networks.claims import Claims, of_dhcp, parse
from oci.domain.networks.networks import Mistake, Network, Range, Route
from oci.domain.networks.overlaps import set_mistakes
from oci.domain.quantities import counted
from oci.problems import Conflict, NotFound, Problem
from oci.records.clusters import claims, networks
from oci.schemas.clusters.networks import NetworkChange, NetworkIn, NetworkList, NetworkOut, RangeIn
from oci.services.usecase import usecase

NETWORK, RANGE, ADDRESS = tables.Network, tables.Range, tables.Address
MOST = 2**53  # what JSON can count to


def _outs(ctx: Ctx, rows: Sequence[tables.Network]) -> list[NetworkOut]:
    used = dict(ctx.db.execute(select(ADDRESS.network_id, func.count()).group_by(ADDRESS.network_id)).tuples().all())
    ranges = networks.ranges(ctx, rows)
    return [
        _out(network, [one for one in ranges if one.network == network.name], used.get(row.id, 0))
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


# -- what cannot be


def _routes(words: Sequence[str]) -> tuple[Route, ...]:
    routes = []
    for word in words:
        to, sign, via = (part.strip() for part in word.partition("="))
        if not sign:
            raise Problem(f"route {word[:80]!r} is none; write it like 10.9.0.0/16=10.0.0.1")
        routes.append(Route(to, via))
    return tuple(routes)


def _refuse_mistakes(mistakes: Sequence[Mistake]) -> None:
    wrong = [str(mistake.text) for mistake in mistakes if mistake.field != "name"]
    if wrong:
        raise Problem("; ".join(wrong))


def _refuse_beside_others(ctx: Ctx, network: Network, ranges: Sequence[Range]) -> None:
    """Raise Conflict when the network or its ranges do not go together with what is there."""
    rows = [row for row in ctx.db.scalars(select(NETWORK).order_by(NETWORK.name)) if row.name != network.name]
    others, theirs = networks.of_rows(ctx, rows), networks.ranges(ctx, rows)
    before = set(set_mistakes(others, theirs))
    new = [str(one.text) for one in set_mistakes([*others, network], [*theirs, *ranges]) if one not in before]
    if new:
        raise Conflict("; ".join(new))


def _refuse_points(ctx: Ctx, network: Network) -> None:
    """Raise Conflict when gateway, router or DNS server could be given to a machine, or are a controller."""
    held = Claims([*claims.controllers(ctx), *of_dhcp(claims.appliance(ctx))])
    points = [("gateway", network.gateway), *(("DNS server", server) for server in network.dns)]
    for what, text in (*points, *(("router", route.via) for route in network.routes)):
        address = parse(text)
        found = held.on(address) if address else None
        if found:
            raise Conflict(f"the {what} {text} cannot be: it belongs to {found.holder}; give the right {what}")


def _refuse_range(ctx: Ctx, one: Range) -> None:
    """Raise Conflict when the range would give away what is somebody's already."""
    first, last = ipaddress.ip_address(one.first), ipaddress.ip_address(one.last)
    if one.use == "reserved":
        return
    held = Claims(claims.but_dhcp(ctx)) if one.use == "live" else claims.for_network(ctx)
    found = held.within(first, last)
    if found:
        raise Conflict(
            f"the range {first} to {last} holds {found.holder} ({found.first} to {found.last}); choose a range without it"
        )


def _refuse_the_boot_wire(ctx: Ctx, network: Network) -> None:
    net = ipaddress.ip_network(network.cidr)
    found = Claims(of_dhcp(claims.appliance(ctx))).within(net.network_address, net.broadcast_address)
    if found and network.purpose != "provisioning":
        raise Conflict(
            f"{net} holds {found.holder} ({found.first} to {found.last}), so it is a provisioning network; "
            f"choose other addresses for a {network.purpose} network"
        )


def _canonical(text: str) -> str:
    address = rules.parsed(text)
    return str(address) if address is not None else text


# -- what becomes of them


def _ordered(ctx: Ctx, order: NetworkIn) -> tuple[Network, list[Range]]:
    """The network of the order and its ranges, without a mistake of their own. Raises Problem."""
    network = Network(
        order.name,
        order.purpose,
        order.cidr,
        order.cluster,
        order.vlan,
        order.mtu,
        _canonical(order.gateway),
        tuple(map(_canonical, order.dns)),
        _routes(order.routes),
        order.place,
        order.serves,
    )
    if bool(order.first) != bool(order.last):
        raise Problem("a range has two ends; give first and last, or neither")
    ranges = [Range(order.name, _canonical(order.first), _canonical(order.last))] if order.first else []
    _refuse_mistakes([*rules.mistakes(network), *(one for r in ranges for one in rules.range_mistakes(r, network))])
    return network, ranges


def _cluster_id(ctx: Ctx, name: str) -> int | None:
    if not name:
        return None
    found = ctx.db.scalar(select(tables.Cluster.id).where(tables.Cluster.name == name))
    if found is None:
        raise NotFound(f"no cluster is called {name!r}; `ocicli cluster list` shows those that exist")
    return found


@usecase("network.create", "operator")
def create_network(ctx: Ctx, order: NetworkIn) -> NetworkOut:
    """Make a network. Raises Problem when it cannot be, Conflict when name or addresses are taken."""
    network, ranges = _ordered(ctx, order)
    cluster_id = _cluster_id(ctx, order.cluster)
    if ctx.db.scalar(select(NETWORK.id).where(NETWORK.name == order.name)) is not None:
        raise Conflict(f"a network called {order.name} exists already; choose another name")
    _refuse_beside_others(ctx, network, ranges)
    for one in ranges:
        _refuse_range(ctx, one)
    _refuse_points(ctx, network)
    _refuse_the_boot_wire(ctx, network)
    row = NETWORK(name=network.name, purpose=network.purpose, cluster_id=cluster_id, cidr=network.cidr)
    _fill(row, network)
    ctx.db.add(row)
    ctx.db.flush()
    for one in ranges:
        ctx.db.add(RANGE(network_id=row.id, first=one.first, last=one.last, use=one.use, note=one.note))
    ctx.db.flush()
    ctx.event("network.created", f"network {row.name}: {row.cidr}, {row.purpose}{_vlan_told(network)}")
    return _outs(ctx, [row])[0]


def _vlan_told(network: Network) -> str:
    return f", VLAN {network.vlan}" if network.vlan else ""


def _fill(row: tables.Network, network: Network) -> None:
    row.vlan, row.mtu, row.gateway, row.dns = network.vlan, network.mtu, network.gateway, " ".join(network.dns)
    row.routes = [{"to": route.to, "via": route.via} for route in network.routes]
    row.place, row.serves = network.place, network.serves


@usecase("network.change", "operator")
def change_network(ctx: Ctx, name: str, order: NetworkChange) -> NetworkOut:
    """Change what is told of a network. Raises Problem when it cannot be, Conflict with others, NotFound.

    What machines were promised stays as it is until it is worked out anew.
    """
    row = networks.find(ctx, name)
    before = networks.of_rows(ctx, [row])[0]
    told = order.model_dump(exclude_none=True)
    network = Network(
        before.name,
        before.purpose,
        before.cidr,
        before.cluster,
        told.get("vlan", before.vlan),
        told.get("mtu", before.mtu),
        _canonical(told.get("gateway", before.gateway)),
        tuple(map(_canonical, told.get("dns", before.dns))),
        _routes(told["routes"]) if "routes" in told else before.routes,
        told.get("place", before.place),
        told.get("serves") or before.serves,
    )
    _refuse_mistakes(rules.mistakes(network))
    _refuse_beside_others(ctx, network, networks.ranges(ctx, [row]))
    _refuse_points(ctx, network)
    _refuse_held_points(ctx, row, network)
    _fill(row, network)
    changed = [key for key in told if getattr(network, key) != getattr(before, key)]
    if changed:
        ctx.event("network.changed", f"network {name}: {', '.join(changed)} changed")
    ctx.db.flush()
    return _outs(ctx, [row])[0]


def _refuse_held_points(ctx: Ctx, row: tables.Network, network: Network) -> None:
    """Raise Conflict when a router is an address that somebody holds."""
    held = set(ctx.db.scalars(select(ADDRESS.ip).where(ADDRESS.network_id == row.id)))
    for router in (network.gateway, *(route.via for route in network.routes)):
        if router in held:
            raise Conflict(
                f"{router} is somebody's address already, so it can be no router; see who has it with "
                f"`ocicli network addresses {network.name}`"
            )


@usecase("network.delete", "operator")
def delete_network(ctx: Ctx, name: str) -> None:
    """Forget a network that nobody uses. Raises NotFound, Conflict."""
    row = networks.find(ctx, name)
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


@usecase("network.add-range", "operator")
def add_range(ctx: Ctx, name: str, order: RangeIn) -> NetworkOut:
    """Say what a part of a network is for. Raises Problem when it cannot be, Conflict with others, NotFound."""
    row = networks.find(ctx, name)
    network = networks.of_rows(ctx, [row])[0]
    one = Range(name, _canonical(order.first), _canonical(order.last), order.use, order.note)
    _refuse_mistakes(rules.range_mistakes(one, network))
    _refuse_beside_others(ctx, network, [*networks.ranges(ctx, [row]), one])
    _refuse_range(ctx, one)
    ctx.db.add(RANGE(network_id=row.id, first=one.first, last=one.last, use=one.use, note=one.note))
    ctx.db.flush()
    ctx.event("network.changed", f"network {name}: {one.first} to {one.last} is for {one.use}")
    return _outs(ctx, [row])[0]


@usecase("network.delete-range", "operator")
def delete_range(ctx: Ctx, name: str, first: str) -> NetworkOut:
    """Give nothing more out of a range; who has an address of it keeps it. Raises NotFound."""
    row = networks.find(ctx, name)
    one = ctx.db.scalar(select(RANGE).where(RANGE.network_id == row.id, RANGE.first == _canonical(first)))
    if one is None:
        raise NotFound(f"no range of the network {name} begins at {first[:64]}; `ocicli network show {name}` lists them")
    ctx.db.delete(one)
    ctx.event("network.changed", f"network {name}: {one.first} to {one.last} is for nothing more")
    ctx.db.flush()
    return _outs(ctx, [row])[0]
