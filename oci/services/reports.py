"""Reports: the most hostile input there is. Kept raw, parsed by pure functions, matched by score."""

from __future__ import annotations

import hashlib
import json
import re
import zlib
from collections.abc import Mapping

from sqlalchemy import delete, or_, select, update

from oci.db import tables
from oci.domain import hardware, identity
from oci.domain.hardware import Inventory, Probe
from oci.services import disk_orders
from oci.services.boot_session import authenticate, speak_for
from oci.services.context import Conflict, Ctx, Problem, usecase

_HASH = re.compile(r"[0-9a-f]{64}")
VOLATILE = ("clock",)  # probes whose output changes by itself


def _digest(report: Mapping[str, Probe]) -> str:
    digest = hashlib.sha256()
    for name in sorted(set(report) - set(VOLATILE)):
        digest.update(name.encode() + b"\0" + report[name].output + b"\0")
    digest.update(b"clock wrong" * hardware.clock_is_wrong(report))
    return digest.hexdigest()


def _pack(report: Mapping[str, Probe]) -> bytes:
    # latin-1 keeps every byte; level 1 because the appliance's CPU is dearer than its disk.
    data = {n: [p.output.decode("latin-1"), p.error.decode("latin-1"), p.exit] for n, p in report.items()}
    return zlib.compress(json.dumps(data).encode(), 1)


def unpack(raw: bytes) -> dict[str, Probe]:
    """A stored raw report, as it was uploaded."""
    data = json.loads(zlib.decompress(raw))
    return {n: Probe(o.encode("latin-1"), e.encode("latin-1"), x) for n, (o, e, x) in data.items()}


def _known(ctx: Ctx, facts: identity.Identity, boot: tables.Boot) -> list[tables.Machine]:
    """Machines that share a fact with the report: index look-ups only."""
    near = [tables.Machine.id.in_(select(tables.Nic.machine_id).where(tables.Nic.mac.in_({*facts.macs, boot.mac})))]
    if facts.uuid:
        near.append(tables.Machine.uuid.in_(identity.uuid_spellings(facts.uuid)))
    if facts.serial:
        near.append(tables.Machine.serial == facts.serial)
    if facts.bmc_mac:
        near.append(tables.Machine.bmc_mac == facts.bmc_mac)
    return list(ctx.db.scalars(select(tables.Machine).where(or_(*near)).limit(20)))


def _match(ctx: Ctx, found: Inventory, boot: tables.Boot) -> tables.Machine:
    """The machine this report is of, made when it is new. Raises Conflict when it could be two."""
    facts = hardware.identity(found)
    candidates = _known(ctx, facts, boot)
    nics: dict[int, list[str]] = {}
    for nic in ctx.db.scalars(select(tables.Nic).where(tables.Nic.machine_id.in_([m.id for m in candidates]))):
        nics.setdefault(nic.machine_id, []).append(nic.mac)
    known = [identity.Known(m.id, identity.Identity.of(nics.get(m.id, ()), m.bmc_mac, m.uuid, m.serial, m.vendor,
                                                       m.model)) for m in candidates]
    match = identity.match(facts, known)
    if match.verdict == "conflict":
        ctx.note("machine.conflict", f"a report from {boot.mac} is {match.reason}", match.claims[0].machine_id)
        raise Conflict(f"this report matches more than one machine ({match.reason}); an operator must decide")
    if match.machine_id is not None:
        machine = next(m for m in candidates if m.id == match.machine_id)
        if boot.machine_id not in (None, machine.id):
            raise Conflict("this boot belongs to another machine than its report")
        return machine
    return _create(ctx, facts)


def _create(ctx: Ctx, facts: identity.Identity) -> tables.Machine:
    now = ctx.now()
    label = min(facts.macs)
    machine = tables.Machine(name=f"new-{label}", state="discovered", state_since=now, created=now, inventory={})
    ctx.db.add(machine)
    ctx.db.flush()
    machine.name = f"machine-{machine.id}"
    return machine


