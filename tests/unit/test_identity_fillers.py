"""Values that are in place of an identity: every known one with its source, and rules for those on no list."""

from __future__ import annotations

import random
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from oci.domain.identity import fillers
from oci.domain.identity.facts import (
    Identity,
    canonical_mac,
    canonical_uuid,
    meaningful,
    proving_mac,
    serial_number,
    uuid_spellings,
)
from oci.domain.identity.fillers import FILLERS, Filler


@pytest.mark.parametrize("row", FILLERS, ids=lambda row: f"{row.kind}-{row.value}")
def test_every_row_has_a_source_and_proves_nothing(row: Filler) -> None:
    assert len(row.source) > 8
    if row.kind == "uuid":
        assert canonical_uuid(row.value.upper()) == "" and re.fullmatch("[0-9a-f-]{36}", row.value)
    elif row.kind == "mac":
        assert proving_mac(row.value.upper()) == "" and canonical_mac(row.value) in ("", row.value)
    else:
        assert re.fullmatch("[a-z0-9]+", row.value) and serial_number(row.value.upper()) == ""
    serial = "" if row.kind in ("mac", "uuid") else row.value
    assert not Identity.of([row.value], row.value, row.value, serial, board_serial=serial, boot_macs=[row.value]).values()


def test_no_value_is_listed_twice() -> None:
    pairs = [(row.kind, row.value) for row in FILLERS]
    assert len(pairs) == len(set(pairs)) > 150


@pytest.mark.parametrize(
    "written",
    [
        "To be filled by O.E.M.",
        "To Be Filled By O.E.M.",
        "--",
        "Not Specified",
        "0123456789",
        "  ",
        "N/A",
        "Default string",
        "System Serial Number",
        "XXXXXXXXXX",
        "0",
        "00000000",
        "NO DIMM",
        "<OUT OF SPEC>",
        "..............",
        "Default_string",
    ],
)
def test_words_mean_nothing_however_they_are_written(written: str) -> None:
    assert meaningful(written) == ""


# On no list, and none of them is a number that one machine has.
UNLISTED_SERIALS = [
    "SSN98765432109876543",
    "SN-2345678901",
    "ABCABCABC",
    "1212121212",
    "A5A5A5A5",
    "567890123",
    "0F0F0F0F0F",
    "XY-0123456789",
    "543210",
    "123456789A",
    "1234512345",
    "PC-12345678",
    "77777",
    "S/N 0000000000",
    "SYS1111111",
]
UNLISTED_UUIDS = [
    "a5a5a5a5-a5a5-a5a5-a5a5-a5a5a5a5a5a5",
    "0f1e0f1e-0f1e-0f1e-0f1e-0f1e0f1e0f1e",
    "0f0e0d0c-0b0a-0908-0706-050403020100",
    "00112233-4455-6677-8899-aabbccddeeff",
    "10111213-1415-1617-1819-1a1b1c1d1e1f",
    "00000000-0000-0000-0000-000000000001",
    "ffffffff-ffff-ffff-ffff-fffffffffff0",
    "12345678-9abc-def0-1234-56789abcdef0",
    "4c4c4544-0020-2010-8020-a0c04f202020",
    "01020304-0102-0304-0102-030401020304",
    "00000000-0000-0000-0000-000000000000",
    "00000000-0000-0000-0000-001122334455",
]
UNLISTED_MACS = [
    "12:34:56:78:9a:bc",
    "aa:bb:aa:bb:aa:bb",
    "02:02:02:02:02:02",
    "00:90:fb:00:00:00",
    "00:1b:21:ff:ff:ff",
    "fe:dc:ba:98:76:54",
    "0a:0b:0c:0d:0e:0f",
    "66:55:44:33:22:11",
]


@pytest.mark.parametrize("value", UNLISTED_SERIALS)
def test_a_serial_that_looks_like_a_filler_proves_nothing(value: str) -> None:
    assert fillers.bare(value) not in fillers.SERIALS
    assert serial_number(value) == ""


