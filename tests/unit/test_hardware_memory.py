"""How much of a memory module is ordinary memory: the shapes that dmidecode prints, read together."""

from __future__ import annotations

import pytest

from oci.domain.hardware import Probe, parse
from oci.domain.hardware.board import dmidecode

GIB = 1 << 30
NONE = "Non-Volatile Size: None\nVolatile Size: None\nCache Size: None\n"


def table(lines: str, handle: int = 0x1100) -> str:
    return f"Handle {handle:#06x}, DMI type 17, 92 bytes\nMemory Device\n" + lines


SHAPES = {
    "before SMBIOS 3.2: no such lines": ("Size: 16 GB\nType: DDR4", 16, 16),
    "a board that leaves all three at None": (
        f"Size: 16384 MB\nType: DDR4\nMemory Technology: <OUT OF SPEC>\n{NONE}",
        16,
        16,
    ),
    "the same with DRAM": (f"Size: 32 GB\nType: DDR5\nMemory Technology: DRAM\n{NONE}", 32, 32),
    "as the standard wants it": (
        "Size: 32 GB\nType: DDR4\nMemory Technology: DRAM\nNon-Volatile Size: None\nVolatile Size: 32 GB\nCache Size: None",
        32,
        32,
    ),
    "sizes unknown": ("Size: 8 GB\nType: DDR4\nNon-Volatile Size: Unknown\nVolatile Size: Unknown", 8, 8),
    "in kilobytes": ("Size: 8388608 kB\nType: DDR3\nVolatile Size: 8388608 kB", 8, 8),
    "in terabytes": ("Size: 1 TB\nType: DDR5\nVolatile Size: 1 TB", 1024, 1024),
    "binary spelling": ("Size: 64 GiB\nType: DDR5", 64, 64),
    "HBM on the processor": (
        "Size: 16 GB\nForm Factor: Die\nType: HBM2\nVolatile Size: 16 GB\nNon-Volatile Size: None",
        16,
        16,
    ),
    "a size of 16 bits that is full, and the larger": ("Size: 32767 MB\nExtended Size: 65536 MB\nType: DDR4", 64, 64),
    "size unknown, its parts known": ("Size: Unknown\nType: DDR4\nVolatile Size: 8 GB\nNon-Volatile Size: None", 8, 8),
    "NVDIMM-N, all of it kept by its flash": (
        "Size: 16 GB\nType: DDR4\nMemory Technology: NVDIMM-N\nNon-Volatile Size: 16 GB\nVolatile Size: None",
        16,
        0,
    ),
    "NVDIMM-N without sizes": ("Size: 16 GB\nType: DDR4\nMemory Technology: NVDIMM-N\nVolatile Size: Unknown", 16, 0),
    "an NVDIMM that only its details tell": (
        f"Size: 16 GB\nType: DDR4\nType Detail: Synchronous Non-Volatile\n{NONE}",
        16,
        0,
    ),
    "Optane as storage": (
        "Size: 126 GB\nType: Logical non-volatile device\nMemory Technology: Intel Optane persistent memory\n"
        "Non-Volatile Size: 126 GB\nVolatile Size: None\nCache Size: None",
        126,
        0,
    ),
    "Optane, the older name, no sizes": (
        "Size: 126 GB\nType: Other\nMemory Technology: Intel persistent memory",
        126,
        0,
    ),
    "Optane in part as memory": (
        "Size: 128 GB\nType: DDR4\nMemory Technology: Intel Optane persistent memory\nNon-Volatile Size: 64 GB\n"
        "Volatile Size: 64 GB",
        128,
        64,
    ),
    "a logical device without technology": (f"Size: 128 GB\nType: Logical non-volatile device\n{NONE}", 128, 0),
    "half of it lasting, the rest not told": (
        "Size: 32 GB\nType: DDR4\nNon-Volatile Size: 16 GB\nVolatile Size: Unknown",
        32,
        16,
    ),
    "CXL card with memory": (
        "Size: 256 GB\nType: DDR5\nMemory Technology: Unknown\nVolatile Size: 256 GB\nNon-Volatile Size: None",
        256,
        256,
    ),
    "CXL card with lasting memory": (
        "Size: 256 GB\nType: DDR5\nVolatile Size: None\nNon-Volatile Size: 256 GB",
        256,
        0,
    ),
    "DRAM that is a cache": (
        "Size: 16 GB\nType: DDR4\nVolatile Size: None\nNon-Volatile Size: None\nCache Size: 16 GB",
        16,
        0,
    ),
    "flash of the firmware": ("Size: 16 MB\nType: Flash\nVolatile Size: 16 MB", 1 / 64, 0),
    "memory of a display": ("Size: 2 GB\nType: VRAM", 2, 0),
    "a volatile part larger than the module": ("Size: 8 GB\nType: DDR4\nVolatile Size: 16 GB", 8, 8),
}


