"""Questions about which machine is which, and the verbs that answer them: join and split."""

from __future__ import annotations

from sqlalchemy import delete, func, select, update

from oci.context import Ctx
from oci.db import tables
from oci.domain.identity.facts import canonical_mac, swapped_uuid
from oci.domain.machines import lifecycle
from oci.problems import Conflict, Problem
from oci.records.clusters import settings
from oci.records.machines import controllers
from oci.records.machines.identities import WITH_BMC, facts_from_data, identity_of, learn, make, nics_of, share
from oci.records.machines.moves import find
from oci.records.path.doubts import close_doubt, get_open
from oci.records.path.liveness import open_work
from oci.records.path.order_guard import bind_anew
from oci.records.path.returns import forget
from oci.schemas.machines.conflicts import ConflictList, ConflictOut, ConflictQuery, JoinIn, MergeIn, SplitIn, Suspect
from oci.schemas.machines.machines import MachineRef
from oci.services.usecase import usecase

TABLE = tables.Conflict


def _out(ctx: Ctx, found: tables.Conflict, names: dict[int, str]) -> ConflictOut:
    suspects = [
        Suspect(id=row["id"], name=names.get(row["id"], ""), agree=row["agree"], differ=row["differ"])
        for row in found.machines
        if row["id"] in names
    ]
    macs = [*found.facts.get("macs", ()), *found.facts.get("boot_macs", ())]
    return ConflictOut(
        id=found.id,
        kind=found.kind,
        text=found.text,
        opened=found.opened,
        seen=found.seen,
        times=found.times,
        closed=found.closed,
        outcome=found.outcome,
        actor=found.actor,
        machine=names.get(found.machine_id or 0, ""),
        macs=macs,
        uuid=found.facts.get("uuid", ""),
        serial=found.facts.get("serial", ""),
        bmc_mac=found.facts.get("bmc_mac", ""),
        vendor=found.facts.get("vendor", ""),
        model=found.facts.get("model", ""),
        machines=suspects,
        verbs=_verbs(found),
    )


def _verbs(found: tables.Conflict) -> list[str]:
    if found.closed is not None:
        return []
    return ["close"] if found.kind in ("returns", "refused") else ["join", "split"]


def _names(ctx: Ctx, rows: list[tables.Conflict]) -> dict[int, str]:
    ids = {row["id"] for found in rows for row in found.machines} | {found.machine_id for found in rows} - {None}
    query = select(tables.Machine.id, tables.Machine.name).where(tables.Machine.id.in_(ids))
    return dict(ctx.db.execute(query).tuples().all())


@usecase("conflict.list", "viewer", reads=True)
def list_conflicts(ctx: Ctx, wanted: ConflictQuery | None = None) -> ConflictList:
    """Open questions, oldest first; with `all` also those that were answered, newest first."""
    wanted = wanted or ConflictQuery()
    query = (
        select(TABLE).order_by(TABLE.id.desc())
        if wanted.all
        else select(TABLE).where(TABLE.closed.is_(None)).order_by(TABLE.id)
    )
    rows = list(ctx.db.scalars(query.limit(wanted.limit)))
    total = ctx.db.scalar(select(func.count()).select_from(TABLE).where(TABLE.closed.is_(None))) or 0
    names = _names(ctx, rows)
    return ConflictList(conflicts=[_out(ctx, row, names) for row in rows], open=total)


@usecase("conflict.show", "viewer", reads=True)
def show(ctx: Ctx, number: int) -> ConflictOut:
    """One question, open or answered."""
    found = ctx.db.get(TABLE, number) or get_open(ctx, number)
    return _out(ctx, found, _names(ctx, [found]))


def _answerable(ctx: Ctx, number: int, verb: str) -> tables.Conflict:
    found = get_open(ctx, number)
    if verb not in _verbs(found):
        raise Conflict(f"conflict {number} cannot be answered with {verb}; it can: {', '.join(_verbs(found))}")
    return found


