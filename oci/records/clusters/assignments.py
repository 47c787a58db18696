"""What a machine is to a cluster: role, number, name and addresses. Shared by use cases; holds none itself."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import select

from oci.context import Ctx
from oci.db import tables
from oci.domain.cluster import roles
from oci.domain.machines import lifecycle
from oci.problems import Conflict, NotFound, Problem
from oci.records.cloud import run_orders
from oci.records.clusters import addresses, claims, networks, settings
from oci.records.machines import promises
from oci.records.machines.moves import move
from oci.schemas.machines.machines import AssignIn

MACHINE, ASSIGNMENT = tables.Machine, tables.Assignment


@dataclass(frozen=True)
class Spared:
    """What others are going to have by name, so that nobody is given it who takes the next: addresses, short host names."""

    addresses: frozenset[str] = frozenset()
    hosts: frozenset[str] = frozenset()


NOTHING = Spared()


def _cluster_and_role(ctx: Ctx, order: AssignIn) -> tuple[tables.Cluster, roles.Role]:
    cluster = ctx.db.scalar(select(tables.Cluster).where(tables.Cluster.name == order.cluster))
    if cluster is None:
        raise NotFound(f"no cluster is called {order.cluster!r}; `ocicli cluster list` shows those that exist")
    role = ctx.outside.roles.get(order.role)
    if role is None:
        known = ", ".join(sorted(ctx.outside.roles))
        wrong = next((f". {t}" for t in ctx.outside.troubles if f"{order.role}.yaml" in t), "")
        raise NotFound(f"no role is called {order.role!r}; roles are {known}{wrong}")
    return cluster, role


def _wanted(order: AssignIn, rows: Sequence[tables.Network]) -> dict[str, str]:
    """The addresses that a person wants, by name of the network. Raises Problem for one that the role lacks."""
    wanted = {rows[0].name: order.address} if order.address else {}
    names = [row.name for row in rows]
    for pair in order.addresses:
        network, _, address = pair.partition("=")
        if network not in names:
            raise Problem(f"the machine is to have no address on {network[:63]!r}; its networks are {', '.join(names)}")
        if wanted.setdefault(network, address) != address:
            raise Problem(f"two addresses are wanted on {network}; a machine has one on each network")
    return wanted


def _take_addresses(
    ctx: Ctx, machine: tables.Machine, rows: Sequence[tables.Network], order: AssignIn, base: tables.Network, spared: Spared
) -> list[str]:
    """An address on each network; where machines are given none, the machine is without one, but on `base` it has one."""
    claimed, wanted = claims.for_machine(ctx, machine.id), _wanted(order, rows) if rows else {}
    ranges = networks.ranges(ctx, rows)
    taken = []
    for row, network in zip(rows, networks.of_rows(ctx, rows), strict=True):
        mine = [one for one in ranges if one.network == row.name]
        if row.name in wanted:
            ip = addresses.by_hand(network, mine, wanted[row.name], "machines", claimed)
        elif row is base or any(one.use == "machines" for one in mine):
            ip = addresses.free(ctx, row, network, mine, "machines", claimed, spared.addresses)
        else:
            continue
        addresses.keep(ctx, row, ip, machine_id=machine.id)
        taken.append(ip)
    return taken


def _refuse_taken(ctx: Ctx, fqdn: str) -> None:
    """Raise Conflict when another machine is called `fqdn`, or promised that name."""
    known = (select(MACHINE.id).where(MACHINE.name == fqdn), select(ASSIGNMENT.machine_id).where(ASSIGNMENT.fqdn == fqdn))
    if any(ctx.db.scalar(query.limit(1)) is not None for query in known):
        raise Conflict(f"{fqdn} is already the name of another machine; choose another host name")


def _name(ctx: Ctx, cluster: tables.Cluster, role: roles.Role, wanted: str, spared: Spared) -> tuple[int, str]:
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
        taken = host in spared.hosts or f"{host}.{cluster.domain}" in names
        return taken or bool(claims.bad_name(ctx, host, cluster.domain))

    try:
        number = roles.next_number(numbers, refused)
    except roles.BadRole as bad:
        raise Conflict(str(bad)) from None
    return number, roles.hostname(role, number)


def give(ctx: Ctx, machine: tables.Machine, order: AssignIn, spared: Spared = NOTHING) -> None:
    """Promise the machine to a cluster. Raises NotFound for cluster or role, Conflict when it cannot be."""
    cluster, role = _cluster_and_role(ctx, order)
    move(ctx, machine, "assign")
    forget(ctx, machine)
    rows = networks.for_role(ctx, cluster, role)
    number, host = _name(ctx, cluster, role, order.hostname, spared)
    taken = _take_addresses(ctx, machine, rows, order, rows[0], spared)
    fqdn = f"{host}.{cluster.domain}"
    ctx.db.add(
        tables.Assignment(
            machine_id=machine.id, cluster_id=cluster.id, role=role.name, number=number, hostname=host, fqdn=fqdn
        )
    )
    machine.name = fqdn
    ctx.db.flush()
    ctx.event("machine.state", f"promised to {cluster.name} as {role.title} {fqdn}, {', '.join(taken)}", machine, cluster)
    promises.work_out(ctx, machine)


def renew(ctx: Ctx, machine: tables.Machine) -> str:
    """Work the machine's promise out anew: addresses on networks that its role has by now, cards, disks. What is in the way
    in words. Raises Conflict when it has no role, or works just now."""
    assignment = ctx.db.get(ASSIGNMENT, machine.id)
    if assignment is None:
        raise Conflict(f"{machine.name} has no role, so nothing is promised to it; assign it first")
    if lifecycle.STATES[machine.state].transient:
        raise Conflict(f"{machine.name} is {machine.state}, by what was promised; wait for its end, or abort it")
    cluster = ctx.db.get(tables.Cluster, assignment.cluster_id)
    assert cluster is not None
    rows = networks.for_role(ctx, cluster, claims.role_named(ctx, assignment.role))
    held = addresses.of_machine(ctx, machine.id)
    for address in ctx.db.scalars(select(tables.Address).where(tables.Address.machine_id == machine.id)):
        if address.network_id not in {row.id for row in rows}:
            ctx.db.delete(address)
    ctx.db.flush()
    order = AssignIn(cluster=cluster.name, role=assignment.role)
    _take_addresses(ctx, machine, [row for row in rows if row.name not in held], order, rows[0], NOTHING)
    ctx.db.flush()
    return promises.work_out(ctx, machine)


def take_back(ctx: Ctx, machine: tables.Machine, verb: str) -> None:
    """Move the machine by `verb`, and give back what was promised with it. Raises Conflict."""
    move(ctx, machine, verb)
    forget(ctx, machine)


def forget(ctx: Ctx, machine: tables.Machine) -> None:
    """Give the machine's role, name and addresses back. What was signed for that name is worth nothing from now on."""
    fqdn = ctx.db.scalar(select(tables.Assignment.fqdn).where(tables.Assignment.machine_id == machine.id))
    known = (
        select(tables.Challenge.id).where(tables.Challenge.machine_id == machine.id),
        select(tables.Work.id).where(tables.Work.machine_id == machine.id),
    )
    if fqdn and any(ctx.db.scalar(query.limit(1)) is not None for query in known):
        ctx.queue("clean_certificate", machine, certname=fqdn, ordered=ctx.now())
    run_orders.silence(ctx, machine.id)
    for table in (tables.Assignment, tables.Address, tables.Challenge, tables.Certificate):
        for row in ctx.db.scalars(select(table).where(table.machine_id == machine.id)):
            ctx.db.delete(row)
    settings.leave(ctx, machine.id)
    machine.name = f"machine-{machine.id}"
    ctx.db.flush()
