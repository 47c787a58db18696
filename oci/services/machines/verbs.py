"""What people do with machines."""

from __future__ import annotations

from sqlalchemy import select

from oci.context import Ctx
from oci.db import tables
from oci.domain.cloud.run_orders import RUN
from oci.problems import Conflict, Problem
from oci.records.cloud import run_orders
from oci.records.clusters import assignments, settings
from oci.records.machines import controllers, identities, power_orders, promises, works
from oci.records.machines.moves import find, move
from oci.records.machines.views import detail
from oci.schemas.machines.machines import AssignIn, BmcIn, CablingIn, MachineDetail
from oci.services.usecase import usecase


@usecase("machine.assign", "operator")
def assign(ctx: Ctx, name: str, order: AssignIn) -> MachineDetail:
    """Promise the machine to a cluster: role, number, host name, address. Nothing on it is touched."""
    machine = find(ctx, name)
    assignments.give(ctx, machine, order)
    return detail(ctx, machine)


@usecase("machine.unassign", "operator")
def unassign(ctx: Ctx, name: str) -> MachineDetail:
    """Take the promise back."""
    machine = find(ctx, name)
    assignments.take_back(ctx, machine, "unassign")
    return detail(ctx, machine)


@usecase("machine.promise", "operator")
def promise(ctx: Ctx, name: str) -> MachineDetail:
    """Work out anew what an install makes of the machine: its addresses, interfaces and disks."""
    machine = find(ctx, name)
    why = assignments.renew(ctx, machine)
    if why:
        raise Conflict(why)
    return detail(ctx, machine)


@usecase("machine.cabling", "operator")
def cabling(ctx: Ctx, name: str, order: CablingIn) -> MachineDetail:
    """Say how the machine is cabled where the rules would have it otherwise; its promise is worked out anew."""
    machine = find(ctx, name)
    promises.wish(ctx, machine, order.model_dump())
    why = assignments.renew(ctx, machine)
    if why:
        raise Conflict(why)
    return detail(ctx, machine)


@usecase("machine.install", "operator")
def install(ctx: Ctx, name: str) -> MachineDetail:
    """Install Debian on the machine, as promised by its assignment."""
    machine = find(ctx, name)
    works.install(ctx, machine)
    return detail(ctx, machine)


@usecase("machine.abort", "operator")
def abort(ctx: Ctx, name: str) -> MachineDetail:
    """Stop what runs on the machine. A half-written disk stays as it is."""
    machine = find(ctx, name)
    works.abort(ctx, machine)
    return detail(ctx, machine)


@usecase("machine.release", "operator")
def release(ctx: Ctx, name: str, confirm: str) -> MachineDetail:
    """Wipe the machine's disks and take its promise back once that is done."""
    machine = find(ctx, name)
    if confirm != machine.name:
        raise Problem(f"to wipe the disks of {machine.name}, confirm with exactly that name; {confirm[:80]!r} is not it")
    works.release(ctx, machine)
    return detail(ctx, machine)


@usecase("machine.retire", "operator")
def retire(ctx: Ctx, name: str) -> MachineDetail:
    """Keep the machine in the records only; its promise is taken back, and what is set for it alone is dropped."""
    machine = find(ctx, name)
    assignments.take_back(ctx, machine, "retire")
    if names := settings.forget(ctx, machine):
        ctx.event("setting.unset", f"{', '.join(names)} of {machine.name}, which is retired", machine)
    return detail(ctx, machine)


@usecase("machine.restore", "operator")
def restore(ctx: Ctx, name: str) -> MachineDetail:
    """Undo `retire`."""
    machine = find(ctx, name)
    move(ctx, machine, "restore")
    return detail(ctx, machine)


@usecase("machine.bmc", "operator")
def set_bmc(ctx: Ctx, name: str, bmc: BmcIn) -> MachineDetail:
    """Store how the machine's management controller is reached. Raises Conflict when another machine has it."""
    machine = find(ctx, name)
    controllers.take(ctx, machine, bmc)
    return detail(ctx, machine)


@usecase("machine.forget-bmc", "operator")
def forget_bmc(ctx: Ctx, name: str) -> MachineDetail:
    """Forget the machine's management controller, so that another machine may have it."""
    machine = find(ctx, name)
    if not machine.bmc.address:
        raise Conflict(f"{machine.name} has no management controller that could be forgotten")
    controllers.forget(ctx, machine)
    return detail(ctx, machine)


@usecase("machine.power", "operator")
def power(ctx: Ctx, name: str, verb: str) -> MachineDetail:
    """Switch power `on`, `off` or `cycle` through the management controller, in the background."""
    machine = find(ctx, name)
    if not machine.bmc.address:
        raise Conflict(f"{machine.name} has no management controller; `ocicli machine bmc` tells OCI how to reach it")
    power_orders.order(ctx, machine, verb)
    return detail(ctx, machine)


@usecase("machine.run-puppet", "operator")
def run_puppet(ctx: Ctx, name: str) -> MachineDetail:
    """Have Puppet run on an active machine, which learns of it by its next poll. Raises Conflict for any other."""
    machine = find(ctx, name)
    run_orders.order(ctx, machine, RUN)
    return detail(ctx, machine)


@usecase("machine.enrol", "operator")
def enrol(ctx: Ctx, mac: str, bmc: BmcIn | None = None) -> MachineDetail:
    """Make a machine known before its first boot, by the MAC it will boot from, so that OCI can switch it on."""
    mac = mac.lower()  # as machines and reports say it, whichever door it came through
    if ctx.db.scalar(select(tables.Nic.machine_id).where(tables.Nic.mac == mac).limit(1)):
        raise Conflict(f"{mac} already belongs to a machine; `ocicli machine show {mac}` shows it")
    machine = identities.make(ctx, {"name": f"new-{mac}"})  # who enrols it at the same moment collides
    ctx.db.add(tables.Nic(mac=mac, machine_id=machine.id, name=""))
    ctx.event("machine.discovered", f"enrolled by {ctx.actor.name} with MAC {mac}", machine)
    if bmc:
        controllers.take(ctx, machine, bmc)
    return detail(ctx, machine)
