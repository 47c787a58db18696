"""A machine's rows put together for those who look at it. Shared by use cases; holds none itself."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import func, select

from oci.context import Ctx
from oci.db import tables
from oci.domain.cluster.fleet import INSTALLED_OVER
from oci.domain.hardware import Inventory
from oci.domain.machines import lifecycle
from oci.domain.machines.controllers import doubt
from oci.domain.path import phases, works
from oci.records.activity import queue
from oci.records.clusters import claims
from oci.records.machines import disk_orders, promises
from oci.schemas.machines.machines import HeldAddress, MachineDetail, MachineOut, Progress


def progress(work: tables.Work | None, place: int = 0) -> Progress | None:
    """The work as people see it; `place` is the one that it has in the queue, 0 for none."""
    if work is None:
        return None
    phase = phases.PHASES.get(work.phase)
    return Progress(
        kind=work.kind,
        attempt=work.attempt,
        phase=work.phase,
        title=phase.title if phase else f"Waiting for room, number {place}" if place else "Waiting for the machine",
        queue=place,
        phase_percent=work.percent,
        doing=work.doing if work.finished is None else "",
        percent=100 if work.outcome == "done" else works.progress(work.kind, work.phase, work.percent),
        started=work.started,
        finished=work.finished,
        outcome=work.outcome,
    )


def _related(ctx: Ctx, ids: Sequence[int]) -> tuple[dict[int, Any], dict[int, list[str]], dict[int, Any], dict[int, int]]:
    """Assignments with cluster and address, MACs, latest works of the machines `ids`, and places in the queue."""
    rows = ctx.db.execute(
        select(tables.Assignment, tables.Cluster.name).join(tables.Cluster).where(tables.Assignment.machine_id.in_(ids))
    )
    held = _held(ctx, ids)
    promises = {
        assignment.machine_id: (assignment, cluster, held.get(assignment.machine_id, [])) for assignment, cluster in rows
    }
    macs: dict[int, list[str]] = {}
    for nic in ctx.db.scalars(select(tables.Nic).where(tables.Nic.machine_id.in_(ids)).order_by(tables.Nic.name)):
        macs.setdefault(nic.machine_id, []).append(nic.mac)
    latest = select(func.max(tables.Work.id)).where(tables.Work.machine_id.in_(ids)).group_by(tables.Work.machine_id)
    last_works = {w.machine_id: w for w in ctx.db.scalars(select(tables.Work).where(tables.Work.id.in_(latest)))}
    return promises, macs, last_works, queue.positions(ctx, list(last_works.values()))


def _held(ctx: Ctx, ids: Sequence[int]) -> dict[int, list[HeldAddress]]:
    """All addresses of the machines `ids`: those of the network that it is installed over first, then by network."""
    network, address = tables.Network, tables.Address
    rows = ctx.db.execute(
        select(address.machine_id, network.name, network.purpose, address.ip)
        .join(network, network.id == address.network_id)
        .where(address.machine_id.in_(ids))
        .order_by(network.purpose != INSTALLED_OVER, network.purpose, network.name, address.key)
    )
    held: dict[int, list[HeldAddress]] = {}
    for machine_id, name, purpose, ip in rows:
        held.setdefault(machine_id, []).append(HeldAddress(network=name, purpose=purpose, address=ip))
    return held


def _values(machine: tables.Machine, promise: Any, macs: list[str], work: Any, place: int) -> dict[str, Any]:
    assignment, cluster, held = promise or (None, "", [])
    return dict(
        id=machine.id,
        name=machine.name,
        state=machine.state,
        since=machine.state_since,
        deadline=machine.deadline,
        reason=machine.reason,
        power=machine.pulse.power,
        presence=machine.pulse.presence,
        seen=machine.pulse.seen,
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
        address=next((one.address for one in held if one.purpose == INSTALLED_OVER), ""),
        addresses=held,
        bmc_address=machine.bmc.address,
        bmc_username=machine.bmc.username,
        bmc_doubt=doubt(machine.bmc.address, machine.bmc.reported),
        verbs=lifecycle.possible(machine.state),
        progress=progress(work, place),
    )


def outs(ctx: Ctx, machines: Iterable[tables.Machine]) -> list[MachineOut]:
    """The machines as lists show them, in the same order: four queries, however many they are."""
    machines = list(machines)
    held, macs, last_works, places = _related(ctx, [m.id for m in machines])

    def out(machine: tables.Machine) -> MachineOut:
        work = last_works.get(machine.id)
        place = places.get(work.id, 0) if work else 0
        return MachineOut(**_values(machine, held.get(machine.id), macs.get(machine.id, []), work, place))

    return [out(machine) for machine in machines]


def detail(ctx: Ctx, machine: tables.Machine) -> MachineDetail:
    """One machine with its inventory and what an install would do, as its page shows it."""
    ctx.db.flush()
    held, macs, last_works, places = _related(ctx, [machine.id])
    work = last_works.get(machine.id)
    values = _values(machine, held.get(machine.id), macs.get(machine.id, []), work, places.get(work.id, 0) if work else 0)
    seen = Inventory.from_dict(machine.inventory)
    return MachineDetail(
        **values,
        **disk_orders.outlook(machine, claims.layout_of(ctx, machine)),
        **promises.outlook(ctx, machine),
        inventory=machine.inventory,
        problems=list(seen.problems),
        missing_firmware=[f"{f.file} ({f.package or 'no Debian package known'})" for f in seen.missing_firmware],
        install_log=work.log if work else "",
    )
