"""Cabling: which card carries which network, and why one cannot."""

from __future__ import annotations

import itertools
import json
import random
from collections.abc import Mapping
from dataclasses import replace
from ipaddress import ip_network

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from oci.domain.hardware.inventory import Neighbour, Nic
from oci.domain.networks.networks import PURPOSES, Network, Route
from oci.domain.promise.cabling import BadCabling, BondOrder, Override, cabling
from oci.domain.promise.interfaces import BadInterface, Bond, Interface, canonical
from oci.domain.promise.promise import BadPromise, Promise, digest, promise, read

BOOT, FAST, SLOW = "52:54:00:00:00:01", "52:54:00:00:00:02", "52:54:00:00:00:03"
NICS = (
    Nic("eno1", BOOT, speed_mbps=1000, link=True),
    Nic("ens1", FAST, speed_mbps=25000, link=True),
    Nic("ens2", SLOW, speed_mbps=10000, link=True),
)
PROV = Network("prov", "provisioning", "10.0.0.0/24", vlan=10, gateway="10.0.0.1", dns=("10.0.0.1",))
MGMT = Network("mgmt", "management", "10.1.0.0/24", vlan=20, gateway="10.1.0.1", routes=(Route("10.9.0.0/16", "10.1.0.2"),))
STOR_A = Network("stor-a", "storage", "10.2.0.0/24", vlan=30, mtu=9000)
STOR_B = Network("stor-b", "storage", "10.3.0.0/24", vlan=31, mtu=9000)
FOUR = (PROV, MGMT, STOR_A, STOR_B)


def given_to(*networks: Network) -> dict[str, str]:
    """The eleventh address of each network."""
    return {network.name: str(ip_network(network.cidr)[11]) for network in networks}


def told(*interfaces: Interface) -> dict[str, list[str]]:
    """Name of every interface that is something, and the networks on which it is."""
    return {one.name: [place.network for place in one.places] for one in interfaces if one.places}


def named(interfaces: tuple[Interface, ...], name: str) -> Interface:
    return next(one for one in interfaces if one.name == name)


def heard(nic: Nic, vlan: int | None, switch: str = "tor1", port: str = "1/1") -> Nic:
    return replace(nic, neighbour=Neighbour(chassis=switch, port=port, vlan=vlan))


def test_three_cards_share_four_networks_and_those_of_one_purpose_are_on_two_cards() -> None:
    made = cabling(FOUR, NICS, given_to(*FOUR), boot_mac=BOOT)
    assert told(*made) == {"eno1": ["prov"], "vlan20": ["mgmt"], "vlan30": ["stor-a"], "vlan31": ["stor-b"]}
    parents = {one.name: one.parent for one in made if one.kind == "vlan"}
    assert parents == {"vlan20": "ens1", "vlan30": "ens2", "vlan31": "ens1"}
    assert [one.name for one in made] == ["ens1", "ens2", "eno1", "vlan20", "vlan31", "vlan30"]
    assert {one.name: one.mtu for one in made if one.kind == "card"} == {"ens1": 9000, "ens2": 9000, "eno1": 1500}


def test_a_machine_with_one_card_carries_all() -> None:
    made = cabling(FOUR, NICS[:1], given_to(*FOUR), boot_mac=BOOT)
    assert told(*made) == {"eno1": ["prov"], "vlan20": ["mgmt"], "vlan30": ["stor-a"], "vlan31": ["stor-b"]}
    assert {one.parent for one in made if one.kind == "vlan"} == {"eno1"}
    assert made[0].mtu == 9000 and made[0].places[0].mtu == 1500, "the network's own MTU stays with it"


def test_one_gateway_leads_everywhere_and_a_person_may_choose_it() -> None:
    gateways = lambda made: {p.network: p.gateway for one in made for p in one.places if p.gateway}  # noqa: E731
    assert gateways(cabling(FOUR, NICS, given_to(*FOUR), boot_mac=BOOT)) == {"prov": "10.0.0.1"}
    chosen = Override(default="mgmt")
    assert gateways(cabling(FOUR, NICS, given_to(*FOUR), chosen, BOOT)) == {"mgmt": "10.1.0.1"}


def test_what_a_switch_port_told_decides_and_takes_no_tag() -> None:
    nics = (NICS[0], heard(NICS[1], None), heard(NICS[2], 20))
    made = cabling((PROV, MGMT), nics, given_to(PROV, MGMT), boot_mac=BOOT)
    assert told(*made) == {"eno1": ["prov"], "ens2": ["mgmt"]}
    forced = cabling((PROV, MGMT), nics, given_to(PROV, MGMT), Override(tagged=frozenset({"mgmt"})), BOOT)
    assert named(forced, "vlan20").parent == "ens2"


