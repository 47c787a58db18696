"""What is a filler depends on the kind of field: a version may repeat a digit, a serial may not."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from oci.domain.hardware import Probe, fillers, parse
from oci.domain.hardware.board import bmc, cpu, dmidecode
from oci.domain.hardware.cards import ethtool

KINDS = {
    kind.__name__: kind
    for kind in (
        fillers.name,
        fillers.locator,
        fillers.version,
        fillers.vendor,
        fillers.model,
        fillers.serial,
        fillers.part,
    )
}
EVERYWHERE = [
    "",
    "-",
    "--",
    " - ",
    "...",
    "_",
    "/",
    "N/A",
    "n/a",
    "None",
    "none",
    "NULL",
    "Unknown",
    "unknown",
    "Undefined",
    "Empty",
    "Not Specified",
    " Not Specified",
    "Not Provided",
    "Not Available",
    "Not Present",
    "Not Received",
    "<BAD INDEX>",
    "<OUT OF SPEC>",
    "NO DIMM",
    "[Empty]",
    "Default string",
    "Default string 1",
    "To be filled by O.E.M.",
    "To Be Filled By O.E.M",
    "To be filled by O.E.M. (board 2)",
    "Unknown (0x2A7C)",
    "Undefined 0x12",
    "Unknown [0x00]",
    "None 3",
    "Empty <0>",
    "No Module Installed",
    "Reserved",
    "O.E.M.",
    "x.x.x",
    "XXXX",
    "Unknown - 0x7F",
]
KEPT = {
    "version": [
        "2.2",
        "1.1.1",
        "3.33",
        "11",
        "0.00",
        "2.0b",
        "P70",
        "U30 v2.42 (04/01/2021)",
        "S3E_3B09.02",
        "0x80000aef, 1.1.1",
        "Version 2.0",
        "1",
    ],
    "vendor": [
        "3Com",
        "80CE",
        "AAA",
        "HP",
        "Dell Inc.",
        "Samsung (0xCE)",
        "00CE000080CE",
        "Unknown Worlds GmbH",
        "American NA Inc",
    ],
    "model": ["X10", "7777", "520", "-[7915AC1]-", "Model 3", "PowerEdge M630", "ProLiant DL380p Gen8", "All Series"],
    "serial": ["4242", "QTFCQ57140285", "CZ3240VRQZ", "S212101X7A18218", "00E1B203", "J1000NNN", "1234A"],
    "part": ["M393A2G40DB0-CPB", "36ASF4G72PZ-2G6E1", "9965589-006.E01G", "HMA82GS7CJR8N-VK"],
    "locator": ["0", "1", "A1", "DIMM 0", "P0_Node0_Channel0_Dimm0", "PROC 1 DIMM 12", "ChannelA-DIMM0", "111"],
    "name": ["DDR4", "Logical non-volatile device", "X-Gene", "swp46", "0", "igb", "0000:3b:00.0", "x"],
}
BLANK = {
    "version": ["0x00000000"],
    "vendor": [
        "0x0000",
        "0000",
        "FFFF",
        "000000000000",
        "System manufacturer",
        "Manufacturer00",
        "Unknown Manufacturer",
    ],
    "model": ["System Product Name", "0000000000", "1234567890", "Base Board Product Name"],
    "serial": [
        "00000000",
        "0x00000000",
        "FFFFFFFF",
        "1111",
        "123456789",
        "0123456789",
        "1234567890",
        "987654321",
        "A123456789",
        "System Serial Number",
        "SerNum0",
        "SerNum00",
        "A1_SerNum0",
        "DIMM0_SerNum",
        "AssetTagNum1",
        "No Asset Tag",
        "x",
        "123456789ABCDEF",
        "Chassis Serial Number",
    ],
    "part": ["ModulePartNumber00", "Array1_PartNumber0", "PartNum0", "0x2020202020202020", "00000000"],
    "locator": [],
    "name": [],
}


@pytest.mark.parametrize("kind", KINDS)
def test_each_kind_knows_the_fillers_of_all_its_own_and_what_is_none(kind: str) -> None:
    is_kept = KINDS[kind]
    assert [value for value in EVERYWHERE + BLANK[kind] if is_kept(value)] == []
    assert [value for value in KEPT[kind] if is_kept(value) != value] == []


@given(st.lists(st.integers(0, 99), min_size=2, max_size=4).map(lambda parts: ".".join(map(str, parts))))
def test_every_version_of_numbers_survives(version: str) -> None:
    assert fillers.version(version) == version


@given(st.integers(0, 999), st.sampled_from(["", "DIMM ", "Slot-", "A"]))
def test_every_slot_with_a_number_survives(number: int, label: str) -> None:
    assert fillers.locator(f"{label}{number}") == f"{label}{number}"


@given(st.text("BCDEGHJKLMPQRSTUVWYZ", min_size=2, max_size=6), st.integers(1000, 10**9))
def test_every_serial_of_letters_and_digits_survives(letters: str, digits: int) -> None:
    assert fillers.serial(f"{letters}{digits}") == f"{letters}{digits}"


@given(
    st.sampled_from(sorted(fillers.NOTHING)),
    st.sampled_from(["", " 7", " 0x1F", " (0x2A7C)", " [a b]", "..", " 01 02"]),
    st.sampled_from(sorted(KINDS)),
    st.sampled_from([str, str.upper, str.title]),
)
def test_a_word_for_nothing_stays_one_with_something_behind_it(word: str, behind: str, kind: str, spelt) -> None:
    assert KINDS[kind](spelt(word) + behind) == ""


@given(st.text(max_size=256), st.sampled_from(sorted(KINDS)))
def test_the_answer_is_the_value_or_nothing(value: str, kind: str) -> None:
    assert KINDS[kind](value) in (value, "")


def test_the_fields_of_a_whole_machine() -> None:
    tables = """
