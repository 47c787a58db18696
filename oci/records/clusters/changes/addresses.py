"""What becomes of addresses that no machine has: virtual ones, and those that are kept free."""

from __future__ import annotations

from sqlalchemy import select

from oci.context import Ctx
from oci.db import tables
from oci.domain.networks.networks import parsed
from oci.problems import Conflict, NotFound, Problem
from oci.records.clusters import addresses, claims, networks
from oci.schemas.clusters.networks import AddressIn

ADDRESS, MACHINE, CLUSTER = tables.Address, tables.Machine, tables.Cluster


def holder(machine: str, vip: str, cluster: str, note: str) -> str:
    """Whose an address is, in words."""
    return machine or (f"the virtual address {vip} of cluster {cluster}" if vip else f"kept free: {note}")


def _whose(ctx: Ctx, address: tables.Address) -> str:
    machine = ctx.db.get(MACHINE, address.machine_id) if address.machine_id else None
    cluster = ctx.db.get(CLUSTER, address.cluster_id) if address.cluster_id else None
    return holder(machine.name if machine else "", address.vip, cluster.name if cluster else "", address.note)


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


def hold(ctx: Ctx, row: tables.Network, order: AddressIn) -> str:
    """Keep an address for a cluster's virtual address, or for a reason; which. Raises Problem, NotFound, Conflict."""
    columns = _holder(ctx, order)
    network, ranges = networks.of_rows(ctx, [row])[0], networks.ranges(ctx, [row])
    cluster_id = columns.get("cluster_id")
    if cluster_id is not None and row.cluster_id not in (None, cluster_id):
        raise Conflict(f"the network {row.name} is for the cluster {network.cluster} alone; choose another network")
    use, claimed = "vip" if order.vip else "reserved", claims.for_machine(ctx)
    if order.vip and ctx.db.scalar(
        select(ADDRESS.id).where(ADDRESS.network_id == row.id, ADDRESS.vip == order.vip, ADDRESS.cluster_id == cluster_id)
    ):
        raise Conflict(f"the virtual address {order.vip} has an address on {row.name} already; free that first")
    if order.address:
        ip = addresses.by_hand(network, ranges, order.address, use, claimed)
    else:
        ip = addresses.free(ctx, row, network, ranges, use, claimed)
    addresses.keep(ctx, row, ip, **columns)
    ctx.db.flush()
    ctx.event("address.held", f"{ip} of network {row.name}: {holder('', order.vip, order.cluster, order.note)}")
    return ip


def free(ctx: Ctx, row: tables.Network, address: str) -> None:
    """Give back an address that is virtual or kept free. Raises NotFound, Conflict for a machine's."""
    ip = parsed(address)
    held = ctx.db.scalar(select(ADDRESS).where(ADDRESS.network_id == row.id, ADDRESS.ip == str(ip)))
    if held is None:
        raise NotFound(
            f"nobody has {address[:64]} of the network {row.name}; `ocicli network addresses {row.name}` lists them"
        )
    whose = _whose(ctx, held)
    if held.machine_id is not None:
        raise Conflict(f"{held.ip} is the address of {whose}; it is given back when that is unassigned or released")
    ctx.db.delete(held)
    ctx.event("address.freed", f"{held.ip} of network {row.name} is free again; it was {whose}")
