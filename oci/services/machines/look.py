"""What people ask about machines."""

from __future__ import annotations

from sqlalchemy import func, or_, select
from sqlalchemy.orm import joinedload

from oci.context import Ctx
from oci.db import tables
from oci.domain.machines import lifecycle
from oci.domain.machines.lifecycle import STATES
from oci.domain.path import works
from oci.domain.path.convergence import CONVERGENCE, UNWELL
from oci.domain.quantities import span
from oci.problems import Problem
from oci.records.activity import queue
from oci.records.clusters import claims
from oci.records.machines import disk_orders
from oci.records.machines.moves import find
from oci.records.machines.views import detail, outs
from oci.records.path import liveness
from oci.records.path.liveness import open_install
from oci.schemas.machines.machines import MachineDetail, MachineList, Why
from oci.services.usecase import usecase

MACHINE = tables.Machine


@usecase("machine.list", "viewer", reads=True)
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
    page = query.options(joinedload(MACHINE.pulse)).order_by(MACHINE.name).limit(limit).offset(offset)
    rows = ctx.db.scalars(page)
    return MachineList(machines=outs(ctx, rows), total=total)


@usecase("machine.counts", "viewer", reads=True)
def counts(ctx: Ctx) -> dict[str, int]:
    """How many machines are in each state; every state is there."""
    found = dict(ctx.db.execute(select(MACHINE.state, func.count()).group_by(MACHINE.state)).tuples().all())
    return {state: found.get(state, 0) for state in STATES}


@usecase("machine.show", "viewer", reads=True)
def show(ctx: Ctx, name: str) -> MachineDetail:
    """One machine with its inventory."""
    return detail(ctx, find(ctx, name))


def _since(machine: tables.Machine) -> str:
    return f"; the last good run ended at {liveness.utc_at(machine.converged_at)}" if machine.converged_at else ""


@usecase("machine.why", "viewer", reads=True)
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
    if install and (waits := queue.sentence(ctx, install)):
        parts.append(waits)
    if machine.deadline:
        parts.append(f"If nothing moves for another {span(max(0.0, machine.deadline - ctx.now()))}, it is called failed.")
    if machine.convergence in UNWELL:
        parts.append(f"Puppet is {machine.convergence}: {CONVERGENCE[machine.convergence]}{_since(machine)}.")
    if recent:
        parts.append("Last heard: " + "; ".join(e.text for e in recent) + ".")
    verbs = lifecycle.possible(machine.state)
    if works.INSTALL.starts in verbs and machine.inventory:
        chosen = disk_orders.choices(machine, claims.layout_of(ctx, machine))
        parts.append(f"If it is installed, {disk_orders.sentences(chosen)}.")
    parts.append(f"You can: {', '.join(verbs)}." if verbs else "There is nothing to do by hand.")
    return Why(text=" ".join(parts), verbs=verbs)
