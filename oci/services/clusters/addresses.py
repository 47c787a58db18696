"""Addresses of a network that are somebody's: shown, kept for a virtual address or a reason, and given back."""

from __future__ import annotations

from sqlalchemy import select

from oci.context import Ctx
from oci.db import tables
from oci.records.clusters import networks
from oci.records.clusters.changes import addresses as changes
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
    return AddressOut(
        address=address.ip,
        network=row.name,
        holder=changes.holder(machine, address.vip, cluster, address.note),
        machine=machine,
        vip=f"{address.vip}.{domain}" if address.vip else "",
        note=address.note,
    )


@usecase("network.addresses", "viewer", reads=True)
def list_addresses(ctx: Ctx, name: str) -> AddressList:
    """The addresses of a network that are somebody's, by number. Raises NotFound."""
    return AddressList(addresses=_outs(ctx, networks.find(ctx, name)))


@usecase("network.hold", "operator")
def hold_address(ctx: Ctx, name: str, order: AddressIn) -> AddressOut:
    """Keep an address for a cluster's virtual address, or for a reason. Raises Problem, NotFound, Conflict."""
    row = networks.find(ctx, name)
    return _outs(ctx, row, changes.hold(ctx, row, order))[0]


@usecase("network.free", "operator")
def free_address(ctx: Ctx, name: str, address: str) -> None:
    """Give back an address that is virtual or kept free. Raises NotFound, Conflict for a machine's."""
    changes.free(ctx, networks.find(ctx, name), address)
