"""Probe `lldp`: lldpd's JSON in its three shapes, its key=value lines, or networkctl's JSON or table.

lldpd's `json` gives a list of one-key objects, or one plain object when there is a single interface;
`json0` gives lists everywhere and puts names inside. All three become one shape here: `_one` looks
through lists, `_text` through `{"value": ...}`.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, field

from oci.domain.hardware import document, fillers
from oci.domain.hardware.cards.ip import MAX_NICS
from oci.domain.hardware.inventory import Neighbour
from oci.domain.hardware.text import clean, flag, integer
from oci.domain.identity.verdict import canonical_mac

MAX_VLAN = 4094
MAX_LINES = 20_000
MAX_NEIGHBOURS = 8
MAX_CAPABILITIES = 16
NEAREST_BRIDGE = "01:80:c2:00:00:0e"

_CAPABILITIES = ("Other", "Repeater", "Bridge", "WLAN", "Router", "Telephone", "Docsis", "Station")
_LETTERS = "opbwrtda"

# With a telephone or a wireless station a bridge is a small one inside, and the switch is behind it.
_END_DEVICES = frozenset({"station", "station only", "telephone", "tel", "wlan", "wlan ap", "docsis"})

_KEY = re.compile(r"lldp\.(.+?)\.((?:via|dst|rid|age|chassis|port|vlan|lldp-med|unknown-tlvs)\b.*)")
_COLUMN = re.compile(r"\S+")
_TWO_WORDS = re.compile(r"(CHASSIS|SYSTEM|PORT) (ID|NAME|DESCRIPTION)")


@dataclass(frozen=True)
class Neighbours:
    """For each NIC's name all its neighbours, sorted, and what was wrong with the text."""

    heard: dict[str, tuple[Neighbour, ...]] = field(default_factory=dict)
    problems: tuple[str, ...] = ()

    @property
    def by_nic(self) -> dict[str, Neighbour]:
        """For each NIC's name the neighbour that its cable leads to."""
        return {name: first for name, seen in self.heard.items() if (first := nearest(seen))}


def nearest(heard: Iterable[Neighbour], own_macs: Collection[str] = ()) -> Neighbour | None:
    """Whom a cable leads to: a switch before a router, before one that tells nothing, before phones and hosts.

    A port may hear a phone between, a hypervisor's own agent, or another card of the same machine (`own_macs`): IEEE
    802.1AB, 7.1 and 8.5.8. Among equals it is the one that spoke to the address of the nearest bridge.
    """
    return min(heard, key=lambda one: (_distance(one, own_macs), one.nearest is not True, _order(one)), default=None)


def _distance(one: Neighbour, own_macs: Collection[str]) -> int:
    able = {word.casefold() for word in one.capabilities}
    if own_macs and {canonical_mac(one.chassis_id), canonical_mac(one.port)} & set(own_macs):
        return 4
    if not able:
        return 2
    if able & _END_DEVICES:
        return 3
    return 0 if "bridge" in able else 1 if "router" in able else 3


def _order(one: Neighbour) -> tuple[str, ...]:
    return (one.chassis, one.chassis_id, one.port, one.port_description, str(one.vlan), one.management, one.description,
            " ".join(one.capabilities), str(one.nearest))  # fmt: skip


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
    found: dict[str, set[Neighbour]] = {}
    for name, neighbour in pairs:
        if not name or not (neighbour.chassis or neighbour.port or neighbour.port_description):
            continue
        if name in found or len(found) < MAX_NICS:
            seen = found.setdefault(name, set())
            if len(seen) < MAX_NEIGHBOURS:
                seen.add(neighbour)
    return Neighbours({name: tuple(sorted(seen, key=_order)) for name, seen in found.items()}, problems)


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
                    yield from ((clean(name), _of_lldpd(one)) for one in document.rows(inner))


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
        capabilities=_able((row.get("type"), row.get("enabled")) for row in document.rows(chassis.get("capability"))),
    )


def _able(told: Iterable[tuple[object, object]]) -> tuple[str, ...]:
    """The capabilities that are switched on, sorted."""
    return tuple(sorted({clean(kind) for kind, on in told if clean(kind) and (flag(on) or on == "on")})[:MAX_CAPABILITIES])


def _vlan(value: object) -> int | None:
    """The untagged VLAN if one is marked so, else the first that is named. A PVID of 0 says that there is none."""
    return _first_vlan((row.get("vlan-id"), row.get("pvid")) for row in document.rows(value))


def _first_vlan(told: Iterable[tuple[object, object]]) -> int | None:
    valid = [(_vlan_id(number), flag(pvid)) for number, pvid in told]
    ids = sorted(((not pvid, n) for n, (number, pvid) in enumerate(valid) if number), key=lambda key: key)
    return valid[ids[0][1]][0] if ids else None


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
        capabilities=_of_bits(integer(row.get("EnabledCapabilities")) or 0),
    )


def _of_bits(bits: int) -> tuple[str, ...]:
    """The capabilities of IEEE 802.1AB, table 8-4, as networkctl writes them: a number, or a letter for each bit."""
    return tuple(sorted(name for n, name in enumerate(_CAPABILITIES) if bits >> n & 1))


def _from_key_values(text: str) -> Iterator[tuple[str, Neighbour]]:
    """lldpd begins each neighbour with `via`; the same card may have several."""
    interfaces: dict[str, list[dict[str, list[str]]]] = {}
    for line in text.splitlines()[:MAX_LINES]:
        left, _, value = line.partition("=")
        key = _KEY.fullmatch(left[:512])
        if key:
            seen = interfaces.setdefault(clean(key[1]), [])
            if not seen or key[2] == "via":
                seen.append({})
            seen[-1].setdefault(key[2], []).append(clean(value))
    for name, seen in interfaces.items():
        yield from ((name, _of_keys(found)) for found in seen)


def _of_keys(found: dict[str, list[str]]) -> Neighbour:
    def first(*keys: str) -> str:
        return next((value for key in keys for value in found.get(key, ()) if fillers.name(value)), "")

    chassis_id = first("chassis.mac", "chassis.local", "chassis.ifname", "chassis.ip")
    on = [(key.split(".")[1], values[0]) for key, values in found.items()
          if key.startswith("chassis.") and key.endswith(".enabled")]  # fmt: skip
    on += [(word, "on") for word in first("chassis.capabilities").split(",")]
    ids = found.get("vlan.vlan-id", [])
    # A line for each; where only the numbers are told, the first one counts.
    pvids = found.get("vlan.pvid", [])[: len(ids)]
    to = first("dst").lower()
    return Neighbour(
        chassis=first("chassis.name") or chassis_id,
        chassis_id=chassis_id,
        port=first("port.ifname", "port.local", "port.mac"),
        port_description=first("port.descr"),
        vlan=_first_vlan(zip(ids, pvids + ["no"] * (len(ids) - len(pvids)), strict=True)),
        management=first("chassis.mgmt-ip"),
        description=first("chassis.descr"),
        capabilities=_able(on),
        nearest=to == NEAREST_BRIDGE if to else None,
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
                capabilities=_of_bits(sum(1 << n for n, letter in enumerate(_LETTERS) if letter in row.get("CAPS", ""))),
            ),
        )


def _cell(text: str) -> str:
    value = clean(text)
    return "" if value in ("-", "n/a") else value
