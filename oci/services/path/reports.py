"""Reports: the most hostile input there is. Kept raw, parsed by pure functions, matched by what each fact proves."""

from __future__ import annotations

import hashlib
import json
import re
import zlib
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, cast

from sqlalchemy import Integer, TableClause, bindparam, delete, insert, or_, select, update

from oci.context import Ctx
from oci.db import tables
from oci.domain import hardware
from oci.domain.hardware import Inventory, Probe
from oci.domain.identity.facts import Identity, canonical_uuid, serial_number, uuid_spellings
from oci.domain.machines import lifecycle
from oci.domain.quantities import counted
from oci.problems import Conflict, Problem
from oci.records.machines import controllers, disk_orders
from oci.records.machines.identities import (
    WITH_BMC,
    borne_by_another,
    facts_as_data,
    identity_of,
    make,
    nics_of,
    recognise,
    share,
)
from oci.records.path import pulses
from oci.records.path.boot_session import authenticate, is_proved, speak_for
from oci.records.path.doubts import key_of, open_doubt, settle_boot
from oci.records.path.order_guard import bind_first
from oci.records.path.returns import refuse_again
from oci.services.usecase import usecase

_HASH = re.compile(r"[0-9a-f]{64}")
SAYINGS = 8  # pairs of UUID and serial that a boot loader may call a machine by
VOLATILE = ("clock",)  # probes whose output changes by itself
# Statements that each report needs. What no object of the session stands for is asked of the tables themselves.
_NIC, _EVENT, _REPORT = (cast(TableClause, table.__table__) for table in (tables.Nic, tables.Event, tables.Report))
_CARDS = select(tables.Nic).where(tables.Nic.machine_id == bindparam("machine"))
_HOLDERS = select(_NIC.c.mac, _NIC.c.machine_id).where(
    or_(_NIC.c.machine_id == bindparam("machine"), _NIC.c.mac.in_(bindparam("macs", expanding=True)))
)
_OWN_EVENTS = (
    update(_EVENT)
    .where(_EVENT.c.boot_id == bindparam("boot"), _EVENT.c.kind != "boot.moved")
    .values(machine_id=bindparam("machine"))
)
_INSERT_CARDS, _INSERT_REPORT = insert(_NIC), insert(_REPORT)
_LATEST = select(_REPORT.c.id).where(_REPORT.c.machine_id == bindparam("machine")).order_by(_REPORT.c.id.desc())
_EARLIER = delete(_REPORT).where(
    _REPORT.c.machine_id == bindparam("machine"),
    _REPORT.c.id.not_in(_LATEST.limit(bindparam("kept", type_=Integer)).scalar_subquery()),
)


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


def _judge(
    ctx: Ctx, facts: Identity, boot: tables.Boot, columns: Mapping[str, Any], bmc: Mapping[str, Any]
) -> tables.Machine | Problem:
    """The machine this report is of, made with `columns` and a controller with those of `bmc` when it is new; or the
    refusal when a person has to say which."""
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
    if match.machine_id is None and is_proved(boot):
        return _of_another(ctx, boot, "its report is that of a machine that is not known")
    machine = known[match.machine_id] if match.machine_id is not None else make(ctx, columns, bmc)
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


def _columns(found: Inventory) -> dict[str, Any]:
    """What a machine's row holds of its report: what lists and searches need, and all of it as data."""
    return {
        "vendor": found.vendor[:128],
        "model": found.model[:128],
        "serial": found.serial[:128],
        "uuid": canonical_uuid(found.uuid),
        "firmware": found.firmware,
        # A report may say anything; a column holds 31 or 63 bits.
        "memory_bytes": found.memory_bytes,
        "cores": min(found.cpu.cores, 2**31 - 1),
        "disk_bytes": min(sum(d.bytes for d in hardware.fixed_disks(found)), 2**63 - 1),
        "board_serial": found.board_serial[:128],
        "chassis_serial": found.chassis_serial[:128],
        "inventory": found.to_dict(),
    }


def _bmc(found: Inventory) -> dict[str, Any]:
    """What the row of a machine's controller holds of its report."""
    return {"mac": found.bmc.mac, "reported": found.bmc.address[:64]}


def _store(machine: tables.Machine, found: Inventory, columns: Mapping[str, Any]) -> None:
    for row, told in ((machine, columns), (machine.bmc, _bmc(found))):
        for name, value in told.items():
            setattr(row, name, value)
    if machine.state != lifecycle.INSTALLING:
        disk_orders.forget_contents(machine, "disk_last")


def _cards(found: Inventory) -> dict[str, hardware.Nic]:
    return {n.mac: n for n in found.nics if n.mac and not n.bmc_usb}


def _written_cards(ctx: Ctx, machine: tables.Machine, macs: set[str]) -> tuple[dict[str, tables.Nic], dict[str, int]]:
    """The record's cards by MAC, and of `macs` those that another record has, with its number."""
    rows = ctx.db.connection().execute(_HOLDERS, {"machine": machine.id, "macs": sorted(macs)}).tuples().all()
    foreign = {mac: holder for mac, holder in rows if holder != machine.id}
    own = ctx.db.scalars(_CARDS, {"machine": machine.id}) if any(holder == machine.id for _mac, holder in rows) else ()
    return {card.mac: card for card in own}, foreign


