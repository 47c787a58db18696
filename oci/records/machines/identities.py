"""The records of machines as identities: looking them up, and what they learn. Shared by use cases; holds none itself."""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from sqlalchemy import ColumnElement, bindparam, or_, select
from sqlalchemy.orm import joinedload
from sqlalchemy.sql.schema import ScalarElementColumnDefault

from oci.context import Ctx
from oci.db import tables
from oci.domain.hardware import Inventory
from oci.domain.hardware.identity_facts import disks
from oci.domain.identity.facts import Identity, canonical_uuid, uuid_spellings
from oci.domain.identity.verdict import Known, Match, match
from oci.domain.machines import lifecycle

# By the primary key; of what it finds, the pairs count.
_FACT = tables.SharedFact.__table__.c
_SHARED = select(_FACT.kind, _FACT.value).where(
    _FACT.kind.in_(bindparam("kinds", expanding=True)), _FACT.value.in_(bindparam("values", expanding=True))
)
# With its controller, of which a report tells the MAC: whoever compares reads both at once.
WITH_BMC = (joinedload(tables.Machine.bmc),)
MOST = 40
"""Records that a report is compared with; facts that more machines than this bear are known to be shared."""


def identity_of(machine: tables.Machine, nics: Iterable[tables.Nic]) -> Identity:
    """Who the record says the machine is."""
    nics = list(nics)
    return Identity.of(
        macs=(n.mac for n in nics if n.kind != "boot"),
        bmc_mac=machine.bmc.mac,
        uuid=machine.uuid,
        serial=machine.serial,
        vendor=machine.vendor,
        model=machine.model,
        board_serial=machine.board_serial,
        chassis_serial=machine.chassis_serial,
        onboard=(n.mac for n in nics if n.kind == "onboard"),
        boot_macs=(n.mac for n in nics if n.kind == "boot"),
    )


def nics_of(ctx: Ctx, ids: Iterable[int]) -> dict[int, list[tables.Nic]]:
    """The network cards of the machines `ids`."""
    found: dict[int, list[tables.Nic]] = {}
    for nic in ctx.db.scalars(select(tables.Nic).where(tables.Nic.machine_id.in_(list(ids)))):
        found.setdefault(nic.machine_id, []).append(nic)
    return found


def shared_among(ctx: Ctx, facts: Identity) -> set[tuple[str, str]]:
    """Those of `facts` that this fleet is known to bear more than once."""
    pairs = set(facts.values())
    if not pairs:
        return set()
    kinds, values = zip(*pairs, strict=True)
    known = ctx.db.connection().execute(_SHARED, {"kinds": sorted({*kinds}), "values": sorted({*values})})
    return pairs.intersection(known.tuples())


def near(ctx: Ctx, facts: Identity) -> list[tables.Machine]:
    """Machines that share a fact with `facts`: index look-ups only."""
    ways: list[ColumnElement[bool]] = []
    if macs := facts.macs | facts.boot_macs:
        ways.append(tables.Machine.id.in_(select(tables.Nic.machine_id).where(tables.Nic.mac.in_(macs))))
    if facts.uuid:
        ways.append(tables.Machine.uuid.in_(uuid_spellings(facts.uuid)))
    if facts.bmc_mac:
        ways.append(tables.Machine.id.in_(select(tables.Bmc.machine_id).where(tables.Bmc.mac == facts.bmc_mac)))
    for column, value in (
        (tables.Machine.serial, facts.serial),
        (tables.Machine.board_serial, facts.board_serial),
    ):
        if value:
            ways.append(column == value)
    if not ways:
        return []
    return list(ctx.db.scalars(select(tables.Machine).where(or_(*ways)).limit(MOST).options(*WITH_BMC)))


def recognise(ctx: Ctx, facts: Identity) -> tuple[Match, dict[int, tables.Machine]]:
    """Which record `facts` are of, and the records that were looked at."""
    shared = shared_among(ctx, facts)
    found = {m.id: m for m in near(ctx, facts.without(shared))}
    nics = nics_of(ctx, found) if found else {}
    known = [Known(m.id, identity_of(m, nics.get(m.id, ()))) for m in found.values()]
    judged = match(facts, known, shared)
    if judged.verdict == "conflict" or (judged.verdict == "same" and not judged.plain):
        # What else is known of them is large, and read only now.
        known = [Known(k.machine_id, replace(k.identity, disks=_disks(found[k.machine_id]))) for k in known]
        judged = match(facts, known, shared)
    return judged, found


