"""Addresses: taken by machines, virtual addresses and notes, and given back. Shared by use cases; holds none itself."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from sqlalchemy import select

from oci.context import Ctx
from oci.db import tables
from oci.domain.cluster.fleet import INSTALLED_OVER
from oci.domain.networks import addresses
from oci.domain.networks.claims import Claims
from oci.domain.networks.networks import BadNetwork, Network, Range, net_of, parsed, why_no_host
from oci.problems import Conflict

ADDRESS = tables.Address


def held(ctx: Ctx, network_id: int) -> set[str]:
    """All addresses of the network that are somebody's."""
    return set(ctx.db.scalars(select(ADDRESS.ip).where(ADDRESS.network_id == network_id)))


def by_hand(network: Network, ranges: Sequence[Range], wanted: str, use: str, claims: Claims) -> str:
    """The address `wanted` in its one spelling. Raises Conflict when the network has none such, or it cannot be had for
    `use`."""
    address, net = parsed(wanted), net_of(network)
    assert net is not None
    why = "is no address; write it like 10.0.0.11 or fd00::11" if address is None else why_no_host(address, net)
    if address is None or why:
        raise Conflict(f"address {wanted[:64]} {why}")
    for one in ranges:
        first, last = parsed(one.first), parsed(one.last)
        inside = first and last and first.version == address.version and int(first) <= int(address) <= int(last)
        if inside and one.use != use and not (one.use == "machines" and use in ("vip", "reserved")):
            raise Conflict(
                f"address {address} is in the {one} of network {network.name}, which is for {one.use}; choose another"
            )
    claim = claims.on(address)
    if claim:
        raise Conflict(f"address {address} is {claim.holder}; choose another or leave it empty")
    return str(address)


def free(
    ctx: Ctx,
    row: tables.Network,
    network: Network,
    ranges: Sequence[Range],
    use: str,
    claims: Claims,
    spared: Collection[str] = (),
) -> str:
    """The lowest free address of the network for `use` that is none of `spared`. Raises Conflict when there is none."""
    try:
        return addresses.next_free(network, ranges, {*held(ctx, row.id), *spared}, use, claims)
    except BadNetwork as bad:
        raise Conflict(str(bad)) from None


def keep(ctx: Ctx, row: tables.Network, ip: str, **holder: object) -> tables.Address:
    """Write down who holds `ip`: one of machine_id; vip and cluster_id; note."""
    address = ADDRESS(network_id=row.id, ip=ip, **holder)
    ctx.db.add(address)
    return address


def installed_over(ctx: Ctx, machine_id: int) -> list[str]:
    """The machine's addresses on the networks that it is installed over, by which it is known in DNS: IPv4 first."""
    network = tables.Network
    rows = ctx.db.scalars(
        select(ADDRESS.ip)
        .join(network, network.id == ADDRESS.network_id)
        .where(ADDRESS.machine_id == machine_id, network.purpose == INSTALLED_OVER)
        .order_by(ADDRESS.key)
    )
    return list(rows)


def of_machine(ctx: Ctx, machine_id: int) -> dict[str, str]:
    """The machine's address by name of the network that it is on."""
    network = tables.Network
    rows = ctx.db.execute(
        select(network.name, ADDRESS.ip)
        .join(network, network.id == ADDRESS.network_id)
        .where(ADDRESS.machine_id == machine_id)
        .order_by(ADDRESS.id)
    )
    return dict(rows.tuples().all())