def test_a_network_without_a_vlan_is_kept_off_a_port_of_another() -> None:
    plain = replace(STOR_A, vlan=0)
    nics = (NICS[0], heard(NICS[1], 20), NICS[2])
    made = cabling((PROV, plain, MGMT), nics, given_to(PROV, plain, MGMT), boot_mac=BOOT)
    assert told(*made) == {"eno1": ["prov"], "ens1": ["mgmt"], "ens2": ["stor-a"]}


@pytest.mark.parametrize("word", [SLOW, "52-54-00-00-00-03", "ens2", "tor1 1/7"])
def test_a_person_names_a_card_by_mac_name_or_switch_port(word: str) -> None:
    nics = (NICS[0], NICS[1], heard(NICS[2], None, port="1/7"))
    made = cabling((PROV, MGMT), nics, given_to(PROV, MGMT), Override({"mgmt": word}), BOOT)
    assert named(made, "vlan20").parent == "ens2"


def test_both_families_of_one_wire_are_on_one_interface() -> None:
    six = replace(STOR_A, name="stor-six", cidr="fd00:2::/64")
    made = cabling((PROV, STOR_A, six), NICS, given_to(PROV, STOR_A, six), boot_mac=BOOT)
    assert told(*made) == {"eno1": ["prov"], "vlan30": ["stor-a", "stor-six"]}
    bare = [replace(one, vlan=0) for one in (PROV, replace(PROV, name="prov6", cidr="fd00::/64", gateway="fe80::1", dns=()))]
    made = cabling(bare, NICS[:1], given_to(*bare), boot_mac=BOOT)
    assert told(*made) == {"eno1": ["prov", "prov6"]}
    assert [place.gateway for place in made[0].places] == ["10.0.0.1", "fe80::1"]


def test_a_bond_carries_what_is_ordered_and_its_mtu_is_the_largest() -> None:
    order = Override({"mgmt": "bond0", "stor-a": "bond0"}, (BondOrder("bond0", (FAST, "ens2"), Bond(least=1)),))
    made = cabling((PROV, MGMT, STOR_A), NICS, given_to(PROV, MGMT, STOR_A), order, BOOT)
    bond = named(made, "bond0")
    assert bond.mtu == 9000 and [one.name for one in made if one.master == "bond0"] == ["ens1", "ens2"]
    assert {one.name: one.parent for one in made if one.kind == "vlan"} == {"vlan20": "bond0", "vlan30": "bond0"}


def test_a_bond_of_the_boot_card_carries_provisioning_without_a_tag() -> None:
    order = Override(bonds=(BondOrder("bond0", (BOOT, FAST)),))
    assert told(*cabling((PROV,), NICS, given_to(PROV), order, BOOT)) == {"bond0": ["prov"]}


def test_a_bridge_has_the_address_and_the_vlan_is_its_port() -> None:
    made = cabling((PROV, MGMT), NICS, given_to(PROV, MGMT), Override(bridges={"mgmt": "br-ex"}), BOOT)
    assert told(*made) == {"eno1": ["prov"], "br-ex": ["mgmt"]}
    assert named(made, "vlan20").master == "br-ex" and named(made, "br-ex").kind == "bridge"


def test_a_network_on_which_the_machine_has_no_address_is_there_all_the_same() -> None:
    made = cabling((PROV, STOR_A), NICS, {**given_to(PROV), "stor-a": ""}, boot_mac=BOOT)
    assert named(made, "vlan30").places[0].address == ""