def _store(ctx: Ctx, machine: tables.Machine, found: Inventory) -> None:
    """Copy what lists and searches need into columns, and hold the NICs."""
    machine.vendor, machine.model, machine.serial = found.vendor[:128], found.model[:128], found.serial[:128]
    machine.uuid, machine.firmware = identity.canonical_uuid(found.uuid), found.firmware
    machine.memory_bytes, machine.cores = found.memory_bytes, found.cpu.cores
    machine.disk_bytes = sum(d.bytes for d in hardware.fixed_disks(found))
    machine.bmc_mac = found.bmc.mac
    machine.inventory = found.to_dict()
    if machine.state != "installing":
        disk_orders.forget_contents(machine, "disk_last")
    wanted = {n.mac: n.name for n in found.nics if n.mac and not n.bmc_usb}
    with ctx.db.no_autoflush:  # the machine is written once, with what is still to come
        held = {n.mac: n for n in ctx.db.scalars(select(tables.Nic).where(
            or_(tables.Nic.machine_id == machine.id, tables.Nic.mac.in_(wanted))))}
    for mac, nic in held.items():
        if nic.machine_id != machine.id:
            # A report may lie: a card stays with its machine until that one reports without it.
            ctx.event("machine.conflict", f"reports the network card {mac}, which belongs to machine {nic.machine_id}; "
                      "it stays there", machine)
        elif mac not in wanted:
            ctx.db.delete(nic)
        else:
            nic.name = wanted[mac]
    for mac in wanted.keys() - held.keys():
        ctx.db.add(tables.Nic(mac=mac, machine_id=machine.id, name=wanted[mac]))


def _keep(ctx: Ctx, machine: tables.Machine, report: Mapping[str, Probe], digest: str) -> None:
    ctx.db.add(tables.Report(machine_id=machine.id, received=ctx.now(), hash=digest, raw=_pack(report)))
    if not machine.report_digest:
        return  # its first one
    ctx.db.flush()
    keep = (select(tables.Report.id).where(tables.Report.machine_id == machine.id)
            .order_by(tables.Report.id.desc()).limit(ctx.config.reports_kept))
    ctx.db.execute(delete(tables.Report).where(tables.Report.machine_id == machine.id,
                                               tables.Report.id.not_in(keep.scalar_subquery())))


def _refuse_nameless(ctx: Ctx, found: Inventory, boot: tables.Boot) -> None:
    if not any(n.mac and not n.bmc_usb for n in found.nics):
        ctx.note("report.refused", f"a report from {boot.mac} names no network card", boot.machine_id)
        raise Problem("the report names no network card with a permanent MAC; the probes ip and ethtool must work")


@usecase("nobody")
def receive(ctx: Ctx, token: str, report: Mapping[str, Probe], agent_hash: str) -> int:
    """Take in one report, sent with a boot's token; returns the machine's id.

    Raises Problem (400) for a report that identifies nothing, Unauthorised, Conflict.
    """
    boot = authenticate(ctx, token)
    if not _HASH.fullmatch(agent_hash):
        raise Problem("the field hash must be 64 hexadecimal digits")
    digest = _digest(report)
    machine = speak_for(ctx, boot)
    first_of_boot = machine is None or machine.presence != "live" or "reported" not in boot.facts
    if machine is None or digest != machine.report_digest:
        found = hardware.parse(report)
        _refuse_nameless(ctx, found, boot)
        machine = _match(ctx, found, boot)
        if boot.machine_id is None:
            boot.machine_id = machine.id
            ctx.db.execute(update(tables.Event).where(tables.Event.boot_id == boot.id,
                                                      tables.Event.machine_id.is_(None)).values(machine_id=machine.id))
            speak_for(ctx, boot)
        fresh = not machine.report_digest
        _store(ctx, machine, found)
        _keep(ctx, machine, report, digest)
        kind = "machine.discovered" if fresh else "machine.reported"
        words = "reported for the first time" if fresh else "reported; something changed"
        ctx.event(kind, f"{words}: {found.vendor} {found.model}, {len(found.nics)} NICs, {len(found.disks)} disks",
                  machine, boot_id=boot.id, problems=list(found.problems)[:20])
    elif first_of_boot:
        ctx.event("machine.reported", "reported; nothing changed", machine, boot_id=boot.id)
    if first_of_boot:
        boot.facts = {**boot.facts, "reported": True}
    machine.report_digest, machine.report_hash = digest, agent_hash
    machine.presence, machine.power, machine.seen = "live", "on", ctx.now()
    return machine.id