@pytest.mark.parametrize(("lines", "size", "volatile"), SHAPES.values(), ids=SHAPES)
def test_one_module(lines: str, size: float, volatile: int) -> None:
    (dimm,) = dmidecode.parse(table(lines)).dimms
    assert (dimm.bytes / GIB, dimm.volatile_bytes / GIB) == (size, volatile)


@pytest.mark.parametrize(
    "size", ["No Module Installed", "Not Installed", "Unknown", "None", "0 MB", "", "Installed", "-1 GB"]
)
def test_an_empty_slot(size: str) -> None:
    assert dmidecode.parse(table(f"Size: {size}\nType: DDR4\n{NONE}")).dimms == ()


def test_modules_of_an_array_that_is_no_system_memory() -> None:
    arrays = (
        "Handle 0x1000, DMI type 16, 23 bytes\nPhysical Memory Array\nUse: System Memory\n\n"
        "Handle 0x1001, DMI type 16, 23 bytes\nPhysical Memory Array\nUse: Flash Memory\n\n"
    )
    text = (
        arrays
        + table("Array Handle: 0x1000\nSize: 8 GB\nType: DDR3\n\n")
        + table("Array Handle: 0x1001\nSize: 8 MB\n", 0x1101)
    )
    assert [dimm.volatile_bytes / GIB for dimm in dmidecode.parse(text).dimms] == [8, 0]


def test_in_memory_mode_dram_is_the_cache_of_persistent_memory() -> None:
    dram = table("Size: 16 GB\nType: DDR4\nMemory Technology: DRAM\nVolatile Size: 16 GB\nNon-Volatile Size: None\n\n")
    lasting = table(
        "Size: 128 GB\nMemory Technology: Intel Optane persistent memory\nVolatile Size: 128 GB\n"
        "Non-Volatile Size: None\n\n",
        0x1101,
    )
    assert sum(dimm.volatile_bytes for dimm in dmidecode.parse(2 * dram + 2 * lasting).dimms) == 256 * GIB


def test_the_kernels_memory_counts_where_the_tables_tell_less() -> None:
    def built_in(lines: str, kernel_kib: int) -> int:
        return parse(
            {"dmidecode": Probe(table(lines).encode()), "memory": Probe(f"MemTotal: {kernel_kib} kB".encode())}
        ).memory_bytes

    assert built_in("Size: 16 GB\nType: DDR4", 16_000_000) == 16 * GIB
    assert built_in("Size: No Module Installed", 16_000_000) == 16_000_000 * 1024
    assert built_in("Size: 4 GB\nType: DDR4", 16_000_000) == 16_000_000 * 1024, "a guest whose memory grew"


def test_a_slot_without_a_name_is_called_by_its_bank() -> None:
    (dimm,) = dmidecode.parse(
        table(
            "Size: 8 GB\nLocator: Not Specified\nBank Locator: BANK 0\nManufacturer: 0x0000\n"
            "Part Number: ModulePartNumber00\nSerial Number: SerNum00\nSpeed: Unknown"
        )
    ).dimms
    assert (dimm.slot, dimm.vendor, dimm.part, dimm.serial, dimm.speed) == ("BANK 0", "", "", "", 0)