def _hold_cards(ctx: Ctx, machine: tables.Machine, wanted: Mapping[str, hardware.Nic], boot: tables.Boot) -> None:
    """Make the record's cards those of the report, and its boot's MAC one that it boots from.

    A report may lie: a card that another record has stays there too, and proves nothing until that one reports without it.
    """
    held, foreign = _written_cards(ctx, machine, {*wanted, boot.mac})
    for mac, row in held.items():
        if mac in wanted:
            row.name, row.kind = wanted[mac].name[:64], _kind(wanted[mac])
        elif row.kind != "boot" and mac != boot.mac:
            ctx.db.delete(row)
        else:
            row.kind = "boot"
    rows = []
    for mac in sorted(wanted.keys() - held.keys()):
        rows.append(dict(mac=mac, machine_id=machine.id, name=wanted[mac].name[:64], kind=_kind(wanted[mac])))
        if mac in foreign:
            ctx.event(
                "machine.conflict",
                f"reports the network card {mac}, which machine {foreign[mac]} has too; "
                "it proves nothing until one of them reports without it",
                machine,
            )
    if boot.mac not in wanted and boot.mac not in held:
        rows.append(dict(mac=boot.mac, machine_id=machine.id, name="", kind="boot"))
        ctx.event("machine.learned", f"boots from {boot.mac}, which none of its network cards has", machine)
    if rows:
        ctx.db.connection().execute(_INSERT_CARDS, rows)


def _kind(card: hardware.Nic) -> str:
    return "onboard" if card.onboard else "card"


def _learn_boot(machine: tables.Machine, boot: tables.Boot) -> None:
    """Remember what the machine's boot loader calls it, where that is not what its report says."""
    uuid, serial = canonical_uuid(boot.facts.get("uuid", "")), serial_number(boot.facts.get("serial", ""))
    known = (not uuid or uuid in uuid_spellings(machine.uuid)) and (not serial or serial == machine.serial)
    if not known and [uuid, serial] not in machine.says:
        machine.says = [*machine.says, [uuid, serial]][-SAYINGS:]


def _keep(ctx: Ctx, machine: tables.Machine, report: Mapping[str, Probe], digest: str) -> None:
    if machine.report_digest:  # it is not its first one
        ctx.db.connection().execute(_EARLIER, {"machine": machine.id, "kept": max(0, ctx.config.reports_kept - 1)})
    row = dict(machine_id=machine.id, received=ctx.now(), hash=digest, raw=_pack(report))
    ctx.db.connection().execute(_INSERT_REPORT, row)


def _nameless(ctx: Ctx, found: Inventory, facts: Identity, boot: tables.Boot) -> Problem | None:
    if any(n.mac and not n.bmc_usb for n in found.nics) or len(facts.values()) > len(facts.boot_macs):
        return None
    ctx.note("report.refused", f"a report from {boot.mac} names no network card", boot.machine_id)
    why = "the report names no network card with a permanent MAC, and nothing else that tells the machine from others"
    refuse_again(ctx, boot, why)
    return Problem(f"{why}; the probes ip and ethtool must work")


def _of_another(ctx: Ctx, boot: tables.Boot, whose: str) -> Problem:
    refuse_again(ctx, boot, f"the boot is machine {boot.machine_id}, and {whose}")
    return Conflict("this boot belongs to another machine than its report")


def _bind(ctx: Ctx, boot: tables.Boot, machine: tables.Machine, facts: Identity) -> Problem | None:
    """Make the boot the machine's, as its report proved; what the MAC had promised before that is undone."""
    if is_proved(boot) and boot.machine_id != machine.id:
        return _of_another(ctx, boot, f"its report is machine {machine.id}")
    if is_proved(boot):
        return None
    if boot.machine_id not in (None, machine.id):
        ctx.event(
            "boot.moved",
            f"a boot by the card {boot.mac}, which this machine has, is machine {machine.id}",
            boot.machine_id,
            boot_id=boot.id,
        )
    ctx.db.connection().execute(_OWN_EVENTS, {"boot": boot.id, "machine": machine.id})
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
    columns = _columns(found)
    machine = _judge(ctx, facts, boot, columns, _bmc(found))
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
    _store(machine, found, columns)
    _hold_cards(ctx, machine, _cards(found), boot)
    controllers.compare(ctx, machine)
    _keep(ctx, machine, report, digest)
    machine.report_digest = digest
    if fresh:
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
    digest, pace = digest_of(report), pulses.pace(ctx)
    machine = speak_for(ctx, boot, *WITH_BMC)
    if machine is None or digest != machine.report_digest:
        with ctx.db.no_autoflush:  # nothing that is asked on the way depends on what is written in the end, once
            taken = _take(ctx, boot, hardware.parse(report), report, digest)
        if isinstance(taken, Problem):
            return taken
        machine = taken
    elif machine.pulse.presence != "live":
        ctx.event("machine.reported", "reported; nothing changed", machine, boot_id=boot.id)
    machine.pulse.report_hash = agent_hash
    pulses.beats(ctx, machine, pace)
    return machine.id
