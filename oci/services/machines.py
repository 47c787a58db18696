"""Machines: what people ask about them and do with them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from ipaddress import IPv4Address
from typing import Any

from sqlalchemy import func, or_, select

from oci.db import tables
from oci.domain import lifecycle, phases, roles
from oci.domain.controllers import doubt
from oci.domain.convergence import CONVERGENCE
from oci.domain.hardware import Inventory, disk_wipe
from oci.domain.lifecycle import STATES
from oci.domain.networks import BadNetwork, NetworkRecord, allocate, check
from oci.domain.patience import words
from oci.schemas.machine import AssignIn, BmcIn, MachineDetail, MachineList, MachineOut, Progress, Why
from oci.services import claims, controllers, disk_orders, liveness, power_orders
from oci.services.context import Conflict, Ctx, NotFound, Problem, usecase
from oci.services.liveness import open_install
from oci.services.moves import close_install, find, forget_promise, move, start_work

MACHINE, PROMISE = tables.Machine, tables.Assignment


def progress(install: tables.Install | None) -> Progress | None:
    """The install as people see it."""
    if install is None:
        return None
    phase = phases.PHASES.get(install.phase)
    return Progress(
        kind=install.kind,
        attempt=install.attempt,
        phase=install.phase,
        title=phase.title if phase else "Waiting for the machine",
        phase_percent=install.percent,
        doing=install.doing if install.finished is None else "",
        percent=100 if install.outcome == "done" else phases.progress(install.kind, install.phase, install.percent),
        started=install.started,
        finished=install.finished,
        outcome=install.outcome,
    )


def _related(ctx: Ctx, ids: Sequence[int]) -> tuple[dict[int, Any], dict[int, list[str]], dict[int, Any]]:
    """Assignments with cluster and address, MACs, and latest installs of the machines `ids`: three queries."""
    promises = {}
    rows = ctx.db.execute(
        select(tables.Assignment, tables.Cluster.name, tables.Address.ip)
        .join(tables.Cluster)
        .outerjoin(tables.Address, tables.Address.machine_id == tables.Assignment.machine_id)
        .where(tables.Assignment.machine_id.in_(ids))
    )
    for assignment, cluster, address in rows:
        promises[assignment.machine_id] = (assignment, cluster, address or "")
    macs: dict[int, list[str]] = {}
    for nic in ctx.db.scalars(select(tables.Nic).where(tables.Nic.machine_id.in_(ids)).order_by(tables.Nic.name)):
        macs.setdefault(nic.machine_id, []).append(nic.mac)
    latest = (
        select(func.max(tables.Install.id)).where(tables.Install.machine_id.in_(ids)).group_by(tables.Install.machine_id)
    )
    installs = {i.machine_id: i for i in ctx.db.scalars(select(tables.Install).where(tables.Install.id.in_(latest)))}
    return promises, macs, installs


def _values(machine: tables.Machine, promise: Any, macs: list[str], install: Any) -> dict[str, Any]:
    assignment, cluster, address = promise or (None, "", "")
    return dict(
        id=machine.id,
        name=machine.name,
        state=machine.state,
        since=machine.state_since,
        deadline=machine.deadline,
        reason=machine.reason,
        power=machine.power,
        presence=machine.presence,
        seen=machine.seen,
        convergence=machine.convergence,
        vendor=machine.vendor,
        model=machine.model,
        serial=machine.serial,
        uuid=machine.uuid,
        firmware=machine.firmware,
        memory_bytes=machine.memory_bytes,
        cores=machine.cores,
        disk_bytes=machine.disk_bytes,
        macs=macs,
        cluster=cluster,
        role=assignment.role if assignment else "",
        hostname=assignment.hostname if assignment else "",
        fqdn=assignment.fqdn if assignment else "",
        address=address,
        bmc_address=machine.bmc_address,
        bmc_username=machine.bmc_username,
        bmc_doubt=doubt(machine.bmc_address, machine.bmc_reported),
        verbs=lifecycle.possible(machine.state),
        progress=progress(install),
    )


def _out(ctx: Ctx, machines: Iterable[tables.Machine]) -> list[MachineOut]:
    machines = list(machines)
    promises, macs, installs = _related(ctx, [m.id for m in machines])
    return [MachineOut(**_values(m, promises.get(m.id), macs.get(m.id, []), installs.get(m.id))) for m in machines]


def _detail(ctx: Ctx, machine: tables.Machine) -> MachineDetail:
    ctx.db.flush()
    promises, macs, installs = _related(ctx, [machine.id])
    install = installs.get(machine.id)
    values = _values(machine, promises.get(machine.id), macs.get(machine.id, []), install)
    seen = Inventory.from_dict(machine.inventory)
    return MachineDetail(
        **values,
        **disk_orders.outlook(machine),
        inventory=machine.inventory,
        problems=list(seen.problems),
        missing_firmware=[f"{f.file} ({f.package or 'no Debian package known'})" for f in seen.missing_firmware],
        install_log=install.log if install else "",
    )


@usecase("viewer", reads=True)
def list_machines(
    ctx: Ctx, state: str = "", search: str = "", limit: int = 200, offset: int = 0, convergence: str = ""
) -> MachineList:
    """Machines by name, newest state first kept out of it; `state`, `search` and `convergence` narrow the list."""
    if convergence and convergence not in CONVERGENCE:
        raise Problem(f"there is no convergence {convergence[:40]!r}; it is one of {', '.join(CONVERGENCE)}")
    if state and state not in STATES:
        raise Problem(f"there is no state {state[:40]!r}; states are {', '.join(STATES)}")
    query = select(MACHINE)
    if state:
        query = query.where(MACHINE.state == state)
    if convergence:
        query = query.where(MACHINE.convergence == convergence)
    if search:
        part = search.lower()
        columns = (MACHINE.name, MACHINE.serial, MACHINE.vendor, MACHINE.model, MACHINE.uuid)
        by_nic = select(tables.Nic.machine_id).where(tables.Nic.mac.contains(part, autoescape=True))
        query = query.where(or_(*(func.lower(c).contains(part, autoescape=True) for c in columns), MACHINE.id.in_(by_nic)))
    total = ctx.db.scalar(select(func.count()).select_from(query.subquery())) or 0
    rows = ctx.db.scalars(query.order_by(MACHINE.name).limit(limit).offset(offset))
    return MachineList(machines=_out(ctx, rows), total=total)


@usecase("viewer", reads=True)
def counts(ctx: Ctx) -> dict[str, int]:
    """How many machines are in each state; every state is there."""
    found = dict(ctx.db.execute(select(MACHINE.state, func.count()).group_by(MACHINE.state)).tuples().all())
    return {state: found.get(state, 0) for state in STATES}


@usecase("viewer", reads=True)
def show(ctx: Ctx, name: str) -> MachineDetail:
    """One machine with its inventory."""
    return _detail(ctx, find(ctx, name))


def _since(machine: tables.Machine) -> str:
    return f"; the last good run ended at {liveness.utc_at(machine.converged_at)}" if machine.converged_at else ""


@usecase("viewer", reads=True)
def why(ctx: Ctx, name: str) -> Why:
    """Why the machine is where it is, in words, with the events that led there and what can be done now."""
    machine = find(ctx, name)
    recent = ctx.db.scalars(
        select(tables.Event).where(tables.Event.machine_id == machine.id).order_by(tables.Event.id.desc()).limit(3)
    ).all()
    state = STATES[machine.state]
    parts = [f"{machine.name} is {state.name}: {state.meaning}."]
    if machine.reason:
        parts.append(f"Reason: {machine.reason}.")
    install = open_install(ctx, machine)
    if install and install.doing:
        parts.append(f"It is at: {liveness.doing(install)}.")
    if machine.deadline:
        parts.append(f"If nothing moves for another {words(max(0.0, machine.deadline - ctx.now()))}, it is called failed.")
    if machine.convergence in ("failed", "cached", "stale"):
        parts.append(f"Puppet is {machine.convergence}: {CONVERGENCE[machine.convergence]}{_since(machine)}.")
    if recent:
        parts.append("Last heard: " + "; ".join(e.text for e in recent) + ".")
    verbs = lifecycle.possible(machine.state)
    if "install" in verbs and machine.inventory:
        parts.append(f"If it is installed, {disk_orders.sentence(disk_orders.choice(machine))}.")
    parts.append(f"You can: {', '.join(verbs)}." if verbs else "There is nothing to do by hand.")
    return Why(text=" ".join(parts), verbs=verbs)


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


@usecase("operator")
def assign(ctx: Ctx, name: str, order: AssignIn) -> MachineDetail:
    """Promise the machine to a cluster: role, number, host name, address. Nothing on it is touched."""
    machine = find(ctx, name)
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
    return _detail(ctx, machine)


@usecase("operator")
def unassign(ctx: Ctx, name: str) -> MachineDetail:
    """Take the promise back."""
    machine = find(ctx, name)
    move(ctx, machine, "unassign")
    forget_promise(ctx, machine)
    return _detail(ctx, machine)


@usecase("operator")
def install(ctx: Ctx, name: str) -> MachineDetail:
    """Install Debian on the machine, as promised by its assignment."""
    machine = find(ctx, name)
    if machine.state in ("failed", "active") and ctx.db.get(tables.Assignment, machine.id) is None:
        raise Conflict(f"{machine.name} has no role; unassign it and assign it to a cluster first")
    claims.check_promise(ctx, machine)
    choice = disk_orders.choice(machine)
    move(ctx, machine, "install")
    if machine.inventory:  # one that was enrolled and has not reported yet is judged when it asks for its orders
        if choice.disk is None:
            raise Conflict(disk_orders.refusal(machine, choice))
        ctx.event("install.disk", disk_orders.sentence(choice), machine)
    machine.convergence = "never"
    start_work(ctx, machine, "install")
    return _detail(ctx, machine)


@usecase("operator")
def abort(ctx: Ctx, name: str) -> MachineDetail:
    """Stop what runs on the machine. A half-written disk stays as it is."""
    machine = find(ctx, name)
    move(ctx, machine, "abort", reason=f"aborted by {ctx.actor.name}")
    close_install(ctx, machine, "aborted")
    return _detail(ctx, machine)


@usecase("operator")
def release(ctx: Ctx, name: str, confirm: str) -> MachineDetail:
    """Wipe the machine's disks and take its promise back once that is done."""
    machine = find(ctx, name)
    if confirm != machine.name:
        raise Problem(f"to wipe the disks of {machine.name}, confirm with exactly that name; {confirm[:80]!r} is not it")
    move(ctx, machine, "release")
    left = disk_wipe.told(disk_orders.wipe_plan(machine).left)
    if left:
        ctx.event("install.disk", f"the wipe of {machine.name} will not be whole: {left}", machine)
    start_work(ctx, machine, "wipe")
    return _detail(ctx, machine)


