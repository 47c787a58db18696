"""Addresses of a network that are somebody's: shown, kept for a virtual address or a reason, and given back."""

from __future__ import annotations

from sqlalchemy import select

from oci.context import Ctx
from oci.db import tables
from oci.domain.networks.networks import parsed
from oci.problems import Conflict, NotFound, Problem
from oci.records.clusters import addresses, claims, networks
from oci.schemas.clusters.networks import AddressIn, AddressList, AddressOut
from oci.services.usecase import usecase

ADDRESS, MACHINE, CLUSTER = tables.Address, tables.Machine, tables.Cluster


def _outs(ctx: Ctx, row: tables.Network, ip: str = "") -> list[AddressOut]:
    query = (
        select(ADDRESS, MACHINE.name, CLUSTER.name, CLUSTER.domain)
        .outerjoin(MACHINE, MACHINE.id == ADDRESS.machine_id)
        .outerjoin(CLUSTER, CLUSTER.id == ADDRESS.cluster_id)
        .where(ADDRESS.network_id == row.id)
        .order_by(ADDRESS.key)
    )
    return [
        _out(row, address, machine or "", cluster or "", domain or "")
        for address, machine, cluster, domain in ctx.db.execute(query.where(ADDRESS.ip == ip) if ip else query)
    ]


def _out(row: tables.Network, address: tables.Address, machine: str, cluster: str, domain: str) -> AddressOut:
    virtual = f"the virtual address {address.vip} of cluster {cluster}" if address.vip else ""
    return AddressOut(
        address=address.ip,
        network=row.name,
        holder=machine or virtual or f"kept free: {address.note}",
        machine=machine,
        vip=f"{address.vip}.{domain}" if address.vip else "",
        note=address.note,
    )


@usecase("network.addresses", "viewer", reads=True)
def list_addresses(ctx: Ctx, name: str) -> AddressList:
    """The addresses of a network that are somebody's, by number. Raises NotFound."""
    return AddressList(addresses=_outs(ctx, networks.find(ctx, name)))


def _holder(ctx: Ctx, order: AddressIn) -> dict[str, object]:
    """Columns that say who holds the address. Raises Problem, NotFound, Conflict."""
    if bool(order.vip) == bool(order.note):
        raise Problem("say whose the address is: the name of a virtual address and its cluster, or a note why it is kept")
    if order.note:
        if order.cluster:
            raise Problem("an address that is kept free is no cluster's; leave the cluster out, or name a virtual address")
        return {"note": order.note}
    cluster = ctx.db.scalar(select(CLUSTER).where(CLUSTER.name == order.cluster))
    if cluster is None:
        raise NotFound(f"no cluster is called {order.cluster!r}; `ocicli cluster list` shows those that exist")
    why = claims.bad_name(ctx, order.vip, cluster.domain)
    fqdn = f"{order.vip}.{cluster.domain}"
    taken = ctx.db.scalar(select(tables.Assignment.machine_id).where(tables.Assignment.fqdn == fqdn))
    if why or taken is not None:
        raise Conflict(f"no virtual address can be called {fqdn}: {why or 'a machine is called so; choose another name'}")
    return {"vip": order.vip, "cluster_id": cluster.id}


@usecase("network.hold", "operator")
def hold_address(ctx: Ctx, name: str, order: AddressIn) -> AddressOut:
    """Keep an address for a cluster's virtual address, or for a reason. Raises Problem, NotFound, Conflict."""
    row = networks.find(ctx, name)
    holder = _holder(ctx, order)
    network, ranges = networks.of_rows(ctx, [row])[0], networks.ranges(ctx, [row])
    cluster_id = holder.get("cluster_id")
    if cluster_id is not None and row.cluster_id not in (None, cluster_id):
        raise Conflict(f"the network {name} is for the cluster {network.cluster} alone; choose another network")
    use, claimed = "vip" if order.vip else "reserved", claims.for_machine(ctx)
    if order.vip and ctx.db.scalar(
        select(ADDRESS.id).where(ADDRESS.network_id == row.id, ADDRESS.vip == order.vip, ADDRESS.cluster_id == cluster_id)
    ):
        raise Conflict(f"the virtual address {order.vip} has an address on {name} already; free that first")
    if order.address:
        ip = addresses.by_hand(network, ranges, order.address, use, claimed)
    else:
        ip = addresses.free(ctx, row, network, ranges, use, claimed)
    addresses.keep(ctx, row, ip, **holder)
    ctx.db.flush()
    out = _outs(ctx, row, ip)[0]
    ctx.event("address.held", f"{ip} of network {name}: {out.holder}")
    return out


@usecase("network.free", "operator")
def free_address(ctx: Ctx, name: str, address: str) -> None:
    """Give back an address that is virtual or kept free. Raises NotFound, Conflict for a machine's."""
    row = networks.find(ctx, name)
    ip = parsed(address)
    held = ctx.db.scalar(select(ADDRESS).where(ADDRESS.network_id == row.id, ADDRESS.ip == str(ip)))
    if held is None:
        raise NotFound(f"nobody has {address[:64]} of the network {name}; `ocicli network addresses {name}` lists them")
    out = _outs(ctx, row, held.ip)[0]
    if held.machine_id is not None:
        raise Conflict(f"{held.ip} is the address of {out.machine}; it is given back when that is unassigned or released")
    ctx.db.delete(held)
    ctx.event("address.freed", f"{held.ip} of network {name} is free again; it was {out.holder}")