Handle 0x0000, DMI type 0, 26 bytes
BIOS Information
	Version: 1.1.1

Handle 0x0001, DMI type 1, 27 bytes
System Information
	Manufacturer: System manufacturer
	Product Name: System Product Name
	Serial Number: Default string 1
	UUID: Not Settable

Handle 0x0002, DMI type 2, 15 bytes
Base Board Information
	Manufacturer: Maker
	Product Name: 7777

Handle 0x0004, DMI type 4, 48 bytes
Processor Information
	Version: Not Specified
	Status: Populated, Enabled

Handle 0x0005, DMI type 4, 48 bytes
Processor Information
	Version: Eight Cores 9999
	Status: Populated, Enabled
"""
    lscpu = (
        '{"lscpu": [{"field": "Model name:", "data": "-"}, {"field": "Socket(s):", "data": "-"}, '
        '{"field": "Architecture:", "data": "aarch64"}]}'
    )
    found = parse(
        {
            "dmidecode": Probe(tables.encode()),
            "cpu": Probe(lscpu.encode()),
            "bmc": Probe(b"Firmware Revision : 11.11\nManufacturer Name : Unknown (0x2A7C)\n"),
        }
    )
    assert (found.bios_version, found.vendor, found.model, found.serial, found.uuid) == (
        "1.1.1",
        "Maker",
        "7777",
        "",
        "",
    )
    assert (found.cpu.model, found.cpu.sockets, found.cpu.arch) == ("Eight Cores 9999", 2, "aarch64")
    assert (found.bmc.firmware, found.bmc.vendor) == ("11.11", "")


def test_small_probes_know_fillers_too() -> None:
    (card,) = ethtool.parse("### eno1\ndriver: igb\nfirmware-version: N/A\nbus-info: N/A\n")
    assert (card.driver, card.firmware, card.bus) == ("igb", "", "")
    (card,) = ethtool.parse("### eno1\nfirmware-version: 1.1.1\n")
    assert card.firmware == "1.1.1"
    assert bmc.parse("Manufacturer Name : Unknown\nFirmware Revision : 2.2\n").firmware == "2.2"
    arm = "Architecture: aarch64\nCPU(s): 64\nCore(s) per cluster: 64\nSocket(s): -\nCluster(s): 1\nModel name: Neoverse\n"
    assert (cpu.parse(arm).model, cpu.parse(arm).cores) == ("Neoverse", 64)
    assert dmidecode.parse("").bios_version == ""