PLAIN = replace(STOR_A, vlan=0)
REFUSALS: list[tuple[str, tuple[Network, ...], tuple[Nic, ...], Override, str]] = [
    ("no card", FOUR, (), Override(), "no card can be used: the report lists none"),
    ("no link", (STOR_A,), (replace(NICS[1], link=False),), Override(), "has no link; plug its cable in"),
    ("InfiniBand", (STOR_A,), (Nic("ib0", kind="infiniband", guid="x"),), Override(), "is infiniband, not Ethernet"),
    ("controller", (STOR_A,), (replace(NICS[1], bmc_usb=True),), Override(), "leads to the machine's own controller"),
    ("no MAC", (STOR_A,), (Nic("usb0", link=True),), Override(), "has no MAC of its own"),
    ("boot card away", (PROV,), NICS[1:], Override(), f"and the report lists no card {BOOT}; order a card for it"),
    ("boot card taken", (PROV, PLAIN), NICS, Override({"stor-a": BOOT}), "eno1 carries stor-a without a tag; order a card"),
    ("untagged", (PROV, PLAIN), NICS[:1], Override(), "needs a card of its own, and none is free: eno1 carries prov"),
    ("card unlinked", (PROV, MGMT), (NICS[0], replace(NICS[1], link=False)), Override({"mgmt": "ens1"}), "has no link"),
    ("card unknown", (PROV, MGMT), NICS, Override({"mgmt": "eth9"}), "no card is that; cards that can be used: ens1"),
    ("bond of a dead card", (PROV,), (NICS[0], replace(NICS[1], link=False)),
     Override(bonds=(BondOrder("bond0", ("ens1",)),)), "bond bond0: 'ens1' cannot be used: card ens1"),
    ("two bonds", (PROV,), NICS, Override(bonds=(BondOrder("b0", (FAST,)), BondOrder("b1", (FAST,)))), "in bond b0 already"),
    ("bond mode", (PROV,), NICS, Override(bonds=(BondOrder("b0", (FAST,), Bond("7")),)), "choose one of 802.3ad"),
    ("bond hash", (PROV,), NICS, Override(bonds=(BondOrder("b0", (FAST,), Bond(hash="7")),)), "choose one of layer2"),
    ("bond least", (PROV,), NICS, Override(bonds=(BondOrder("b0", (FAST,), Bond(least=2)),)), "take 1 to 1"),
    ("bond name", (PROV,), NICS, Override(bonds=(BondOrder("eno1", (FAST,)),)), "that no card has"),
    ("bond empty", (PROV,), NICS, Override(bonds=(BondOrder("b0", ()),)), "has no card; name at least one"),
    ("bond is a VLAN", (PROV, MGMT), NICS, Override(bonds=(BondOrder("vlan20", (FAST,)),)), "which another interface has"),
    ("bridge name", (PROV, MGMT), NICS, Override(bridges={"mgmt": "eno1"}), "take a name like br-ex"),
    ("one bridge of two", (PROV, MGMT), NICS, Override(bridges={"mgmt": "br0", "prov": "br0"}), "name a bridge for each"),
    ("not wanted", (PROV,), NICS, Override({"mgmt": "ens1"}), "names network mgmt, which is not wanted"),
    ("no gateway", (PROV, STOR_A), NICS, Override(default="stor-a"), "has no gateway; choose another"),
    ("no tag", (PROV, PLAIN), NICS, Override(tagged=frozenset({"stor-a"})), "has no VLAN; give it one"),
    ("twice", (PROV, PROV), NICS, Override(), "is wanted twice"),
    ("one VLAN", (PROV, MGMT, replace(STOR_A, vlan=20)), NICS, Override(), "so a machine cannot tell them apart"),
    ("bad network", (PROV, replace(MGMT, vlan=4095)), NICS, Override(), "VLAN 4095 does not exist"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("networks", "nics", "override", "says"), [row[1:] for row in REFUSALS], ids=[r[0] for r in REFUSALS]
)
def test_a_refusal_says_why_and_what_instead(
    networks: tuple[Network, ...], nics: tuple[Nic, ...], override: Override, says: str
) -> None:
    with pytest.raises(BadCabling) as refused:
        cabling(networks, nics, given_to(*networks), override, BOOT)
    assert says in str(refused.value)


@pytest.mark.parametrize(
    ("addresses", "says"),
    [
        ({}, "no address was given for network prov"),
        ({"prov": "ten"}, "is no address; take one of 10.0.0.0/24"),
        ({"prov": "10.7.0.1"}, "is not a host address of 10.0.0.0/24"),
        ({"prov": "10.0.0.1"}, "is a router's"),
        ({"prov": "10.0.0.11", "x": "10.0.0.12"}, "for network x, which is not wanted"),
    ],
)
def test_an_address_that_cannot_be_is_refused(addresses: Mapping[str, str], says: str) -> None:
    with pytest.raises(BadCabling, match=says):
        cabling((PROV,), NICS, addresses, boot_mac=BOOT)


def test_all_reasons_are_told_at_once() -> None:
    order = Override({"mgmt": "eth8", "stor-a": "eth9"})
    with pytest.raises(BadCabling) as refused:
        cabling((PROV, MGMT, STOR_A), NICS, given_to(PROV, MGMT, STOR_A), order, BOOT)
    assert len(refused.value.reasons) == 2


def test_two_families_of_one_vlan_stay_on_one_card() -> None:
    """Ordered apart they would be two interfaces of one name."""
    four = Network("four", "tunnel", "10.80.0.0/24", vlan=30)
    six = replace(four, name="six", cidr="fd00:80::/64")
    wanted = (PROV, four, six)
    made = cabling(wanted, NICS, given_to(*wanted), Override({"six": NICS[1].mac}), BOOT)
    (vlan,) = [one for one in made if one.kind == "vlan"]
    assert [place.network for place in vlan.places] == ["four", "six"]
    assert next(one for one in made if one.name == vlan.parent).mac == NICS[1].mac
    with pytest.raises(BadCabling, match="are one wire, VLAN 30, and were ordered to"):
        cabling(wanted, NICS, given_to(*wanted), Override({"six": NICS[1].mac, "four": NICS[0].mac}), BOOT)


# -- properties


@st.composite
def machines(draw: st.DrawFn) -> tuple[list[Network], list[Nic], Override, str]:
    """Networks of a role, cards of a report and an order, most of which can be."""
    networks = []
    for number in range(draw(st.integers(1, 6))):
        six, vlan = draw(st.booleans()), draw(st.sampled_from([0, 100 + number, 100]))
        cidr = f"fd00:{number}::/64" if six else f"10.{number}.0.0/24"
        purpose = draw(st.sampled_from(PURPOSES))
        networks.append(Network(f"n{number}", purpose, cidr, vlan=vlan, mtu=draw(st.sampled_from([1280, 1500, 9000]))))
    nics = []
    for number in range(draw(st.integers(0, 5))):
        nic = Nic(f"eth{number}", f"52:54:00:00:00:{number:02x}", speed_mbps=draw(st.sampled_from([None, 1000, 25000])))
        nic = replace(nic, link=draw(st.sampled_from([True, True, None, False])))
        nics.append(heard(nic, draw(st.sampled_from([None, 100, 101, 1]))) if draw(st.booleans()) else nic)
    words = [nic.mac for nic in nics] + ["bond0"]
    cards = draw(st.dictionaries(st.sampled_from([n.name for n in networks]), st.sampled_from(words), max_size=2))
    bonds = (BondOrder("bond0", tuple(nic.mac for nic in nics[:2])),) if nics and draw(st.booleans()) else ()
    bridges = draw(st.dictionaries(st.sampled_from([n.name for n in networks]), st.sampled_from(["br0", "br1"]), max_size=2))
    tagged = frozenset(n.name for n in networks if n.vlan and draw(st.integers(0, 4)) == 0)
    return networks, nics, Override(cards, bonds, bridges, tagged), draw(st.sampled_from(["", "52:54:00:00:00:00"]))


@settings(deadline=None, max_examples=300)
@given(machines(), st.randoms(use_true_random=False))
def test_no_wanted_network_is_dropped_and_the_order_of_cards_counts_for_nothing(
    machine: tuple[list[Network], list[Nic], Override, str], chance: random.Random
) -> None:
    networks, nics, override, boot_mac = machine
    turned = nics[:]
    chance.shuffle(turned)
    addresses = given_to(*networks)
    try:
        made = cabling(networks, nics, addresses, override, boot_mac)
    except BadCabling as refused:
        assert refused.reasons and all(refused.reasons)
        with pytest.raises(BadCabling):
            cabling(networks, turned, addresses, override, boot_mac)
        return
    assert made == cabling(networks, turned, dict(reversed(addresses.items())), override, boot_mac)
    placed = [place.network for one in made for place in one.places]
    assert sorted(placed) == sorted(network.name for network in networks)
    _holds(made, nics, networks, override)


def _holds(made: tuple[Interface, ...], nics: list[Nic], networks: list[Network], override: Override) -> None:
    by_name = {one.name: one for one in made}
    assert len(by_name) == len(made)
    dead = {nic.mac for nic in nics if nic.link is False}
    for one in made:
        if one.parent:
            assert by_name[one.parent].mtu >= one.mtu
        if one.master:
            assert by_name[one.master].kind in ("bond", "bridge") and not one.places and one.mtu >= by_name[one.master].mtu
        assert one.kind != "card" or one.mac not in dead - {"52:54:00:00:00:00"}
        assert all(place.mtu <= one.mtu for place in one.places)
        assert Interface.from_dict(json.loads(canonical(one.to_dict()))) == one
    for network, word in override.cards.items():
        assert word in _carried_by(made, network), "an order is never bent"
    for purpose in {network.purpose for network in networks}:
        assert purpose in PURPOSES


def _carried_by(made: tuple[Interface, ...], network: str) -> set[str]:
    """Names and MACs of all that is under the interface which is on `network`."""
    under = [one for one in made if any(place.network == network for place in one.places)]
    for _ in range(4):
        names, parents = {one.name for one in under}, {one.parent for one in under}
        under += [one for one in made if one not in under and (one.master in names or one.name in parents)]
    return {one.name for one in under} | {one.mac for one in under}


# -- the stored form


def test_the_stored_form_has_no_defaults_and_refuses_what_it_does_not_know() -> None:
    made = cabling((PROV,), NICS, given_to(PROV), boot_mac=BOOT)[0]
    assert canonical(made.to_dict()) == (
        b'{"kind":"card","mac":"52:54:00:00:00:01","name":"eno1","places":[{"address":"10.0.0.11/24","dns":["10.0.0.1"],'
        b'"gateway":"10.0.0.1","network":"prov"}],"required":true}'
    )
    for wrong, says in (
        ({"kind": "card"}, "has no name"),
        ({"name": "a", "kind": "card", "speed": 1}, "has speed, which this version of OCI does not know"),
        ({"name": "a", "kind": "card", "mtu": "1"}, "it must be int"),
        ({"name": "a", "kind": "card", "mtu": True}, "it must be int"),
        ({"name": "a", "kind": "card", "places": {}}, "must be a list"),
        ({"name": "a", "kind": "card", "places": [1]}, "must be a"),
        ({"name": "a", "kind": "bond", "bond": []}, "must be an object"),
    ):
        with pytest.raises(BadInterface, match=says):
            Interface.from_dict(wrong)


def test_a_promise_is_hashed_by_what_it_says_and_nothing_else() -> None:
    made = cabling(FOUR, NICS, given_to(*FOUR), boot_mac=BOOT)
    first = promise(made, [{"part": "sda", "size": 1}])
    assert first.revision == 1 and promise(list(made), [{"size": 1, "part": "sda"}], first) is first
    assert read(json.loads(json.dumps(first.to_dict())), digest(first)) == first
    second = promise(made[:1], [{"part": "sda", "size": 1}], first)
    back = promise(made, [{"part": "sda", "size": 1}], second)
    assert len({digest(one) for one in (first, second, back)}) == 3 and back.revision == 3


@settings(deadline=None)
@given(st.sampled_from(["10.0.0.12/24", "", "10.0.0.11/25"]))
def test_a_promise_that_was_changed_is_not_carried_out(address: str) -> None:
    kept = promise(cabling((PROV,), NICS, given_to(PROV), boot_mac=BOOT), [])
    stored = kept.to_dict()
    stored["interfaces"][0]["places"][0]["address"] = address
    with pytest.raises(BadPromise, match="not the one that was approved"):
        read(stored, digest(kept))


@pytest.mark.parametrize(
    "stored", [{}, {"interfaces": [], "disks": [], "revision": True}, {"interfaces": [1], "disks": 0, "revision": 1}]
)
def test_what_is_no_promise_is_refused(stored: dict[str, object]) -> None:
    with pytest.raises(BadPromise, match="assign the machine again"):
        read(stored)


def test_the_digest_of_a_kept_promise_stays() -> None:
    """What an older version stored and a person approved has to be the same for every later one."""
    kept = Promise(cabling((PROV,), NICS, given_to(PROV), boot_mac=BOOT), "[]", 1)
    assert digest(kept) == "b3eb13b42f2ad0ff06284c5c7e4c3a4224800529ab21e5788ac2fd7e2c915cc0"


def test_every_order_of_the_same_networks_carries_them_all() -> None:
    for order in itertools.permutations(FOUR):
        assert len(told(*cabling(order, NICS, given_to(*FOUR), boot_mac=BOOT))) == 4


def test_of_three_networks_of_one_vlan_each_two_must_be_one_wire() -> None:
    """One of IPv6 goes with either of two of IPv4, which do not go with each other."""
    cidrs = ("fd00:0::/64", "10.1.0.0/24", "10.2.0.0/24")
    networks = [Network(f"n{n}", "management", cidr, vlan=100) for n, cidr in enumerate(cidrs)]
    with pytest.raises(BadCabling, match="n1 and n2 both have VLAN 100"):
        cabling(networks, [Nic(name="eth0", mac="52:54:00:00:00:00", link=True)], given_to(*networks), Override(), "")
