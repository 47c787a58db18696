"""Probe `dmidecode`: the plain output of dmidecode, all tables."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from oci.domain.hardware import fillers
from oci.domain.hardware.board import dimms
from oci.domain.hardware.board.dimms import MAX_DIMMS
from oci.domain.hardware.inventory import Cpu, Dimm
from oci.domain.hardware.text import MAX_NUMBER, clean, facts, integer
from oci.domain.identity.verdict import canonical_uuid

MAX_SOCKETS = 256
MAX_TABLES = 10_000

_TABLE = re.compile(r"Handle (0x[0-9A-Fa-f]{1,8}), DMI type ([0-9]{1,3})\b")
_WANTED = {
    "0": "bios",
    "1": "system",
    "2": "board",
    "3": "chassis",
    "4": "socket",
    "16": "array",
    "17": "dimm",
    "38": "bmc",
    "41": "onboard",
}


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
    return Firmware(
        vendor=_fact(system, "Manufacturer", fillers.vendor) or _fact(board, "Manufacturer", fillers.vendor),
        model=_fact(system, "Product Name", fillers.model) or _fact(board, "Product Name", fillers.model),
        serial=_fact(system, "Serial Number", fillers.serial),
        uuid=_fact(system, "UUID", canonical_uuid),
        bios_version=_fact(bios, "Version", fillers.version),
        cpu=_cpu(tables["socket"][:MAX_SOCKETS]),
        dimms=dimms.parse(tables["dimm"][: 4 * MAX_DIMMS], tables["array"]),
        bmc=bool(tables["bmc"]),
        board_serial=_fact(_main(tables["board"]), "Serial Number", fillers.serial),
        chassis_serial=_fact(next(iter(tables["chassis"]), {}), "Serial Number", fillers.serial),
        onboard=frozenset(filter(None, (clean(table.get("Bus Address", "")) for table in tables["onboard"][:MAX_DIMMS]))),
    )


def _tables(text: str) -> Iterator[tuple[str, dict[str, str]]]:
    """The wanted tables in order, each as its `key: value` lines; the first of equal keys counts."""
    for block in text.split("\n\n", MAX_TABLES)[:MAX_TABLES]:
        # A block may begin with the preamble, or with a blank line too many.
        head = _TABLE.search(block[:512])
        kind = _WANTED.get(head[2]) if head else None
        if head and kind:
            table: dict[str, str] = {"Handle": head[1]}
            for key, value in facts(block):
                table.setdefault(key, value)
            yield kind, table


def _fact(table: dict[str, str], key: str, kind: Callable[[str], str]) -> str:
    """The value of `key`, '' when it is a filler for its kind of field."""
    return kind(clean(table.get(key, "")))


def _main(boards: list[dict[str, str]]) -> dict[str, str]:
    """The mainboard among the boards; blades name boards of their enclosure too."""
    kinds = [board for board in boards if board.get("Type") in ("Motherboard", "Processor+Memory Module")]
    return next(iter(kinds or boards), {})


def _cpu(tables: list[dict[str, str]]) -> Cpu:
    """The populated sockets taken together; the firmware does not name the architecture."""
    used = [table for table in tables if table.get("Status", "").startswith("Populated")]
    if not used:
        return Cpu()
    cores = sum(integer(table.get("Core Count")) or 1 for table in used)
    threads = sum(integer(table.get("Thread Count")) or 1 for table in used)
    return Cpu(
        model=next(filter(None, (_fact(table, "Version", fillers.name) for table in used)), ""),
        sockets=len(used),
        cores=min(cores, MAX_NUMBER),
        threads=min(max(threads, cores), MAX_NUMBER),
    )