@usecase("operator")
def retire(ctx: Ctx, name: str) -> MachineDetail:
    """Keep the machine in the records only; its promise is taken back."""
    machine = find(ctx, name)
    move(ctx, machine, "retire")
    forget_promise(ctx, machine)
    return _detail(ctx, machine)


@usecase("operator")
def restore(ctx: Ctx, name: str) -> MachineDetail:
    """Undo `retire`."""
    machine = find(ctx, name)
    move(ctx, machine, "restore")
    return _detail(ctx, machine)


@usecase("operator")
def set_bmc(ctx: Ctx, name: str, bmc: BmcIn) -> MachineDetail:
    """Store how the machine's management controller is reached. Raises Conflict when another machine has it."""
    machine = find(ctx, name)
    controllers.take(ctx, machine, bmc)
    return _detail(ctx, machine)


@usecase("operator")
def forget_bmc(ctx: Ctx, name: str) -> MachineDetail:
    """Forget the machine's management controller, so that another machine may have it."""
    machine = find(ctx, name)
    if not machine.bmc_address:
        raise Conflict(f"{machine.name} has no management controller that could be forgotten")
    controllers.forget(ctx, machine)
    return _detail(ctx, machine)


@usecase("operator")
def power(ctx: Ctx, name: str, verb: str) -> MachineDetail:
    """Switch power `on`, `off` or `cycle` through the management controller, in the background."""
    machine = find(ctx, name)
    if not machine.bmc_address:
        raise Conflict(f"{machine.name} has no management controller; `ocicli machine bmc` tells OCI how to reach it")
    power_orders.order(ctx, machine, verb)
    return _detail(ctx, machine)


@usecase("operator")
def enrol(ctx: Ctx, mac: str, bmc: BmcIn | None = None) -> MachineDetail:
    """Make a machine known before its first boot, by the MAC it will boot from, so that OCI can switch it on."""
    mac = mac.lower()  # as machines and reports say it, whichever door it came through
    if ctx.db.scalar(select(tables.Nic.machine_id).where(tables.Nic.mac == mac).limit(1)):
        raise Conflict(f"{mac} already belongs to a machine; `ocicli machine show {mac}` shows it")
    now = ctx.now()
    machine = tables.Machine(name=f"new-{mac}", state="discovered", state_since=now, created=now, inventory={})
    ctx.db.add(machine)
    ctx.db.flush()
    machine.name = f"machine-{machine.id}"
    ctx.db.add(tables.Nic(mac=mac, machine_id=machine.id, name=""))
    ctx.event("machine.discovered", f"enrolled by {ctx.actor.name} with MAC {mac}", machine)
    if bmc:
        controllers.take(ctx, machine, bmc)
    return _detail(ctx, machine)
