"""Each probe's parser on small samples of the spellings that tools really use."""

from __future__ import annotations

from oci.domain.hardware import text
from oci.domain.hardware.board import bmc, clock, cpu, dmidecode, memory, pci
from oci.domain.hardware.inventory import Bmc, Cpu, PciDevice
from oci.domain.hardware.system import cmdline, drivers, firmware


def test_a_bmc_that_answers_and_one_that_does_not() -> None:
    found = bmc.parse(
        "IP Address Source       : DHCP Address\nIP Address              : 192.0.2.9\n"
        "MAC Address             : 00:30:48:f4:4d:83\nSNMP Community String   : marker-value\n"
        "Firmware Revision         : 3.21\nManufacturer Name         : DELL Inc\n"
    )
    assert found == Bmc(True, "192.0.2.9", "00:30:48:f4:4d:83", "DELL Inc", "3.21")
    assert bmc.parse("Could not open device at /dev/ipmi0 or /dev/ipmi/0: No such file or directory\n") == Bmc()
    assert bmc.parse("IP Address Source : x\nIP Address : 0.0.0.0\n").address == ""


def test_pci_devices_and_those_without_a_driver() -> None:
    known = pci.parse(
        '03:00.0 "Ethernet controller [0200]" "Broadcom Inc. [14e4]" "BCM57414 [x] [16d7]" -r01 "" ""\n'
        '10000:01:00.0 "Non-Volatile memory controller [0108]" "Micron [1344]" "9300 [51a2]" "" ""\n'
        "rubbish\n"
    )
    assert [device.slot for device in known] == ["0000:03:00.0", "10000:01:00.0"]
    missing = drivers.parse(
        "03:00.0 0200 14e4:16d7\n0000:00:00.0 0600 8086:29c0 Host bridge\n"
        "0000:04:00.0 0x020000 0x15B3:0x1017 Mellanox\n0000:05:00.0 0300 1a03:2000 VGA\nrubbish\n"
    )
    assert drivers.described(missing, known) == (
        PciDevice("0000:03:00.0", "0200", "14e4:16d7", "Broadcom Inc. BCM57414 [x]"),
        PciDevice("0000:04:00.0", "0200", "15b3:1017", "Mellanox"),
    )


def test_lscpu_in_another_language_is_blank() -> None:
    german = '{"lscpu": [{"field": "Architektur:", "data": "x86_64"}, {"field": "Sockel:", "data": "2"}]}'
    assert cpu.parse(german) == Cpu()
    assert cpu.parse("") == Cpu()


def test_the_clock_is_compared_with_the_appliances() -> None:
    remote = "remote Sat, 21 Nov 2026 08:00:00 GMT\n"
    assert clock.parse(f"local 1795248060 2026-11-21T08:01:00Z\n{remote}") == 60
    assert clock.parse(f"local 0 1970-01-01T00:00:00Z\n{remote}") == -1795248000
    for bad in (
        "",
        remote,
        "local 1795248060\n",
        "local 1\nremote yesterday\n",
        "local -1\n" + remote,
        "local 1\nremote Sat, 99 Nov 999999 08:00:00 GMT\n",
    ):
        assert clock.parse(bad) is None, bad


def test_the_small_probes() -> None:
    assert memory.parse("MemTotal:         982740 kB\nMemFree: 1 kB\n") == 982740 * 1024
    assert memory.parse("MemTotal: -1 kB") == memory.parse("") == 0
    assert [firmware.parse(t) for t in (" bios\n", "efi\n", "UEFI", "coreboot", "")] == [
        "bios",
        "efi",
        "efi",
        "",
        "",
    ]
    assert cmdline.parse("quiet oci.mac=52:54:00:A1:00:01 x=y") == "52:54:00:a1:00:01"
    assert cmdline.parse("BOOTIF=01-52-54-00-a1-00-01") == "52:54:00:a1:00:01"
    assert cmdline.parse("oci.mac=; oci.boot") == ""


def test_persistent_memory_and_flash_do_not_count_as_memory() -> None:
    head = "Handle 0x1, DMI type 17, 92 bytes\nMemory Device\n"
    tables = [
        "Size: 16 GB\nType: DDR4",
        "Size: 128 GB\nType: Logical non-volatile device\nVolatile Size: None",
        "Size: 128 GB\nType: DDR4\nVolatile Size: 64 GB",
        "Size: 8192 kB\nType: Flash",
        "Size: No Module Installed",
    ]
    dimms = dmidecode.parse("\n\n".join(head + table for table in tables)).dimms
    assert [dimm.volatile_bytes >> 30 for dimm in dimms] == [16, 0, 64, 0]


def test_one_fact_is_bounded_and_printable() -> None:
    assert text.clean(" a\tb\x00c\x1b[31m\u202e\ud800 ") == "a b\ufffdc\ufffd[31m\ufffd\ufffd"
    assert len(text.clean("x" * 10_000)) == 256
    assert text.clean(None) == text.clean(["x"]) == text.clean(7) == ""
    numbers = [7, "7", 7.0, True, -1, "-1", 1 << 64, "9" * 30, float("inf"), float("nan"), None, [], "x"]
    assert [text.integer(n) for n in numbers] == [7, 7, 7, *[None] * 10]
    assert [text.flag(v) for v in (True, "1", 1, "false", 0, None, "?", [1])] == [
        True,
        True,
        True,
        False,
        False,
        *[None] * 3,
    ]