@usecase("conflict.join", "operator")
def join(ctx: Ctx, number: int, order: JoinIn) -> ConflictOut:
    """It is the machine `order.machine`: the record learns what was reported, and an order that waits for it is for that."""
    found = _answerable(ctx, number, "join")
    machine = find(ctx, order.machine)
    before = f"UUID {machine.uuid or 'none'}, serial {machine.serial or 'none'}, BMC {machine.bmc.mac or 'none'}"
    facts = facts_from_data(found.facts)
    learn(ctx, machine, facts)
    machine.report_digest = machine.report_digest and "joined"
    forget(machine)
    ctx.db.flush()
    bind_anew(ctx, machine)
    close_doubt(ctx, found, "joined", machine)
    ctx.event(
        "machine.joined",
        f"it is {machine.name}, says {ctx.actor.name}: {found.text[:200]}. Before it had {before}",
        machine,
        conflict=number,
    )
    ctx.db.flush()
    return _out(ctx, found, _names(ctx, [found]))


@usecase("conflict.split", "operator")
def split(ctx: Ctx, number: int) -> ConflictOut:
    """It is a machine of its own: a new record, and what it has in common with others proves nothing from now on."""
    found = _answerable(ctx, number, "split")
    facts = facts_from_data(found.facts)
    others = [row["id"] for row in found.machines]
    shared = _in_common(ctx, facts.values(), others)
    share(ctx, shared, f"conflict {number} was split by {ctx.actor.name}")
    machine = make(ctx)
    learn(ctx, machine, facts)
    ctx.db.flush()
    close_doubt(ctx, found, "split", machine)
    said = ", ".join(f"{kind} {value}" for kind, value in shared[:6]) or "nothing"
    ctx.event(
        "machine.split",
        f"a machine of its own, says {ctx.actor.name}: {found.text[:200]}. No proof any more: {said}",
        machine,
        conflict=number,
    )
    ctx.db.flush()
    return _out(ctx, found, _names(ctx, [found]))


def _in_common(ctx: Ctx, pairs: list[tuple[str, str]], ids: list[int]) -> list[tuple[str, str]]:
    nics = nics_of(ctx, ids)
    rows = ctx.db.scalars(select(tables.Machine).where(tables.Machine.id.in_(ids)).options(*WITH_BMC))
    theirs = {pair for machine in rows for pair in identity_of(machine, nics.get(machine.id, ())).values()}
    return [pair for pair in pairs if pair in theirs]


@usecase("conflict.close", "operator")
def close(ctx: Ctx, number: int) -> ConflictOut:
    """What kept coming back was looked after: it is tried again, and asked about again if that is of no use."""
    found = _answerable(ctx, number, "close")
    for row in found.machines:
        machine = ctx.db.get(tables.Machine, row["id"])
        if machine is not None:
            forget(machine)
            machine.reason = ""
    boot = ctx.db.get(tables.Boot, found.boot_id) if found.boot_id else None
    if boot is not None:
        boot.facts = {**boot.facts, "refused": 0}
    close_doubt(ctx, found, "closed")
    ctx.event(
        "machine.joined",
        f"{found.text}: looked after by {ctx.actor.name}, tried again",
        found.machines[0]["id"] if found.machines else None,
        conflict=number,
    )
    ctx.db.flush()
    return _out(ctx, found, _names(ctx, [found]))


def _ref(ctx: Ctx, machine: tables.Machine) -> MachineRef:
    nics = nics_of(ctx, [machine.id]).get(machine.id, [])
    return MachineRef(id=machine.id, name=machine.name, state=machine.state, macs=sorted(n.mac for n in nics))


@usecase("machine.join", "operator")
def merge(ctx: Ctx, name: str, order: MergeIn) -> MachineRef:
    """Two records are one machine: `name` takes over what `order.other` has, which is then gone from the records."""
    machine, other = find(ctx, name), find(ctx, order.other)
    if machine.id == other.id:
        raise Problem(f"{name!r} and {order.other!r} are one record already; nothing was changed")
    if order.confirm != other.name:
        raise Problem(
            f"the record {other.name} is going to be gone; confirm with exactly that name, {order.confirm[:80]!r} is not it"
        )
    promised = ctx.db.get(tables.Assignment, other.id)
    if (
        promised is not None
        or open_work(ctx, other) is not None
        or other.state not in (lifecycle.DISCOVERED, lifecycle.RETIRED)
    ):
        raise Conflict(
            f"{other.name} is {other.state}; only a record that is promised to nobody can be taken over. "
            f"Join the other way round, or unassign it first"
        )
    _take_over(ctx, machine, other)
    return _ref(ctx, machine)


