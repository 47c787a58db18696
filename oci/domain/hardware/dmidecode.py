"""Probe `dmidecode`: the plain output of dmidecode, all tables."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from oci.domain.hardware.inventory import Cpu, Dimm
from oci.domain.hardware.text import MAX_NUMBER, clean, facts, integer, size
from oci.domain.identity import canonical_uuid, meaningful

MAX_DIMMS = 256
MAX_SOCKETS = 256
MAX_TABLES = 10_000

_TABLE = re.compile(r"Handle 0x[0-9A-Fa-f]{1,8}, DMI type ([0-9]{1,3})\b")
_WANTED = {"0": "bios", "1": "system", "2": "board", "3": "chassis", "4": "socket", "17": "dimm", "38": "bmc",
           "41": "onboard"}
_READ_ONLY_MEMORY = frozenset({"Flash", "ROM", "EEPROM", "EPROM", "FEPROM"})


@dataclass(frozen=True)
class Firmware:
    """What the SMBIOS tables say; `bmc` is True when they announce a management controller."""

    vendor: str = ""
    model: str = ""
    serial: str = ""
    uuid: str = ""
    bios_version: str = ""
    cpu: Cpu = field(default_factory=Cpu)
    dimms: tuple[Dimm, ...] = ()
    bmc: bool = False
    board_serial: str = ""
    chassis_serial: str = ""
    onboard: frozenset[str] = frozenset()  # bus addresses of what sits on the mainboard


def parse(text: str) -> Firmware:
    """Read the tables; those that are missing leave their facts blank. Never raises."""
    tables: dict[str, list[dict[str, str]]] = {kind: [] for kind in _WANTED.values()}
    for kind, table in _tables(text):
        tables[kind].append(table)
    system, board, bios = (next(iter(tables[kind]), {}) for kind in ("system", "board", "bios"))
    dimms = filter(None, map(_dimm, tables["dimm"][: 4 * MAX_DIMMS]))
    return Firmware(
        vendor=_fact(system, "Manufacturer") or _fact(board, "Manufacturer"),
        model=_fact(system, "Product Name") or _fact(board, "Product Name"),
        serial=_fact(system, "Serial Number"),
        uuid=canonical_uuid(_fact(system, "UUID")),
        bios_version=_fact(bios, "Version"),
        cpu=_cpu(tables["socket"][:MAX_SOCKETS]),
        dimms=tuple(dimms)[:MAX_DIMMS],
        bmc=bool(tables["bmc"]),
        board_serial=_fact(_main(tables["board"]), "Serial Number"),
        chassis_serial=_fact(next(iter(tables["chassis"]), {}), "Serial Number"),
        onboard=frozenset(filter(None, (clean(table.get("Bus Address", "")) for table in tables["onboard"][:MAX_DIMMS]))),
    )


def _tables(text: str) -> Iterator[tuple[str, dict[str, str]]]:
    """The wanted tables in order, each as its `key: value` lines; the first of equal keys counts."""
    for block in text.split("\n\n", MAX_TABLES)[:MAX_TABLES]:
        # A block may begin with the preamble, or with a blank line too many.
        head = _TABLE.search(block[:512])
        kind = _WANTED.get(head[1]) if head else None
        if kind:
            table: dict[str, str] = {}
            for key, value in facts(block):
                table.setdefault(key, value)
            yield kind, table


def _main(boards: list[dict[str, str]]) -> dict[str, str]:
    """The mainboard among the boards; blades name boards of their enclosure too."""
    kinds = [board for board in boards if board.get("Type") in ("Motherboard", "Processor+Memory Module")]
    return next(iter(kinds or boards), {})


def _fact(table: dict[str, str], key: str) -> str:
    return meaningful(clean(table.get(key, "")))


def _dimm(table: dict[str, str]) -> Dimm | None:
    """One populated slot, or None for an empty one."""
    total = size(table.get("Size", ""))
    if not total:
        return None
    kind = _fact(table, "Type")
    # "None" is a statement, "Unknown" and an absent line are not.
    stated = table.get("Volatile Size", "Unknown")
    volatile = total if stated == "Unknown" else size(stated)
    speed = integer(table.get("Speed", "").partition(" ")[0])
    return Dimm(
        slot=clean(table.get("Locator", "")),
        bytes=total,
        volatile_bytes=0 if kind in _READ_ONLY_MEMORY else min(volatile, total),
        type=kind,
        speed=speed or 0,
        vendor=_fact(table, "Manufacturer"),
        part=_fact(table, "Part Number"),
        serial=_fact(table, "Serial Number"),
    )


def _cpu(tables: list[dict[str, str]]) -> Cpu:
    """The populated sockets taken together; the firmware does not name the architecture."""
    used = [table for table in tables if table.get("Status", "").startswith("Populated")]
    if not used:
        return Cpu()
    cores = sum(integer(table.get("Core Count")) or 1 for table in used)
    threads = sum(integer(table.get("Thread Count")) or 1 for table in used)
    return Cpu(
        model=_fact(used[0], "Version"),
        sockets=len(used),
        cores=min(cores, MAX_NUMBER),
        threads=min(max(threads, cores), MAX_NUMBER),
    )
