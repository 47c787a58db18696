"""The promise of a machine to a cluster: role, number, name and addresses. Shared by use cases; holds none itself."""

from __future__ import annotations

from ipaddress import IPv4Address

from sqlalchemy import select

from oci.context import Ctx
from oci.db import tables
from oci.domain.cluster import roles
from oci.domain.networks.single import BadNetwork, NetworkRecord, allocate, check
from oci.problems import Conflict, NotFound
from oci.records.clusters import claims
from oci.records.machines.moves import move
from oci.schemas.machines.machines import AssignIn

MACHINE, PROMISE = tables.Machine, tables.Assignment


def _cluster_and_role(ctx: Ctx, order: AssignIn) -> tuple[tables.Cluster, roles.Role, tables.Network]:
    cluster = ctx.db.scalar(select(tables.Cluster).where(tables.Cluster.name == order.cluster))
    if cluster is None:
        raise NotFound(f"no cluster is called {order.cluster!r}; `ocicli cluster list` shows those that exist")
    role = ctx.outside.roles.get(order.role)
    if role is None:
        known = ", ".join(sorted(ctx.outside.roles))
        wrong = next((f". {t}" for t in ctx.outside.troubles if f"{order.role}.yaml" in t), "")
        raise NotFound(f"no role is called {order.role!r}; roles are {known}{wrong}")
    network = ctx.db.get(tables.Network, cluster.network_id)
    assert network is not None
    return cluster, role, network


def _take_address(ctx: Ctx, machine: tables.Machine, network: tables.Network, wanted: str) -> str:
    held = claims.for_machine(ctx, machine.id)
    record = NetworkRecord(
        network.name, network.purpose, network.cidr, wanted or network.first, wanted or network.last, network.gateway
    )
    try:
        if wanted:
            check(record)
            claim = held.on(IPv4Address(wanted))
            if claim:
                raise Conflict(f"address {wanted} is {claim.holder}; choose another or leave it empty")
        ip = allocate(record, set(), held)
    except BadNetwork as bad:
        raise Conflict(str(bad)) from None
    ctx.db.add(tables.Address(network_id=network.id, ip=ip, machine_id=machine.id))
    return ip


def _refuse_taken(ctx: Ctx, fqdn: str) -> None:
    """Raise Conflict when another machine is called `fqdn`, or promised that name."""
    known = (select(MACHINE.id).where(MACHINE.name == fqdn), select(PROMISE.machine_id).where(PROMISE.fqdn == fqdn))
    if any(ctx.db.scalar(query.limit(1)) is not None for query in known):
        raise Conflict(f"{fqdn} is already the name of another machine; choose another host name")


def _name(ctx: Ctx, cluster: tables.Cluster, role: roles.Role, wanted: str) -> tuple[int, str]:
    """Number and short host name; a number whose name is somebody's already is left out. Raises Conflict."""
    numbers = set(
        ctx.db.scalars(
            select(tables.Assignment.number).where(
                tables.Assignment.cluster_id == cluster.id, tables.Assignment.role == role.name
            )
        )
    )
    if wanted:
        why = claims.bad_name(ctx, wanted, cluster.domain)
        if why:
            raise Conflict(f"a machine cannot be called {wanted}.{cluster.domain}: {why}")
        _refuse_taken(ctx, f"{wanted}.{cluster.domain}")
        return roles.next_number(numbers), wanted
    names = set(ctx.db.scalars(select(MACHINE.name)))

    def refused(number: int) -> bool:
        host = roles.hostname(role, number)
        return f"{host}.{cluster.domain}" in names or bool(claims.bad_name(ctx, host, cluster.domain))

    try:
        number = roles.next_number(numbers, refused)
    except roles.BadRole as bad:
        raise Conflict(str(bad)) from None
    return number, roles.hostname(role, number)


def give(ctx: Ctx, machine: tables.Machine, order: AssignIn) -> None:
    """Promise the machine to a cluster. Raises NotFound for cluster or role, Conflict when it cannot be."""
    cluster, role, network = _cluster_and_role(ctx, order)
    move(ctx, machine, "assign")
    forget_promise(ctx, machine)
    number, host = _name(ctx, cluster, role, order.hostname)
    address = _take_address(ctx, machine, network, order.address)
    fqdn = f"{host}.{cluster.domain}"
    ctx.db.add(
        tables.Assignment(
            machine_id=machine.id, cluster_id=cluster.id, role=role.name, number=number, hostname=host, fqdn=fqdn
        )
    )
    machine.name = fqdn
    ctx.db.flush()
    ctx.event("machine.state", f"promised to {cluster.name} as {role.title} {fqdn}, {address}", machine, cluster)


def take_back(ctx: Ctx, machine: tables.Machine, verb: str) -> None:
    """Move the machine by `verb`, and give back what was promised with it. Raises Conflict."""
    move(ctx, machine, verb)
    forget_promise(ctx, machine)


def forget_promise(ctx: Ctx, machine: tables.Machine) -> None:
    """Give the machine's role, name and addresses back. What was signed for that name is worth nothing from now on."""
    fqdn = ctx.db.scalar(select(tables.Assignment.fqdn).where(tables.Assignment.machine_id == machine.id))
    known = (
        select(tables.Challenge.id).where(tables.Challenge.machine_id == machine.id),
        select(tables.Install.id).where(tables.Install.machine_id == machine.id),
    )
    if fqdn and any(ctx.db.scalar(query.limit(1)) is not None for query in known):
        ctx.queue("clean_certificate", machine, certname=fqdn, ordered=ctx.now())
    for table in (tables.Assignment, tables.Address, tables.Challenge):
        for row in ctx.db.scalars(select(table).where(table.machine_id == machine.id)):
            ctx.db.delete(row)
    machine.name = f"machine-{machine.id}"
    ctx.db.flush()
