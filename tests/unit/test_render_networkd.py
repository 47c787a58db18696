"""The files of systemd-networkd, as text: whole machines, and values that must not get in."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from oci.domain.hardware.inventory import Nic
from oci.domain.networks.networks import Network, Route
from oci.domain.promise.cabling import BondOrder, Override, cabling
from oci.domain.promise.interfaces import Bond, Interface, Place, Way
from oci.render.machine.networkd import FOLDER, BadNetworkdValue, files

GOLDEN = Path(__file__).parent.parent / "golden" / "networkd"
BOOT = "52:54:00:00:00:01"
NICS = tuple(Nic(f"ens{n}", f"52:54:00:00:00:0{n}", speed_mbps=25000, link=True) for n in (1, 2, 3))
PROV = Network("prov", "provisioning", "10.0.0.0/24", gateway="10.0.0.1", dns=("10.0.0.1", "10.0.0.2"))
PROV6 = Network("prov6", "provisioning", "fd00::/64", gateway="fe80::1", dns=("fd00::1",))
MGMT = Network("mgmt", "management", "10.1.0.0/24", vlan=20, routes=(Route("10.9.0.0/16", "10.1.0.2"),))
STOR_A = Network("stor-a", "storage", "10.2.0.0/24", vlan=30, mtu=9000)
STOR_B = Network("stor-b", "storage", "fd00:3::/64", vlan=31, mtu=9000)
ADDRESSES = {"prov": "10.0.0.11", "prov6": "fd00::11", "mgmt": "10.1.0.11", "stor-a": "10.2.0.11", "stor-b": "fd00:3::11"}
BONDED = Override({"prov": "bond0"}, (BondOrder("bond0", ("ens1", "ens2"), Bond("802.3ad", "layer3+4", True, 1)),))
BACKUP = Override({"stor-a": "bond1"}, (BondOrder("bond1", ("ens2", "ens3"), Bond("active-backup")),))


def machine(*networks: Network, cards: int = 1, override: Override = Override()) -> tuple[Interface, ...]:  # noqa: B008
    return cabling(networks, NICS[:cards], {n.name: ADDRESSES[n.name] for n in networks}, override, BOOT)


CASES = {
    "one-card": machine(PROV),
    "three-cards-four-networks": machine(PROV, MGMT, STOR_A, STOR_B, cards=3),
    "bond-with-vlans": machine(PROV, MGMT, STOR_A, cards=2, override=BONDED),
    "active-backup": machine(PROV, STOR_A, cards=3, override=BACKUP),
    "bridge-on-vlan": machine(PROV, MGMT, override=Override(bridges={"mgmt": "br-ex"})),
    "ipv6-only": machine(PROV6),
    "dual-stack": machine(PROV, PROV6),
    "one-card-carries-all": machine(PROV, PROV6, MGMT, STOR_A, STOR_B),
}


def told(made: dict[str, str]) -> dict[str, str]:
    """File name to text, of files that are all where networkd looks."""
    assert all(path.startswith(f"{FOLDER}/") for path in made)
    return {path.removeprefix(f"{FOLDER}/"): text for path, text in made.items()}


@pytest.mark.parametrize("name", CASES)
def test_golden(name: str) -> None:
    made, place = told(files(CASES[name])), GOLDEN / name
    if os.environ.get("OCI_GOLDEN"):
        place.mkdir(parents=True, exist_ok=True)
        for old in place.iterdir():
            old.unlink()
        for file, text in made.items():
            (place / file).write_text(text)
    kept = {path.name: path.read_text() for path in place.iterdir()}
    assert made == kept, f"tests/golden/networkd/{name} differs; look, then `make golden`"


def test_every_golden_folder_has_a_case() -> None:
    assert {path.name for path in GOLDEN.iterdir()} == set(CASES)


@pytest.mark.parametrize("name", CASES)
def test_a_card_is_found_by_its_permanent_mac_and_nothing_that_was_made_on_it_is_taken_for_it(name: str) -> None:
    for one in CASES[name]:
        text = told(files(CASES[name])).get(f"10-oci-{one.name}.network", "")
        assert (one.kind == "card") == (f"[Match]\nPermanentMACAddress={one.mac}\nType=ether\nKind=!*\n" in text)
        assert "\nMACAddress=" not in text


def test_a_network_that_carries_less_than_its_card_keeps_its_own_mtu() -> None:
    text = told(files(CASES["one-card-carries-all"]))["10-oci-ens1.network"]
    assert "[Link]\nMTUBytes=9000\n" in text
    assert "[Address]\nAddress=10.0.0.11/24\nAddPrefixRoute=no\n" in text
    assert "[Route]\nDestination=10.0.0.0/24\nPreferredSource=10.0.0.11\nScope=link\nMTUBytes=1500\n" in text
    assert "[Route]\nGateway=10.0.0.1\nMTUBytes=1500\n" in text


def test_link_local_addresses_are_there_for_ipv6_alone() -> None:
    for name, says in (("one-card", "no"), ("ipv6-only", "ipv6"), ("dual-stack", "ipv6")):
        assert f"LinkLocalAddressing={says}\n" in told(files(CASES[name]))["10-oci-ens1.network"]


CARD = Interface("eno1", "card", BOOT, 9000)
VLAN = Interface("vlan20", "vlan", mtu=1500, parent="eno1", vlan=20)
BOND = Interface("bond0", "bond", bond=Bond())
PLACE = Place("prov", "10.0.0.11/24", gateway="10.0.0.1", dns=("10.0.0.1",), routes=(Way("10.9.0.0/16", "10.0.0.2"),))


@pytest.mark.parametrize(
    ("interfaces", "says"),
    [
        ((CARD, CARD), "two interfaces have one name"),
        ((replace(CARD, kind="tun"),), "card, bond, vlan, bridge"),
        ((replace(CARD, mac=""),), "must look like 52:54:00:12:34:56"),
        ((replace(CARD, name="a/../b"),), "must look like eno1"),
        ((VLAN,), "must be a card or a bond"),
        ((CARD, replace(VLAN, parent="")), "only a VLAN has one"),
        ((CARD, replace(VLAN, vlan=0)), "1 to 4094"),
        ((CARD, replace(VLAN, mtu=9001)), "which carries 9000; raise that of eno1"),
        ((replace(CARD, master="bond7"),), "must be a bond or a bridge"),
        ((replace(BOND, bond=None),), "has no mode"),
        ((replace(BOND, bond=Bond("fast")),), "one of 802.3ad"),
        ((replace(BOND, bond=Bond(hash="x")),), "one of layer2"),
        ((replace(CARD, mtu=1),), "68 to 65535"),
        ((replace(CARD, places=(replace(PLACE, mtu=9001),)),), "68 to 9000"),
        ((replace(CARD, places=(replace(PLACE, address="10.0.0.11"),)),), "10.0.0.11/24"),
        ((replace(CARD, places=(replace(PLACE, gateway="fe80::1%eno1"),)),), "leave out what follows the %"),
    ],
)
def test_a_refusal_says_what_and_what_instead(interfaces: tuple[Interface, ...], says: str) -> None:
    with pytest.raises(BadNetworkdValue, match=says):
        files(interfaces)


HOSTILE = st.text(max_size=12) | st.sampled_from(["\n[Match]", "a\nb", "%", "10.0.0.1\n", "eno1\n", BOOT + "\n"])


@settings(deadline=None)
@given(HOSTILE, st.booleans())
def test_no_value_injects_a_line(text: str, behind: bool) -> None:
    def put(value: str) -> str:
        return value + text if behind else text

    bare = replace(CARD, places=(PLACE,))
    for interface in (
        replace(bare, name=put("eno1")),
        replace(bare, mac=put(BOOT)),
        replace(bare, kind=put("card")),
        replace(bare, master=put("")),
        replace(bare, parent=put("")),
        replace(BOND, bond=Bond(mode=put("802.3ad"))),
        replace(BOND, bond=Bond(hash=put("layer2"))),
        replace(bare, places=(replace(PLACE, network=put("prov")),)),
        replace(bare, places=(replace(PLACE, address=put("10.0.0.11/24")),)),
        replace(bare, places=(replace(PLACE, gateway=put("10.0.0.1")),)),
        replace(bare, places=(replace(PLACE, dns=(put("10.0.0.1"),)),)),
        replace(bare, places=(replace(PLACE, routes=(Way(put("10.9.0.0/16"), "10.0.0.2"),)),)),
        replace(bare, places=(replace(PLACE, routes=(Way("10.9.0.0/16", put("10.0.0.2")),)),)),
    ):
        try:
            made = files((interface,))
        except BadNetworkdValue:
            continue
        for path, written in made.items():
            assert path.count("/") == FOLDER.count("/") + 1 and path.isascii() and path.isprintable()
            assert written.isascii() and set(written) & {"\r", "\0"} == set()
            assert len(written.splitlines()) <= len(LONGEST) and written.count("[Match]") <= 1


LONGEST = "".join(files((replace(CARD, places=(PLACE,), master=""),)).values()).splitlines()
