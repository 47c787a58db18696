"""Reports: the most hostile input there is. Kept raw, parsed by pure functions, matched by what each fact proves."""

from __future__ import annotations

import hashlib
import json
import re
import zlib
from collections.abc import Mapping
from dataclasses import replace

from sqlalchemy import delete, or_, select, update

from oci.context import Ctx
from oci.db import tables
from oci.domain import hardware
from oci.domain.hardware import Inventory, Probe
from oci.domain.identity.facts import Identity, canonical_uuid, serial_number, uuid_spellings
from oci.domain.machines import lifecycle
from oci.domain.quantities import counted
from oci.problems import Conflict, Problem
from oci.records.machines import controllers, disk_orders
from oci.records.machines.identities import borne_by_another, facts_as_data, identity_of, make, nics_of, recognise, share
from oci.records.path import pulses
from oci.records.path.boot_session import authenticate, is_proved, speak_for
from oci.records.path.doubts import key_of, open_doubt, settle_boot
from oci.records.path.order_guard import bind_first
from oci.records.path.returns import refuse_again
from oci.services.usecase import usecase

_HASH = re.compile(r"[0-9a-f]{64}")
SAYINGS = 8  # pairs of UUID and serial that a boot loader may call a machine by
VOLATILE = ("clock",)  # probes whose output changes by itself


def digest_of(report: Mapping[str, Probe]) -> str:
    """A hash of what `report` says, as the appliance computes it; what changes by itself is left out."""
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


def _as_before(ctx: Ctx, facts: Identity, boot: tables.Boot) -> tables.Machine | None:
    """The machine of a boot that reported before and tells nothing new of who it is; disks come and go under it."""
    machine = ctx.db.get(tables.Machine, boot.machine_id) if is_proved(boot) else None
    if machine is None or not machine.report_digest:
        return None
    same = replace(facts, disks=frozenset(), cards=()) == identity_of(
        machine, nics_of(ctx, [machine.id]).get(machine.id, ())
    )
    return machine if same else None


def _judge(ctx: Ctx, facts: Identity, boot: tables.Boot) -> tables.Machine | Problem:
    """The machine this report is of, made when it is new; or the refusal when a person has to say which it is."""
    decided = boot.facts.get("decided")
    if decided and (machine := ctx.db.get(tables.Machine, decided)):
        return machine
    if (machine := _as_before(ctx, facts, boot)) is not None:
        return machine
    match, known = recognise(ctx, facts)
    alone = [claim.machine_id for claim in match.claims] == [boot.machine_id]
    if match.verdict == "conflict" and alone and is_proved(boot) and boot.mac in facts.macs:
        # Who has this boot's token is the system that reported before: disks and cards come and go under it.
        return known[match.claims[0].machine_id]
    if match.verdict == "conflict":
        text = f"a report from {boot.mac} is {match.reason}"
        doubt = open_doubt(ctx, "report", text, key_of("report", facts.values()), facts, boot, match.claims)
        return Conflict(
            f"it is not sure which machine this is ({match.reason}); an operator must decide: "
            f"`ocicli conflict show {doubt.id}`"
        )
    machine = known[match.machine_id] if match.machine_id is not None else make(ctx)
    if not is_proved(boot):
        settle_boot(ctx, known, boot.mac, machine)
    if len(known) > (match.machine_id is not None):
        why = f"machine {machine.id} has it, and so has another"
        share(ctx, borne_by_another(facts, match, known), why)
    if match.verdict == "new" and match.claims:
        ctx.event(
            "machine.conflict",
            f"is {match.reason}; join them if it is that one",
            machine,
            machines=[claim.machine_id for claim in match.claims],
        )
    return machine


