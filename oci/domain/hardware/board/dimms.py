"""Memory modules out of the tables of SMBIOS 17 (SMBIOS 3.7, 7.18) and their arrays, table 16.

How much of a module is ordinary memory stands in no single line: `Size`, `Volatile Size`, `Non-Volatile Size` and
`Cache Size` count together, and many firmwares leave the last three at "None" for common DDR modules.

| module | volatile |
|---|---|
| flash, video memory, a module of an array that is no system memory | 0 |
| `Volatile Size` is a number | that, at most the size |
| it is `None`, and `Cache Size` is a number: DRAM that caches persistent memory | 0 |
| it is not a number, `Non-Volatile Size` is one | what that leaves of the size; 0 where it is `None` |
| none of them is a number, the technology or the type is persistent | 0 |
| none of them is a number otherwise | the size |

Where modules of persistent memory give volatile memory (Intel's Memory Mode), all DRAM is their cache and is not
counted: the kernel manages exactly what they give.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

from oci.domain.hardware import fillers
from oci.domain.hardware.inventory import Dimm
from oci.domain.hardware.text import clean, integer, size

MAX_DIMMS = 256

# Read-only, and the display's own.
_NO_MEMORY = frozenset({"Flash", "ROM", "EEPROM", "EPROM", "FEPROM", "VRAM", "Cache"})
_PERSISTENT = re.compile(r"optane|persistent|nvdimm|non-?volatile", re.IGNORECASE)
_SYSTEM_USES = frozenset({"System Memory", "", "Other", "Unknown", "Cache Memory", "<OUT OF SPEC>"})
_OLD_LIMIT = size("32767 MB")
"""The most that the 16 bits of the first `Size` hold; an `Extended Size` then has the truth."""


@dataclass(frozen=True)
class _Module:
    dimm: Dimm
    persistent: bool


def parse(modules: Iterable[Mapping[str, str]], arrays: Iterable[Mapping[str, str]]) -> tuple[Dimm, ...]:
    """The populated slots in the tables' order, at most MAX_DIMMS. Never raises."""
    other_use = {table.get("Handle", ""): True for table in arrays if table.get("Use", "") not in _SYSTEM_USES}
    found = list(_modules(modules, other_use))[:MAX_DIMMS]
    memory_mode = any(module.persistent and module.dimm.volatile_bytes for module in found)
    return tuple(
        replace(module.dimm, volatile_bytes=0) if memory_mode and not module.persistent else module.dimm for module in found
    )


def _modules(tables: Iterable[Mapping[str, str]], other_use: Mapping[str, bool]) -> Iterator[_Module]:
    for table in tables:
        total = _total(table)
        if total:
            kind = fillers.name(clean(table.get("Type", "")))
            persistent = _is_persistent(table, kind)
            no_memory = kind in _NO_MEMORY or table.get("Array Handle", "-") in other_use
            yield _Module(_dimm(table, kind, total, 0 if no_memory else _volatile(table, total, persistent)), persistent)


def _total(table: Mapping[str, str]) -> int:
    """Bytes of the module; 0 for an empty slot."""
    stated = size(table.get("Size", ""))
    if stated == _OLD_LIMIT:
        return size(table.get("Extended Size", "")) or stated
    if stated or fillers.name(clean(table.get("Size", ""))):
        return stated
    unknown = table.get("Size", "").strip().casefold() == "unknown"
    return size(table.get("Volatile Size", "")) + size(table.get("Non-Volatile Size", "")) if unknown else 0


def _is_persistent(table: Mapping[str, str], kind: str) -> bool:
    # An NVDIMM-N tells in its details that it is non-volatile; `Unknown` and the like match nothing.
    told = (kind, table.get("Memory Technology", ""), table.get("Type Detail", ""))
    return any(_PERSISTENT.search(clean(text)) for text in told if text)


def _volatile(table: Mapping[str, str], total: int, persistent: bool) -> int:
    volatile, lasting = size(table.get("Volatile Size", "")), size(table.get("Non-Volatile Size", ""))
    said_none = table.get("Volatile Size", "").strip().casefold() == "none"
    if volatile:
        return min(volatile, total)
    if said_none and (lasting or size(table.get("Cache Size", ""))):
        return 0
    if lasting:
        return max(total - lasting, 0)
    return 0 if persistent else total


def _dimm(table: Mapping[str, str], kind: str, total: int, volatile: int) -> Dimm:
    text = {
        key: clean(table.get(key, ""))
        for key in ("Locator", "Bank Locator", "Manufacturer", "Part Number", "Serial Number", "Speed")
    }
    return Dimm(
        slot=fillers.locator(text["Locator"]) or fillers.locator(text["Bank Locator"]),
        bytes=total,
        volatile_bytes=volatile,
        type=kind,
        speed=integer(text["Speed"].partition(" ")[0]) or 0,
        vendor=fillers.vendor(text["Manufacturer"]),
        part=fillers.part(text["Part Number"]),
        serial=fillers.serial(text["Serial Number"]),
    )
