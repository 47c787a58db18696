"""Which machine is this: weights, fillers, and properties that hold for any facts."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from oci.domain.identity.facts import proving_mac
from oci.domain.identity.verdict import (
    DOUBT,
    Identity,
    Known,
    canonical_mac,
    canonical_uuid,
    match,
    meaningful,
    swapped_uuid,
    uuid_spellings,
)

UUID = "4c4c4544-0036-3210-805a-b7c04f4d3632"
OTHER_UUID = "35353636-3335-5a43-3232-343630335138"
MAC, MAC2, CARD, CARD2 = (f"b0:26:28:00:00:{n:02x}" for n in (1, 2, 3, 4))
BMC, OTHER_BMC = "b0:26:28:00:01:01", "b0:26:28:00:01:02"

SERVER = Identity.of([MAC, MAC2, CARD], BMC, UUID, "4QK9WX2", "Dell Inc.", "PowerEdge M630")


def known(identity: Identity = SERVER, machine_id: int = 7) -> Known:
    return Known(machine_id, identity)


def like(**changed: object) -> Identity:
    facts = {**vars(SERVER), **changed}
    return Identity.of(**facts)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("title", "facts"),
    [
        ("nothing changed", SERVER),
        ("only the boot MAC is known yet", Identity.of([MAC2])),
        (
            "boot loader: MAC, UUID in the other byte order, serial",
            Identity.of([MAC], "", swapped_uuid(UUID), "4QK9WX2"),
        ),
        ("one card of two swapped", like(macs=[MAC, MAC2, CARD2])),
        ("every card swapped", like(macs=[CARD2])),
        ("every card swapped, no UUID, no serial", like(macs=[CARD2], uuid="", serial="")),
        ("every card swapped, seen without any", like(macs=[], bmc_mac="")),
        ("BMC replaced", like(bmc_mac=OTHER_BMC)),
        ("UUID and serial blank", like(uuid="", serial="")),
        ("UUID and serial fillers", like(uuid="F" * 32, serial="To be filled by O.E.M.")),
        ("the UUID was written again, the BMC and the cards stayed", like(uuid=OTHER_UUID)),
    ],
)
def test_the_same_machine_is_known_again(title: str, facts: Identity) -> None:
    found = match(facts, [known()])
    assert (found.verdict, found.machine_id) == ("same", 7), title
    assert found.reason.startswith("known as machine 7 by ")


@pytest.mark.parametrize(
    ("title", "facts"),
    [
        ("nobody", Identity()),
        (
            "twin in the same chassis",
            Identity.of([CARD2], OTHER_BMC, OTHER_UUID, "4QK9WX2", "Dell Inc.", "PowerEdge M630"),
        ),
        ("cheap board with the same UUID", Identity.of([CARD2], "", UUID, "")),
        ("our card in a foreign machine", Identity.of([CARD, CARD2], OTHER_BMC, OTHER_UUID, "5XX1111")),
        ("our card in a foreign machine without BMC", Identity.of([CARD, CARD2], "", OTHER_UUID, "5XX1111")),
        ("same serial of another vendor", Identity.of([CARD2], "", "", "4QK9WX2", "HP", "DL380")),
    ],
)
def test_another_machine_is_new(title: str, facts: Identity) -> None:
    found = match(facts, [known()])
    assert (found.verdict, found.machine_id) == ("new", None), title


@pytest.mark.parametrize(
    ("title", "facts"),
    [
        ("a board was replaced, UUID and serial written again", like(macs=[CARD2], bmc_mac=OTHER_BMC)),
        ("every card swapped, no BMC: or a twin with fillers on no list", like(macs=[CARD2], bmc_mac="")),
        ("a board was replaced, the serial written again", like(macs=[CARD2, CARD], bmc_mac=OTHER_BMC, uuid=OTHER_UUID)),
        ("a virtual machine made again, or the only card moved", like(uuid=OTHER_UUID, serial="", bmc_mac="")),
        ("nothing but cards, and one of them is another", Identity.of([MAC, CARD2])),
        ("all cards, and the serial is another", Identity.of([MAC, MAC2, CARD], serial="5XX1111")),
        ("all cards, and the product is another", Identity.of([MAC, MAC2, CARD], vendor="HP", model="DL380")),
    ],
)
def test_a_doubt_is_asked_about(title: str, facts: Identity) -> None:
    found = match(facts, [known()])
    assert (found.verdict, found.machine_id) == ("conflict", None), title
    assert found.reason.startswith("perhaps machine 7 by ")


def test_a_card_moved_between_known_machines_follows_the_machine() -> None:
    other = Identity.of([CARD2], OTHER_BMC, OTHER_UUID, "5XX1111", "Dell Inc.", "PowerEdge M630")
    moved = Identity.of([CARD, CARD2], OTHER_BMC, OTHER_UUID, "5XX1111", "Dell Inc.", "PowerEdge M630")
    found = match(moved, [known(), known(other, 8)])
    assert (found.verdict, found.machine_id) == ("same", 8)


def test_two_machines_that_claim_it_are_a_conflict_with_their_facts() -> None:
    one, two = Identity.of([MAC]), Identity.of([MAC2])
    found = match(Identity.of([MAC, MAC2]), [known(two, 9), known(one, 4)])
    assert (found.verdict, found.machine_id) == ("conflict", None)
    assert [(c.machine_id, c.agree) for c in found.claims] == [(4, (f"mac {MAC}",)), (9, (f"mac {MAC2}",))]
    assert found.reason == (f"claimed by more than one machine: machine 4 by mac {MAC}; machine 9 by mac {MAC2}")


def test_a_near_miss_is_told() -> None:
    found = match(Identity.of([CARD2], "", UUID), [known()])
    assert found.reason == f"a new machine, although it resembles machine 7 by uuid {UUID}"
    assert match(Identity.of([CARD2]), [known()]).reason == "a new machine"


@pytest.mark.parametrize(
    ("written", "mac"),
    [
        ("52:54:00:A1:00:01", "52:54:00:a1:00:01"),
        ("52-54-00-a1-00-01", "52:54:00:a1:00:01"),
        ("525400a10001", "52:54:00:a1:00:01"),
        ("5254.00a1.0001", "52:54:00:a1:00:01"),
        ("0:30:48:f4:4d:83", "00:30:48:f4:4d:83"),
        ("00:00:00:00:00:00", ""),
        ("ff:ff:ff:ff:ff:ff", ""),
        ("01:00:5e:00:00:01", ""),
        ("52:54:00:a1:00", ""),
        ("52:54:00:a1:00:01'; DROP TABLE machine; --", ""),
    ],
)
def test_macs_have_one_spelling(written: str, mac: str) -> None:
    assert canonical_mac(written) == mac


uuids = st.uuids().map(str)
macs = st.integers(1, 2**40).map(lambda n: f"{n:012x}").map(lambda s: ":".join(re.findall("..", s)))
serials = st.text("ABCDEFGHJKLMNPQRSTUVWXYZ23456789", min_size=7, max_size=10).filter(meaningful)
identities = st.builds(
    Identity.of,
    macs=st.lists(macs.filter(proving_mac), min_size=1, max_size=4),
    bmc_mac=macs | st.just(""),
    uuid=uuids | st.sampled_from(["", "0" * 32]),
    serial=serials | st.sampled_from(["", "Default string"]),
)


@given(identities)
def test_every_machine_knows_itself(one: Identity) -> None:
    assert match(one, [known(one)]).machine_id == 7


@given(uuids)
def test_byte_order_is_its_own_inverse_and_both_are_looked_up(uuid: str) -> None:
    assert swapped_uuid(swapped_uuid(uuid)) == uuid
    assert set(uuid_spellings(uuid)) == {canonical_uuid(uuid), swapped_uuid(canonical_uuid(uuid))} - {""}


@given(identities, st.data())
def test_with_a_bmc_any_change_of_cards_is_survived(one: Identity, data: st.DataObject) -> None:
    was = Identity.of(one.macs, BMC, one.uuid, one.serial)
    now = Identity.of(data.draw(st.lists(macs, max_size=4)), BMC, one.uuid, one.serial)
    assert match(now, [known(was)]).machine_id == 7


@given(identities, st.booleans())
def test_a_replaced_mainboard_with_a_kept_card_and_serial_is_asked_about(one: Identity, has_bmc: bool) -> None:
    was = Identity.of(one.macs, BMC if has_bmc else "", UUID, "4QK9WX2")
    now = Identity.of([min(one.macs), CARD2], OTHER_BMC if has_bmc else "", OTHER_UUID, "4QK9WX2")
    assert match(now, [known(was)]).verdict == "conflict"


@given(st.integers(1, 8), st.booleans(), st.booleans())
def test_a_moved_card_never_outweighs_the_mainboard(ports: int, onboard: bool, in_use: bool) -> None:
    card = [f"b0:26:28:00:09:{n:02x}" for n in range(ports)]
    own = [MAC2] if onboard else []
    was = Identity.of([MAC, *card], BMC, UUID, "4QK9WX2", onboard=[MAC], cards=[[MAC], card])
    now = Identity.of(
        [*own, *card], OTHER_BMC, OTHER_UUID, "5XX1111", onboard=own, cards=[own, card], boot_macs=card[:1] if in_use else ()
    )
    assert match(now, [known(was)]).verdict == "new"


@given(st.lists(identities, max_size=6), identities, st.sampled_from(["", "To be filled by O.E.M.", "4242"]))
def test_one_repeated_serial_never_claims(others: list[Identity], one: Identity, serial: str) -> None:
    rows = [
        known(Identity.of(i.macs - one.macs, "", i.uuid, serial), n)
        for n, i in enumerate(others)
        if i.macs - one.macs and i.uuid not in uuid_spellings(one.uuid)
    ]
    assert match(Identity.of(one.macs, "", one.uuid, serial), rows).verdict == "new"


@given(st.lists(identities, max_size=5), identities, st.randoms(use_true_random=False))
def test_the_verdict_is_well_formed_and_has_no_order(rows: list[Identity], one: Identity, chance) -> None:  # type: ignore[no-untyped-def]
    listed = [known(row, n) for n, row in enumerate([*rows, one])]
    found = match(one, listed)
    chance.shuffle(listed)
    assert match(one, listed) == found
    assert (found.machine_id is not None) == (found.verdict == "same")
    if found.verdict == "conflict":
        assert all(claim.score >= DOUBT for claim in found.claims)


@given(st.text(), st.text(), st.text(), st.lists(st.text()))
def test_any_text_is_taken(serial: str, uuid: str, mac: str, more: list[str]) -> None:
    one = Identity.of(more, mac, uuid, serial, serial, uuid)
    assert match(one, [known(), known(one, 8)]).verdict in ("same", "new", "conflict")
    assert one.serial.isprintable()