def _store(ctx: Ctx, machine: tables.Machine, found: Inventory, boot: tables.Boot) -> None:
    """Copy what lists and searches need into columns, and hold the NICs."""
    machine.vendor, machine.model, machine.serial = found.vendor[:128], found.model[:128], found.serial[:128]
    machine.uuid, machine.firmware = canonical_uuid(found.uuid), found.firmware
    # A report may say anything; a column holds 31 or 63 bits.
    machine.memory_bytes, machine.cores = found.memory_bytes, min(found.cpu.cores, 2**31 - 1)
    machine.disk_bytes = min(sum(d.bytes for d in hardware.fixed_disks(found)), 2**63 - 1)
    machine.bmc_mac, machine.bmc_reported = found.bmc.mac, found.bmc.address[:64]
    machine.board_serial, machine.chassis_serial = found.board_serial[:128], found.chassis_serial[:128]
    machine.inventory = found.to_dict()
    if machine.state != lifecycle.INSTALLING:
        disk_orders.forget_contents(machine, "disk_last")
    _hold_cards(ctx, machine, _cards(found), boot)


def _cards(found: Inventory) -> dict[str, hardware.Nic]:
    return {n.mac: n for n in found.nics if n.mac and not n.bmc_usb}


def _hold_cards(ctx: Ctx, machine: tables.Machine, wanted: Mapping[str, hardware.Nic], boot: tables.Boot) -> None:
    """Make the record's cards those of the report, and its boot's MAC one that it boots from.

    A report may lie: a card that another record has stays there too, and proves nothing until that one reports without it.
    """
    table = tables.Nic
    with ctx.db.no_autoflush:  # the machine is written once, with what is still to come
        rows = ctx.db.scalars(
            select(table).where(or_(table.machine_id == machine.id, table.mac.in_({*wanted, boot.mac})))
        ).all()
    held = {row.mac: row for row in rows if row.machine_id == machine.id}
    foreign = {row.mac: row.machine_id for row in rows if row.machine_id != machine.id}
    for mac, row in held.items():
        if mac in wanted:
            row.name, row.kind = wanted[mac].name[:64], "onboard" if wanted[mac].onboard else "card"
        elif row.kind != "boot" and mac != boot.mac:
            ctx.db.delete(row)
        else:
            row.kind = "boot"
    for mac in sorted(wanted.keys() - held.keys()):
        ctx.db.add(
            table(
                mac=mac,
                machine_id=machine.id,
                name=wanted[mac].name[:64],
                kind="onboard" if wanted[mac].onboard else "card",
            )
        )
        if mac in foreign:
            ctx.event(
                "machine.conflict",
                f"reports the network card {mac}, which machine {foreign[mac]} has too; "
                "it proves nothing until one of them reports without it",
                machine,
            )
    if boot.mac not in wanted and boot.mac not in held:
        ctx.db.add(table(mac=boot.mac, machine_id=machine.id, kind="boot"))
        ctx.event("machine.learned", f"boots from {boot.mac}, which none of its network cards has", machine)


def _learn_boot(machine: tables.Machine, boot: tables.Boot) -> None:
    """Remember what the machine's boot loader calls it, where that is not what its report says."""
    uuid, serial = canonical_uuid(boot.facts.get("uuid", "")), serial_number(boot.facts.get("serial", ""))
    known = (not uuid or uuid in uuid_spellings(machine.uuid)) and (not serial or serial == machine.serial)
    if not known and [uuid, serial] not in machine.says:
        machine.says = [*machine.says, [uuid, serial]][-SAYINGS:]


def _keep(ctx: Ctx, machine: tables.Machine, report: Mapping[str, Probe], digest: str) -> None:
    ctx.db.add(tables.Report(machine_id=machine.id, received=ctx.now(), hash=digest, raw=_pack(report)))
    if not machine.report_digest:
        return  # its first one
    ctx.db.flush()
    keep = (
        select(tables.Report.id)
        .where(tables.Report.machine_id == machine.id)
        .order_by(tables.Report.id.desc())
        .limit(ctx.config.reports_kept)
    )
    ctx.db.execute(
        delete(tables.Report).where(tables.Report.machine_id == machine.id, tables.Report.id.not_in(keep.scalar_subquery()))
    )


def _nameless(ctx: Ctx, found: Inventory, facts: Identity, boot: tables.Boot) -> Problem | None:
    if any(n.mac and not n.bmc_usb for n in found.nics) or len(facts.values()) > len(facts.boot_macs):
        return None
    ctx.note("report.refused", f"a report from {boot.mac} names no network card", boot.machine_id)
    why = "the report names no network card with a permanent MAC, and nothing else that tells the machine from others"
    refuse_again(ctx, boot, why)
    return Problem(f"{why}; the probes ip and ethtool must work")