@pytest.mark.parametrize("value", UNLISTED_UUIDS)
def test_a_uuid_that_looks_like_a_filler_proves_nothing_in_either_byte_order(value: str) -> None:
    assert canonical_uuid(value) == "" and uuid_spellings(value.upper()) == ()


@pytest.mark.parametrize("value", UNLISTED_MACS)
def test_a_mac_that_looks_like_a_filler_proves_nothing_and_is_shown_all_the_same(value: str) -> None:
    assert proving_mac(value) == "" and canonical_mac(value) == value


REAL_SERIALS = [
    "4QK9WX2",
    "S212101X7A18218",
    "QTFCQ57140285",
    "NM175S004964",
    "CZJ3250QWM",
    "LAB-0001",
    "SN1",
    "TAG0001",
    "PF0ABC12",
    "7CE123P0XY",
    "VMware-56 4d a6 d2 17 06 63 43-dc 2d 99 59 b5 33 a7 b3",
    "MXQ12345KT",
    "J100XYZ",
]
REAL_UUIDS = [
    "4c4c4544-0036-3210-805a-b7c04f4d3632",
    "35353636-3335-5a43-3232-343630335138",
    "00000000-0000-0000-0000-ac1f6b05e596",
    "03d40274-0435-05bf-d906-d20700080009",
    "e1a3d1c8-0809-e711-b48a-a81e84729878",
    "30313436-3631-584d-5132-333730305447",
]
REAL_MACS = [
    "b0:26:28:00:00:01",
    "52:54:00:77:00:01",
    "02:aa:00:00:00:10",
    "ac:1f:6b:05:e5:96",
    "00:0c:29:3e:10:9f",
    "00:e0:4c:36:11:fe",
    "3c:ec:ef:00:00:02",
]


@pytest.mark.parametrize("value", REAL_SERIALS)
def test_a_real_serial_counts(value: str) -> None:
    assert serial_number(value) == value


@pytest.mark.parametrize("value", REAL_UUIDS)
def test_a_real_uuid_counts(value: str) -> None:
    assert canonical_uuid(value) == value


@pytest.mark.parametrize("value", REAL_MACS)
def test_a_real_mac_counts(value: str) -> None:
    assert proving_mac(value) == value


def test_hardly_any_random_value_is_taken_for_a_filler() -> None:
    chance = random.Random(7)
    lost = 0
    for _ in range(20_000):
        digits = f"{chance.getrandbits(128):032x}"
        lost += fillers.is_filler_uuid(digits) + fillers.is_filler_mac(digits[:12])
        lost += fillers.is_filler_serial("".join(chance.choices("ABCDEFGHJKLMNPQRSTUVWXYZ0123456789", k=7)))
    assert lost < 6


@given(st.text("0123456789abcdef", min_size=1, max_size=8).filter(lambda text: 32 % len(text) == 0))
def test_any_pattern_that_fills_a_uuid_is_a_filler(pattern: str) -> None:
    assert canonical_uuid(pattern * (32 // len(pattern))) == ""


@given(st.text("ABCDEFGHJKLMNPQRSTUVWXYZ0123456789", min_size=1, max_size=5), st.integers(3, 6))
def test_any_pattern_three_times_is_no_serial(pattern: str, times: int) -> None:
    assert serial_number(pattern * times) == ""


@given(st.text("ab", max_size=16))
def test_what_goes_on_as_it_began_repeats_a_pattern(text: str) -> None:
    patterns = [n for n in range(1, len(text) // 2 + 1) if (text[:n] * len(text))[: len(text)] == text]
    assert fillers.is_repeated(text) == any(len(text) >= 3 * n or len(text) >= 8 or n == 1 for n in patterns)


@given(st.text())
def test_any_text_is_taken(text: str) -> None:
    for read in (serial_number, meaningful, canonical_uuid, canonical_mac, proving_mac):
        assert read(text).isprintable()