def _take_over(ctx: Ctx, machine: tables.Machine, other: tables.Machine) -> None:
    gone = f"{other.name}, {other.vendor} {other.model}, serial {other.serial or 'none'}, UUID {other.uuid or 'none'}"
    if (other.pulse.seen or 0) > (machine.pulse.seen or 0):
        for column in (
            "uuid",
            "serial",
            "vendor",
            "model",
            "firmware",
            "memory_bytes",
            "cores",
            "disk_bytes",
            "board_serial",
            "chassis_serial",
            "inventory",
            "report_digest",
        ):
            setattr(machine, column, getattr(other, column))
        for column in ("report_hash", "boot_id", "presence", "power", "seen", "beat"):
            setattr(machine.pulse, column, getattr(other.pulse, column))
        machine.bmc.mac, machine.bmc.reported = other.bmc.mac, other.bmc.reported
    controllers.take_over(ctx, machine, other)
    machine.says = [*machine.says, *other.says][-8:]
    held = {nic.mac for nic in nics_of(ctx, [machine.id]).get(machine.id, [])}
    ctx.db.execute(delete(tables.Nic).where(tables.Nic.machine_id == other.id, tables.Nic.mac.in_(held)))
    for table in (tables.Nic, tables.Report, tables.Boot, tables.Event, tables.Work):
        ctx.db.execute(update(table).where(table.machine_id == other.id).values(machine_id=machine.id))
    of_it = update(tables.Job).where(tables.Job.machine_id == other.id)
    ctx.db.execute(of_it.values(machine_id=machine.id, subject=f"machine {machine.id}"))
    settings.take_over(ctx, machine, other)
    ctx.db.flush()
    ctx.db.expire_all()
    ctx.db.delete(other)
    ctx.db.flush()
    bind_anew(ctx, machine)
    ctx.event("machine.joined", f"took over the record {gone}; it is one machine, says {ctx.actor.name}", machine)
    ctx.db.flush()


def _fact(machine: tables.Machine, macs: set[str], told: str) -> tuple[str, str]:
    mac = canonical_mac(told)
    if mac and mac in macs:
        return "mac", mac
    held: dict[str, str] = {
        "uuid": machine.uuid,
        "serial": machine.serial,
        "board": machine.board_serial,
        "chassis": machine.chassis_serial,
        "bmc": machine.bmc.mac,
    }
    for kind, value in held.items():
        if value and told.strip().casefold() in (kind, value.casefold()):
            return kind, value
    raise Problem(f"{told[:80]!r} is no MAC, UUID, serial or BMC MAC of {machine.name}; `ocicli machine show` lists them")


@usecase("machine.split", "operator")
def split_fact(ctx: Ctx, name: str, order: SplitIn) -> MachineRef:
    """A fact is no proof of this machine: it is remembered as shared, and a MAC is taken off the record."""
    machine = find(ctx, name)
    nics = {nic.mac: nic for nic in nics_of(ctx, [machine.id]).get(machine.id, [])}
    kind, value = _fact(machine, set(nics), order.fact)
    if kind == "mac":
        if len(nics) == 1:
            raise Conflict(f"{value} is the only card of {machine.name}; without it nobody could find the record again")
        ctx.db.delete(nics[value])
    pairs = {(kind, value.casefold()), (kind, swapped_uuid(value.casefold()) if kind == "uuid" else value.casefold())}
    share(ctx, pairs, f"split off {machine.name} by {ctx.actor.name}")
    ctx.event("machine.split", f"{kind} {value} is no proof of this machine, says {ctx.actor.name}", machine)
    ctx.db.flush()
    return _ref(ctx, machine)
