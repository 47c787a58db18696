"""Probe `lldp`: lldpd's JSON in its three shapes, its key=value lines, or networkctl's JSON or table.

lldpd's `json` gives a list of one-key objects, or one plain object when there is a single interface;
`json0` gives lists everywhere and puts names inside. All three become one shape here: `_one` looks
through lists, `_text` through `{"value": ...}`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from oci.domain.hardware import document
from oci.domain.hardware.inventory import Neighbour
from oci.domain.hardware.ip import MAX_NICS
from oci.domain.hardware.text import clean, flag, integer

MAX_VLAN = 4094
MAX_LINES = 20_000

_KEY = re.compile(r"lldp\.(.+?)\.((?:via|rid|age|chassis|port|vlan|lldp-med|unknown-tlvs)\b.*)")
_COLUMN = re.compile(r"\S+")
_TWO_WORDS = re.compile(r"(CHASSIS|SYSTEM|PORT) (ID|NAME|DESCRIPTION)")


@dataclass(frozen=True)
class Neighbours:
    """For each NIC's name its first neighbour, and what was wrong with the text."""

    by_nic: dict[str, Neighbour] = field(default_factory=dict)
    problems: tuple[str, ...] = ()


def parse(text: str) -> Neighbours:
    """Read the neighbours in whichever format they came. Never raises."""
    problems: tuple[str, ...] = ()
    pairs: Iterator[tuple[str, Neighbour]]
    if text.lstrip()[:1] in ("{", "["):
        try:
            pairs = _from_json(document.load(text))
        except document.NotJSON as wrong:
            pairs, problems = iter(()), (f"lldp {wrong}",)
    elif text.lstrip().startswith("lldp."):
        pairs = _from_key_values(text)
    else:
        pairs = _from_table(text)
    found: dict[str, Neighbour] = {}
    for name, neighbour in pairs:
        if name and neighbour != Neighbour():
            found.setdefault(name, neighbour)
        if len(found) >= MAX_NICS:
            break
    return Neighbours(found, problems)


def _from_json(value: object) -> Iterator[tuple[str, Neighbour]]:
    for row in document.rows(document.member(value, "Neighbors")):
        for seen in document.rows(row.get("Neighbors")):
            yield clean(row.get("InterfaceName")), _of_networkd(seen)
    for lldp in document.rows(document.member(value, "lldp")):
        for row in document.rows(lldp.get("interface")):
            if isinstance(row.get("name"), str):
                yield clean(row["name"]), _of_lldpd(row)
            else:
                for name, inner in row.items():
                    yield clean(name), _of_lldpd(_one(inner))


def _one(value: object) -> dict[str, object]:
    """The first object in `value`, or an empty one."""
    return next(document.rows(value), {})


def _text(value: object) -> str:
    """`value` as text: itself, or the `value` of the first object in it, or the first of a list."""
    if isinstance(value, list) and value and isinstance(value[0], str):
        return clean(value[0])
    return clean(value) or clean(_one(value).get("value"))


def _of_lldpd(row: dict[str, object]) -> Neighbour:
    chassis, port = _one(row.get("chassis")), _one(row.get("port"))
    name = _text(chassis.get("name"))
    if chassis and not name and "id" not in chassis:
        # Plain JSON uses the switch's name as the key, which may be anything, "" included.
        key, inner = next(iter(chassis.items()))
        name, chassis = clean(key), _one(inner)
    chassis_id = _text(chassis.get("id"))
    return Neighbour(
        chassis=name or chassis_id,
        chassis_id=chassis_id,
        port=_text(port.get("id")),
        port_description=_text(port.get("descr")),
        vlan=_vlan(row.get("vlan")),
        management=_text(chassis.get("mgmt-ip")),
        description=_text(chassis.get("descr")),
    )


def _vlan(value: object) -> int | None:
    """The untagged VLAN if one is marked so, else the first."""
    rows = list(document.rows(value))
    rows.sort(key=lambda row: not flag(row.get("pvid")))
    return _vlan_id(rows[0].get("vlan-id")) if rows else None


def _vlan_id(value: object) -> int | None:
    number = integer(value)
    return number if number and number <= MAX_VLAN else None


def _of_networkd(row: dict[str, object]) -> Neighbour:
    chassis_id = clean(row.get("ChassisID"))
    return Neighbour(
        chassis=clean(row.get("SystemName")) or chassis_id,
        chassis_id=chassis_id,
        port=clean(row.get("PortID")),
        port_description=clean(row.get("PortDescription")),
        vlan=_vlan_id(row.get("VlanID")),
        description=clean(row.get("SystemDescription")),
    )


def _from_key_values(text: str) -> Iterator[tuple[str, Neighbour]]:
    interfaces: dict[str, dict[str, str]] = {}
    for line in text.splitlines()[:MAX_LINES]:
        left, _, value = line.partition("=")
        key = _KEY.fullmatch(left[:512])
        if key:
            interfaces.setdefault(clean(key[1]), {}).setdefault(key[2], clean(value))
    for name, found in interfaces.items():
        chassis_id = found.get("chassis.mac") or found.get("chassis.local", "")
        ports = (found.get(f"port.{kind}", "") for kind in ("ifname", "local", "mac"))
        yield (
            name,
            Neighbour(
                chassis=found.get("chassis.name") or chassis_id,
                chassis_id=chassis_id,
                port=next(filter(None, ports), ""),
                port_description=found.get("port.descr", ""),
                vlan=_vlan_id(found.get("vlan.vlan-id")),
                management=found.get("chassis.mgmt-ip", ""),
                description=found.get("chassis.descr", ""),
            ),
        )


def _from_table(text: str) -> Iterator[tuple[str, Neighbour]]:
    """networkctl's table: its columns changed places between versions, so the head tells where they are."""
    lines = text.splitlines()[:MAX_LINES]
    head = next((n for n, line in enumerate(lines) if line.lstrip().startswith("LINK ")), None)
    if head is None:
        return
    titles = list(_COLUMN.finditer(_TWO_WORDS.sub(r"\1-\2", lines[head][:1024])))
    ends = [title.start() for title in titles[1:]] + [1024]
    for line in lines[head + 1 :]:
        if not line.strip():
            break
        cells = zip(titles, ends, strict=True)
        row = {title[0]: _cell(line[title.start() : end]) for title, end in cells}
        chassis_id = row.get("CHASSIS-ID", "")
        yield (
            row.get("LINK", ""),
            Neighbour(
                chassis=row.get("SYSTEM-NAME") or chassis_id,
                chassis_id=chassis_id,
                port=row.get("PORT-ID", ""),
                port_description=row.get("PORT-DESCRIPTION", ""),
                description=row.get("SYSTEM-DESCRIPTION", ""),
            ),
        )


def _cell(text: str) -> str:
    value = clean(text)
    return "" if value in ("-", "n/a") else value
