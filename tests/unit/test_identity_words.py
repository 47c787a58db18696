"""Fillers by rule: text made of firmware's own words, UUIDs of patterns, and MACs that are shared by design."""

from __future__ import annotations

import pytest

from oci.domain.identity.facts import canonical_uuid, proving_mac, serial_number
from oci.domain.identity.verdict import Identity, Known, match
from oci.domain.path import boot_owner


@pytest.mark.parametrize(
    "value",
    [
        "SN",
        "S/N",
        "Serial No",
        "No Serial Number",
        "TBD",
        "To Be Determined",
        "Empty String",
        "Not Avail",
        "None Provided",
        "Type1ProductConfigId",
        "Type1Sku0",
        "System SKUNumber",
        "Board Serial Number",
        "Base Board",
        "Default_Serial",
        "Engineering Sample",
        "Service Tag",
        "Not Filled",
        "0000-0000",
        "...",
        "12345678 12345678",
        "Customer",
        "Part Number",
    ],
)
def test_text_made_of_the_words_of_firmware_is_no_serial_number(value: str) -> None:
    assert serial_number(value) == ""


@pytest.mark.parametrize(
    "value",
    [
        "NAME123",
        "SN4711X",
        "HJKLMNP",
        "TAG0001",
        "BOARD-0815",
        "A1N2E3M",
        "S6XNNG0T",
        "SYS-A17",
        "rack12-node4",
        "MBQ",
    ],
)
def test_a_number_that_only_resembles_them_is_kept(value: str) -> None:
    assert serial_number(value) == value


@pytest.mark.parametrize(
    "value",
    [
        "12345678-1234-1234-1234-123456789abc",
        "aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee",
        "10101010-2020-3030-4040-505050505050",
        "123e4567-e89b-12d3-a456-426614174000",
    ],
)
def test_a_uuid_of_patterns_is_none(value: str) -> None:
    assert canonical_uuid(value) == canonical_uuid(value.upper()) == ""


@pytest.mark.parametrize(
    "mac",
    [
        "00:00:5e:00:01:0a",
        "00:00:5e:00:02:ff",
        "00:00:0c:07:ac:05",
        "00:00:0c:9f:f0:05",
        "00:05:73:a0:00:01",
        "00:07:b4:00:01:02",
        "02:bf:0a:4d:00:01",
    ],
)
def test_a_mac_that_machines_share_by_design_proves_nothing(mac: str) -> None:
    assert proving_mac(mac) == ""


def board(card: str, disk: str, **more: str) -> Identity:
    return Identity.of([card], disks=[disk], vendor="Vendor", model="Model", **more)


def test_text_alone_is_not_enough_when_every_card_and_disk_is_another() -> None:
    """Two values on no list, both in the text of a board, are as likely two twins as one machine."""
    text = {"uuid": "6f1b7d2c-99d1-4e0a-8a55-0d7a1c2b3e4f", "board_serial": "ZX81"}
    one = Known(1, board("0c:c4:7a:00:10:01", "D1", **text))
    assert match(board("0c:c4:7a:00:20:01", "D2", **text), [one]).verdict == "conflict"
    assert match(board("0c:c4:7a:00:20:01", "D1", **text), [one]).verdict == "same"


def test_blades_behind_one_controller_are_not_one_machine_because_they_have_no_uuid() -> None:
    shared = {"bmc_mac": "0c:c4:7a:00:00:99", "serial": "ENC0815"}
    one = Known(1, board("0c:c4:7a:00:10:01", "D1", **shared))
    assert match(board("0c:c4:7a:00:20:01", "D2", **shared), [one]).verdict == "conflict"
    assert match(board("0c:c4:7a:00:20:01", "D1", **shared), [one]).verdict == "same", "its cards were changed"


@pytest.mark.parametrize("spelled", ["tag-0001", "TAG 0001", " TAG0001 ", "tag.0001"])
def test_case_blanks_and_hyphens_make_no_other_serial(spelled: str) -> None:
    one = Known(1, board("0c:c4:7a:00:10:01", "D1", serial="TAG0001"))
    assert match(board("0c:c4:7a:00:10:01", "D1", serial=spelled), [one]).verdict == "same"
    assert boot_owner.fits("", spelled, boot_owner.Record(1, serial="TAG0001")) == 1


def test_one_adapter_and_nothing_else_is_not_the_machine_with_other_disks() -> None:
    one = Known(1, board("00:e0:4c:99:88:77", "D1"))
    assert match(board("00:e0:4c:99:88:77", "D2"), [one]).verdict == "conflict"
    assert match(board("00:e0:4c:99:88:77", "D1"), [one]).verdict == "same"