def _disks(machine: tables.Machine) -> frozenset[str]:
    return Identity.of(disks=disks(Inventory.from_dict(machine.inventory))).disks


def share(ctx: Ctx, pairs: Iterable[tuple[str, str]], why: str) -> None:
    """Remember that each of `pairs` (kind, value) proves nothing."""
    for kind, value in sorted(set(pairs)):
        if ctx.db.get(tables.SharedFact, (kind, value[:128])) is None:
            ctx.db.add(tables.SharedFact(kind=kind, value=value[:128], since=ctx.now(), why=why[:500]))


def borne_by_another(facts: Identity, found: Match, known: Mapping[int, tables.Machine]) -> list[tuple[str, str]]:
    """Facts of a machine that was judged to be another than `known`, which one of those bears all the same.

    MACs are left out: a card that moved is seen with both for a while.
    """
    others = {
        pair for machine in known.values() if machine.id != found.machine_id for pair in identity_of(machine, ()).values()
    }
    return [pair for pair in facts.values() if pair[0] != "mac" and pair in others]


def make(ctx: Ctx, columns: Mapping[str, Any] | None = None, bmc: Mapping[str, Any] | None = None) -> tables.Machine:
    """A new record, with what is known of it and of its controller by column."""
    now = ctx.now()
    machine = tables.Machine(
        state=lifecycle.DISCOVERED,
        state_since=now,
        created=now,
        pulse=None,
        bmc=None,
        **{"name": f"new-{secrets.token_hex(8)}", "inventory": {}, **(columns or {})},
    )
    ctx.db.add(machine)
    ctx.db.flush()
    machine.name = f"machine-{machine.id}"
    # Their rows are written once, with what is known by the end of this transaction.
    machine.pulse = tables.Pulse(**_defaults(tables.Pulse))
    machine.bmc = tables.Bmc(**{**_defaults(tables.Bmc), **(bmc or {})})
    return machine


def _defaults(table: type[tables.Table]) -> dict[str, Any]:
    """What the columns of a row hold that says nothing of them; without it they are None until it is written."""
    columns = table.__table__.columns
    return {column.key: column.default.arg for column in columns if isinstance(column.default, ScalarElementColumnDefault)}


def facts_as_data(facts: Identity) -> dict[str, Any]:
    """`facts` as JSON-safe data."""
    return {
        "macs": sorted(facts.macs),
        "onboard": sorted(facts.onboard),
        "boot_macs": sorted(facts.boot_macs),
        "bmc_mac": facts.bmc_mac,
        "uuid": facts.uuid,
        "serial": facts.serial,
        "vendor": facts.vendor,
        "model": facts.model,
        "board_serial": facts.board_serial,
        "chassis_serial": facts.chassis_serial,
        "disks": sorted(facts.disks),
    }


def facts_from_data(data: Mapping[str, Any]) -> Identity:
    """What `facts_as_data` gave."""
    return Identity.of(**{key: value for key, value in data.items() if key in Identity.__dataclass_fields__})


def facts_of(ctx: Ctx, machine: tables.Machine) -> dict[str, Any]:
    """Who the machine is now, as data; {} when it never reported."""
    if not machine.report_digest:
        return {}
    return facts_as_data(identity_of(machine, nics_of(ctx, [machine.id]).get(machine.id, ())))


def learn(ctx: Ctx, machine: tables.Machine, facts: Identity) -> None:
    """Write down that the machine has `facts`; what it says of itself next replaces them."""
    machine.uuid = canonical_uuid(facts.uuid) or machine.uuid
    machine.serial, machine.bmc.mac = facts.serial[:128] or machine.serial, facts.bmc_mac or machine.bmc.mac
    machine.board_serial = facts.board_serial[:128] or machine.board_serial
    machine.chassis_serial = facts.chassis_serial[:128] or machine.chassis_serial
    machine.vendor, machine.model = facts.vendor[:128] or machine.vendor, facts.model[:128] or machine.model
    for mac in sorted(facts.macs | facts.boot_macs):
        kind = "boot" if mac not in facts.macs else "onboard" if mac in facts.onboard else "card"
        hold(ctx, machine, mac, kind)


def hold(ctx: Ctx, machine: tables.Machine, mac: str, kind: str, name: str = "") -> None:
    """Make `mac` one of the machine's, whoever else has it."""
    held = ctx.db.get(tables.Nic, (mac, machine.id))
    if held is None:
        ctx.db.add(tables.Nic(mac=mac, machine_id=machine.id, name=name, kind=kind))
    elif kind != "boot":
        held.kind = kind