def _bind(ctx: Ctx, boot: tables.Boot, machine: tables.Machine, facts: Identity) -> Problem | None:
    """Make the boot the machine's, as its report proved; what the MAC had promised before that is undone."""
    if is_proved(boot) and boot.machine_id != machine.id:
        refuse_again(ctx, boot, f"the boot is machine {boot.machine_id}, and its report machine {machine.id}")
        return Conflict("this boot belongs to another machine than its report")
    if is_proved(boot):
        return None
    if boot.machine_id not in (None, machine.id):
        ctx.event(
            "boot.moved",
            f"a boot by the card {boot.mac}, which this machine has, is machine {machine.id}",
            boot.machine_id,
            boot_id=boot.id,
        )
    ctx.db.execute(
        update(tables.Event)
        .where(tables.Event.boot_id == boot.id, tables.Event.kind != "boot.moved")
        .values(machine_id=machine.id)
    )
    boot.machine_id = machine.id
    boot.facts = {**boot.facts, "reported": True, "reported_at": ctx.now(), "facts": facts_as_data(facts)}
    try:
        speak_for(ctx, boot)
    except Conflict as busy:
        return busy
    return None


def _take(
    ctx: Ctx, boot: tables.Boot, found: Inventory, report: Mapping[str, Probe], digest: str
) -> tables.Machine | Problem:
    """Take in a report that says something new."""
    facts = hardware.identity(found, boot.mac)
    if refused := _nameless(ctx, found, facts, boot):
        return refused
    machine = _judge(ctx, facts, boot)
    if isinstance(machine, Problem):
        return machine
    if refused := _bind(ctx, boot, machine, facts):
        return refused
    _learn_boot(machine, boot)
    if digest == machine.report_digest:
        _hold_cards(ctx, machine, _cards(found), boot)
        ctx.event("machine.reported", "reported; nothing changed", machine, boot_id=boot.id)
        return machine
    fresh = not machine.report_digest
    _store(ctx, machine, found, boot)
    controllers.compare(ctx, machine)
    _keep(ctx, machine, report, digest)
    machine.report_digest = digest
    if fresh:
        ctx.db.flush()
        bind_first(ctx, machine)
    kind = "machine.discovered" if fresh else "machine.reported"
    words = "reported for the first time" if fresh else "reported; something changed"
    packages = ", ".join(sorted({f.package or f.file for f in found.missing_firmware})[:5])
    lacks = f"; firmware is missing: {packages}" if packages else ""
    parts = f"{counted(len(found.nics), 'NIC')}, {counted(len(found.disks), 'disk')}"
    ctx.event(
        kind,
        f"{words}: {found.vendor} {found.model}, {parts}{lacks}",
        machine,
        boot_id=boot.id,
        problems=list(found.problems)[:20],
    )
    return machine


@usecase("agent.report", "nobody")
def receive(ctx: Ctx, token: str, report: Mapping[str, Probe], agent_hash: str) -> int | Problem:
    """Take in one report, sent with a boot's token; returns the machine's id.

    Raises Problem (400) for a report that identifies nothing, Unauthorised, and Conflict where another boot speaks for
    the machine or a person has to say which machine it is.
    """
    boot = authenticate(ctx, token)
    if not _HASH.fullmatch(agent_hash):
        raise Problem("the field hash must be 64 hexadecimal digits")
    digest = digest_of(report)
    machine = speak_for(ctx, boot)
    if machine is None or digest != machine.report_digest:
        taken = _take(ctx, boot, hardware.parse(report), report, digest)
        if isinstance(taken, Problem):
            return taken
        machine = taken
    elif machine.pulse.presence != "live":
        ctx.event("machine.reported", "reported; nothing changed", machine, boot_id=boot.id)
    machine.pulse.report_hash = agent_hash
    pulses.beats(ctx, machine, pulses.pace(ctx))
    return machine.id
