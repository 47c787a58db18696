"""A machine of many networks as a story of calls: what it is given, what it is promised, and that nothing else is done."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
import yaml
from promised import disks, places
from sqlalchemy import select
from test_disks import GB, SSD, claim, disk, told
from test_layouts import TWIN
from test_path import HASH, MAC, NOBODY, boot, report

from oci.app import APPLIANCE
from oci.context import Actor, Ctx
from oci.db import tables
from oci.domain.cluster.fleet import Fleet
from oci.domain.hardware import Probe
from oci.problems import Conflict, Forbidden, NotFound, Problem
from oci.records.clusters import fleets, names
from oci.render.machine.orders import given
from oci.schemas.activity.events import EventQuery
from oci.schemas.clusters.clusters import ClusterIn
from oci.schemas.clusters.networks import AddressIn, NetworkChange, NetworkIn, RangeIn
from oci.schemas.machines.machines import AssignIn, CablingIn
from oci.services.activity import events, tick
from oci.services.clusters import addresses, clusters, networks
from oci.services.machines import look, verbs
from oci.services.path import puppet, reports, works
from oci.services.usecase import usecase

NAME = "store1.lab.test"
ALL = {
    "prov": dict(purpose="provisioning", cidr="10.77.0.0/24", first="10.77.0.11", last="10.77.0.90", gateway="10.77.0.254"),
    "prov6": dict(purpose="provisioning", cidr="fd00:77::/64", first="fd00:77::11", last="fd00:77::ff"),
    "front": dict(purpose="storage", cidr="10.2.0.0/24", first="10.2.0.11", last="10.2.0.90", mtu=9000),
    "back": dict(
        purpose="storage",
        cidr="10.3.0.0/24",
        first="10.3.0.11",
        last="10.3.0.90",
        vlan=30,
        mtu=9000,
        routes=["10.9.0.0/16=10.3.0.1"],
    ),
}
MACS = (MAC, "52:54:00:77:01:01", "52:54:00:77:01:02")


def of_many(*disks_: dict[str, Any], macs: tuple[str, ...] = MACS) -> dict[str, Probe]:
    """The report of a machine with several cards."""
    links = [{"ifname": f"eth{n}", "address": mac, "link_type": "ether", "operstate": "UP"} for n, mac in enumerate(macs)]
    return {
        **report(),
        "ip": Probe(json.dumps(links).encode()),
        "lsblk": Probe(json.dumps({"blockdevices": disks_ or (SSD, TWIN)}).encode()),
    }


@pytest.fixture
def site(world):
    """An appliance with four networks, a cluster, and a role that wants both purposes and two disks."""
    shipped = world.appliance.outside.roles
    store = replace(shipped["volume"], name="store", networks=("provisioning", "storage"), disks="mirror")
    world.outside(roles={**shipped, "store": store})
    for name, told_ in ALL.items():
        networks.create_network(world.ctx(), NetworkIn(name=name, **told_))
    clusters.create_cluster(world.ctx(), ClusterIn(name="c1", domain="lab.test", network="prov"))
    networks.add_range(world.ctx(), "prov", RangeIn(first="10.77.0.200", last="10.77.0.209", use="vip"))
    networks.add_range(
        world.ctx(), "prov", RangeIn(first="10.77.0.210", last="10.77.0.219", use="reserved", note="switches")
    )
    return world


def waits(site, *disks_: dict[str, Any], macs: tuple[str, ...] = MACS) -> str:
    token = boot(site)
    reports.receive(site.ctx(NOBODY), token, of_many(*disks_, macs=macs), HASH)
    return token


def assigned(site, **order: Any) -> str:
    token = waits(site)
    verbs.assign(site.ctx(), "1", AssignIn(cluster="c1", role="store", **order))
    return token


@usecase("test.look", "appliance", reads=True)
def snapshot(ctx: Ctx) -> Fleet:
    revision = ctx.db.scalars(select(tables.Cluster.revision).where(tables.Cluster.name == "c1")).one()
    return fleets.fleet(ctx, 1, revision)


@usecase("test.dns", "appliance", reads=True)
def dns(ctx: Ctx) -> tuple[tuple[str, str], ...]:
    return names.records(ctx).hosts


HELD = {"prov": "10.77.0.11", "prov6": "fd00:77::11", "back": "10.3.0.11", "front": "10.2.0.11"}


def test_lists_claims_and_classifications_tell_the_truth_of_all_addresses(site) -> None:
    assigned(site)
    vip = addresses.hold_address(site.ctx(), "prov", AddressIn(vip="api", cluster="c1"))
    kept = addresses.hold_address(site.ctx(), "prov", AddressIn(note="the old switch"))
    assert (vip.address, vip.vip, kept.address) == ("10.77.0.200", "api.lab.test", "10.77.0.210")
    seen = look.show(site.ctx(), NAME)
    assert {one.network: one.address for one in seen.addresses} == HELD
    assert [one.purpose for one in seen.addresses] == ["provisioning", "provisioning", "storage", "storage"]
    assert look.list_machines(site.ctx()).machines[0].addresses == seen.addresses
    assert seen.address == "10.77.0.11"
    listed = addresses.list_addresses(site.ctx(), "prov").addresses
    assert [(one.address, one.machine, one.vip, one.note) for one in listed] == [
        ("10.77.0.11", NAME, "", ""),
        ("10.77.0.200", "", "api.lab.test", ""),
        ("10.77.0.210", "", "", "the old switch"),
    ]
    counts = {one.name: (one.used, one.size) for one in networks.list_networks(site.ctx()).networks}
    assert counts == {"prov": (3, 80), "prov6": (1, 239), "front": (1, 80), "back": (1, 80)}
    for text in ("10.3.0.11", "10.77.0.200", "10.77.0.210", "fd00:77::11"):
        name = "prov6" if ":" in text else "back" if text.startswith("10.3") else "prov"
        with pytest.raises(Conflict, match=r"already held by another machine|already the virtual|reserved|is for"):
            addresses.hold_address(site.ctx(), name, AddressIn(address=text, note="mine"))


def test_the_classification_and_the_dns_of_a_cluster_know_all_of_it(site) -> None:
    assigned(site)
    addresses.hold_address(site.ctx(), "prov", AddressIn(vip="api", cluster="c1"))
    addresses.hold_address(site.ctx(), "back", AddressIn(vip="api", cluster="c1", address="10.3.0.200"))
    fleet = snapshot(site.ctx(APPLIANCE))
    member = fleet.member(1)
    assert member is not None and member.addresses == (
        ("provisioning", "10.77.0.11"),
        ("provisioning", "fd00:77::11"),
        ("storage", "10.2.0.11"),
        ("storage", "10.3.0.11"),
    )
    assert [(vip.fqdn, vip.purpose, vip.address) for vip in fleet.vips] == [
        ("api.lab.test", "storage", "10.3.0.200"),
        ("api.lab.test", "provisioning", "10.77.0.200"),
    ]
    assert {net.name: (net.vlan, net.mtu) for net in fleet.networks}["back"] == (30, 9000)
    assert yaml.safe_load(puppet.classify(site.ctx(APPLIANCE), NAME))["classes"]
    known = dns(site.ctx(APPLIANCE))
    assert {(NAME, "10.77.0.11"), (NAME, "fd00:77::11"), ("api.lab.test", "10.77.0.200")} <= set(known)
    assert not any(ip.startswith("10.2.") for _, ip in known), "only the network that it is installed over is in DNS"


def test_orders_are_made_of_the_promise_that_was_approved_and_of_nothing_else(site) -> None:
    token = assigned(site)
    seen = look.show(site.ctx(), NAME).promise
    assert seen is not None and seen.revision == 1 and [one.name for one in seen.disks] == ["serial:SSD1", "serial:SSD2"]
    cards = {one.name: (one.mac, one.networks, one.vlan, one.on) for one in seen.interfaces}
    assert cards["eth0"] == (MACS[0], ["prov", "prov6"], 0, "") and cards["eth1"][1] == ["front"]
    assert cards["vlan30"][1:] == (["back"], 30, "eth2")
    verbs.install(site.ctx(), NAME)
    # What changes between the order and the claim changes nothing of what is done.
    networks.change_network(site.ctx(), "back", NetworkChange(vlan=31, gateway="10.3.0.2"))
    orders = claim(site, token)
    assert places(orders) == {
        "prov": "10.77.0.11/24",
        "prov6": "fd00:77::11/64",
        "front": "10.2.0.11/24",
        "back": "10.3.0.11/24",
    }
    assert disks(orders) == [("serial:SSD1", 240 * GB), ("serial:SSD2", 240 * GB)]
    files = given(orders)
    vlan = files["files/etc/systemd/network/12-oci-vlan30.netdev"].text
    assert "Id=30" in vlan and "Destination=10.9.0.0/16" in files["files/etc/systemd/network/12-oci-vlan30.network"].text
    assert f"10.77.0.11 {NAME} store1\nfd00:77::11 {NAME} store1\n" in files["files/etc/hosts"].text
    assert files["layout"].text.splitlines()[0] == f"disk disk1 serial:SSD1 {240 * GB}"


def test_a_changed_network_reaches_a_machine_by_a_new_promise(site) -> None:
    assigned(site)
    first = look.show(site.ctx(), NAME).promise
    networks.change_network(site.ctx(), "back", NetworkChange(vlan=31))
    assert look.show(site.ctx(), NAME).promise == first
    again = verbs.promise(site.ctx(), NAME).promise
    assert first and again and again.revision == 2 and again.digest != first.digest
    assert "vlan31" in [one.name for one in again.interfaces]
    assert verbs.promise(site.ctx(), NAME).promise == again, "what did not change is the same promise"
    assert [text.split(":")[0] for text in told(site, "machine.promise")] == ["promise 1", "promise 2"]


def test_a_network_that_a_role_has_later_is_given_with_the_next_promise(site) -> None:
    assigned(site)
    networks.create_network(
        site.ctx(),
        NetworkIn(name="third", purpose="storage", cidr="10.4.0.0/24", first="10.4.0.11", last="10.4.0.20", vlan=40),
    )
    assert "third" not in {one.network for one in look.show(site.ctx(), NAME).addresses}
    after = verbs.promise(site.ctx(), NAME)
    assert {one.network: one.address for one in after.addresses} == {**HELD, "third": "10.4.0.11"}
    verbs.install(site.ctx(), NAME)
    with pytest.raises(Conflict, match=r"is installing, by what was promised; wait for its end, or abort it"):
        verbs.promise(site.ctx(), NAME)


def test_a_machine_that_lost_a_promised_card_is_not_written(site) -> None:
    token = assigned(site)
    verbs.install(site.ctx(), NAME)
    site.clock.now += 1000
    token = waits(site, macs=MACS[:2])
    with pytest.raises(Conflict, match=rf"card eth2 \({MACS[2]}\) was promised and is not there now"):
        claim(site, token)
    found = look.show(site.ctx(), NAME)
    assert found.state == "failed" and "eth2" in found.reason
    with pytest.raises(Conflict, match="which its latest report does not list; put the card back"):
        verbs.install(site.ctx(), NAME)
    assert verbs.promise(site.ctx(), NAME).promise.interfaces[-1].on in ("eth0", "eth1")
    verbs.install(site.ctx(), NAME)
    assert places(claim(site, token))["back"] == "10.3.0.11/24"


def test_a_person_says_how_a_machine_is_cabled(site) -> None:
    assigned(site)
    order = CablingIn(bonds=["bond0=eth1,eth2:active-backup"], cards=["front=bond0", "back=bond0"], bridges=["back=br-back"])
    made = verbs.cabling(site.ctx(), NAME, order).promise
    assert made is not None and made.cabling == order
    assert made.wish == "cards front=bond0, back=bond0; bonds bond0=eth1,eth2:active-backup; bridges back=br-back"
    shown = {one.name: (one.kind, one.on, one.part_of, one.addresses) for one in made.interfaces}
    assert shown["bond0"] == ("bond", "", "", ["10.2.0.11/24"]) and shown["eth2"] == ("card", "", "bond0", [])
    assert shown["br-back"] == ("bridge", "", "", ["10.3.0.11/24"]) and shown["vlan30"] == ("vlan", "bond0", "br-back", [])
    for wrong, why in (
        ({"cards": ["nowhere=eth1"]}, "which is not wanted"),
        ({"cards": ["back"]}, "write it like storage=eno2"),
        ({"cards": ["back=eth9"]}, "no card is that"),
        ({"cards": ["back=eth1", "back=eth2"]}, "names back twice"),
        ({"bonds": ["bond0=eth9"]}, "bond bond0"),
        ({"default": "front"}, "has no gateway"),
    ):
        with pytest.raises(Problem, match=why):
            verbs.cabling(site.ctx(), NAME, CablingIn(**wrong))
    assert look.show(site.ctx(), NAME).promise == made, "what is refused changes nothing"
    assert verbs.cabling(site.ctx(), NAME, CablingIn()).promise.wish == ""


def test_what_cannot_be_cabled_is_told_and_not_installed(site) -> None:
    waits(site, macs=MACS[:1])
    made = verbs.assign(site.ctx(), "1", AssignIn(cluster="c1", role="store"))
    assert made.promise is None and "network front has no VLAN, so it needs a card of its own" in made.promise_trouble
    with pytest.raises(Conflict, match=r"cannot be cabled as its role wants: .*front has no VLAN"):
        verbs.install(site.ctx(), NAME)
    assert look.show(site.ctx(), NAME).state == "assigned"
    networks.change_network(site.ctx(), "front", NetworkChange(vlan=20))
    assert verbs.promise(site.ctx(), NAME).promise.revision == 1
    assert verbs.install(site.ctx(), NAME).state == "installing"


def test_an_address_by_hand_on_each_network(site) -> None:
    assigned(site, addresses=["back=10.3.0.77", "prov6=fd00:77::77"], address="10.77.0.44")
    assert {one.network: one.address for one in look.show(site.ctx(), NAME).addresses} == {
        **HELD,
        "prov": "10.77.0.44",
        "back": "10.3.0.77",
        "prov6": "fd00:77::77",
    }
    verbs.unassign(site.ctx(), NAME)
    for pair, why in (
        ("nowhere=10.3.0.1", "is to have no address on 'nowhere'; its networks are prov, prov6, back, front"),
        ("back=10.2.0.11", "not a host address of 10.3.0.0/24"),
        ("back=10.3.0.1", "is a router of the network back"),
        ("prov=10.77.0.200", "which is for vip; choose another"),
        ("prov=10.77.0.215", "which is for reserved; choose another"),
    ):
        with pytest.raises(Problem, match=why):
            verbs.assign(site.ctx(), "1", AssignIn(cluster="c1", role="store", addresses=[pair]))
    assert look.show(site.ctx(), "1").state == "discovered" and not look.show(site.ctx(), "1").addresses


def test_a_role_without_its_network_is_not_assigned(world) -> None:
    networks.create_network(world.ctx(), NetworkIn(name="prov", **ALL["prov"]))
    clusters.create_cluster(world.ctx(), ClusterIn(name="c1", domain="lab.test", network="prov"))
    clusters.create_cluster(world.ctx(), ClusterIn(name="c2", domain="b.test", network="prov"))
    networks.create_network(world.ctx(), NetworkIn(name="theirs", cluster="c2", **ALL["front"]))
    shipped = world.appliance.outside.roles
    world.outside(roles={**shipped, "volume": replace(shipped["volume"], networks=("provisioning", "storage"))})
    waits(world)
    with pytest.raises(Conflict, match="wants a network for storage, and the cluster c1 has none"):
        verbs.assign(world.ctx(), "1", AssignIn(cluster="c1", role="volume"))
    made = verbs.assign(world.ctx(), "1", AssignIn(cluster="c2", role="volume"))
    assert {one.network for one in made.addresses} == {"prov", "theirs"}


def test_a_network_without_an_address_for_machines_is_carried_without_one(site) -> None:
    networks.delete_range(site.ctx(), "back", "10.3.0.11")
    assigned(site)
    found = look.show(site.ctx(), NAME)
    assert "back" not in {one.network for one in found.addresses}
    assert [one.addresses for one in found.promise.interfaces if one.networks == ["back"]] == [[]]


def test_dhcp_serves_the_networks_of_the_database(site) -> None:
    site.set(dhcp_first="10.77.0.230", dhcp_last="10.77.0.240")
    networks.create_network(
        site.ctx(), NetworkIn(name="rack7", cidr="10.8.0.0/24", gateway="10.8.0.1", serves="relay", mtu=9000)
    )
    networks.add_range(site.ctx(), "rack7", RangeIn(first="10.8.0.50", last="10.8.0.99", use="live"))
    tick.dhcp(site.ctx(APPLIANCE))
    text = site.dhcp.text
    assert "dhcp-range=set:rack7,10.8.0.50,10.8.0.99,255.255.255.0,1h" in text
    assert "dhcp-option=tag:rack7,option:router,10.8.0.1" in text and "tag:rack7,option:mtu,9000" in text
    assert "dhcp-range=set:boot-wire," in text, "the wire of the settings is served beside it"
    with pytest.raises(Problem, match="does not serve the network"):
        networks.add_range(site.ctx(), "front", RangeIn(first="10.2.0.100", last="10.2.0.120", use="live"))


def test_addresses_are_held_and_freed_with_words(site) -> None:
    assigned(site)
    for order, why in (
        (AddressIn(), "say whose the address is"),
        (AddressIn(vip="api", note="x"), "say whose the address is"),
        (AddressIn(vip="api", cluster="c9"), "no cluster is called 'c9'"),
        (AddressIn(vip="store1", cluster="c1"), "a machine is called so"),
        (AddressIn(note="x", address="10.77.0.201"), "is for vip"),
        (AddressIn(note="x", cluster="c1"), "is no cluster's"),
        (AddressIn(note="x", address="10.77.0.255"), "not a host address"),
    ):
        with pytest.raises(Problem, match=why):
            addresses.hold_address(site.ctx(), "prov", order)
    addresses.hold_address(site.ctx(), "prov", AddressIn(vip="api", cluster="c1"))
    with pytest.raises(Conflict, match="has an address on prov already"):
        addresses.hold_address(site.ctx(), "prov", AddressIn(vip="api", cluster="c1"))
    with pytest.raises(Conflict, match="given back when that is unassigned"):
        addresses.free_address(site.ctx(), "prov", "10.77.0.11")
    with pytest.raises(NotFound):
        addresses.free_address(site.ctx(), "prov", "10.77.0.12")
    with pytest.raises(Forbidden):
        addresses.free_address(site.ctx(Actor("vera", "viewer")), "prov", "10.77.0.200")
    addresses.free_address(site.ctx(), "prov", "10.77.0.200")
    kinds = [event.kind for event in events.list_events(site.ctx(), EventQuery()).events]
    assert kinds.count("address.held") == 1 == kinds.count("address.freed")
    with site.appliance.make_session() as db:
        assert not db.scalars(select(tables.Address).where(tables.Address.vip != "")).all()


def test_a_network_that_is_used_is_not_forgotten(site) -> None:
    assigned(site)
    with pytest.raises(Conflict, match="1 address of the network front taken"):
        networks.delete_network(site.ctx(), "front")
    verbs.unassign(site.ctx(), NAME)
    with pytest.raises(Conflict, match="machines of the cluster c1 are installed over"):
        networks.delete_network(site.ctx(), "prov")
    networks.delete_network(site.ctx(), "front")
    assert "front" not in {one.name for one in networks.list_networks(site.ctx()).networks}


def test_what_does_not_go_together_is_refused_with_all_reasons(site) -> None:
    for order, why in (
        (dict(name="x", cidr="10.2.0.0/25", purpose="storage"), "shares addresses with 10.2.0.0/24 of network front"),
        (dict(name="x", cidr="10.5.0.0/24", purpose="tunnel", vlan=30), "VLAN 30 in every place is network back"),
        (dict(name="x", cidr="10.5.0.0/24", purpose="tunnel", routes=["10.9.0.0/16"]), "write it like 10.9"),
        (dict(name="x", cidr="10.5.0.0/24", purpose="tunnel", first="10.5.0.9"), "two ends"),
        (dict(name="x", cidr="10.5.0.0/24", purpose="tunnel", cluster="nobody"), "no cluster is called"),
    ):
        with pytest.raises(Problem, match=why):
            networks.create_network(site.ctx(), NetworkIn(**order))
    for first, last, why in (
        ("10.77.0.80", "10.77.0.99", "shares addresses with the range"),
        ("10.77.0.99", "10.77.0.95", "swap them"),
        ("10.77.0.250", "10.77.0.254", "holds the gateway"),
    ):
        with pytest.raises(Problem, match=why):
            networks.add_range(site.ctx(), "prov", RangeIn(first=first, last=last))
    assigned(site, addresses=["front=10.2.0.200"])
    with pytest.raises(Conflict, match="somebody's address already, so it can be no router"):
        networks.change_network(site.ctx(), "front", NetworkChange(gateway="10.2.0.200"))


def test_a_promise_that_was_changed_behind_our_back_is_not_carried_out(site) -> None:
    token = assigned(site)
    verbs.install(site.ctx(), NAME)
    with site.appliance.make_session() as db:
        row = db.scalars(select(tables.Assignment)).one()
        row.interfaces = [{**one, "mtu": 1400} if one["name"] == "eth0" else one for one in row.interfaces]
        db.commit()
    with pytest.raises(Conflict, match="is not the one that was approved"):
        works.claim(site.ctx(NOBODY), token, "install")
    assert look.show(site.ctx(), NAME).state == "failed"


def test_a_disk_that_is_new_is_no_way_around_what_was_ordered(site) -> None:
    token = assigned(site)
    verbs.install(site.ctx(), NAME)
    site.clock.now += 1000
    token = waits(site, disk("sda", 480, "OTHER"), disk("sdb", 480, "ANOTHER"))
    with pytest.raises(Conflict, match=r"were ordered \(serial:SSD1, serial:SSD2\) are not those"):
        claim(site, token)


def test_disks_that_nobody_can_choose_keep_no_machine_from_being_cabled(site) -> None:
    """They are judged when the install is ordered; until then the promise is one of interfaces."""
    waits(site, disk("sda", 240, "SSD1"))
    verbs.assign(site.ctx(), "1", AssignIn(cluster="c1", role="store"))
    made = verbs.cabling(site.ctx(), NAME, CablingIn(cards=["back=eth1", "front=eth2"])).promise
    assert made is not None and made.disks == [] and made.layout == ""
    with pytest.raises(Conflict, match="disk"):
        verbs.install(site.ctx(), NAME)
    site.clock.now += 1000
    waits(site)
    assert verbs.install(site.ctx(), NAME).promise.layout == "mirror"
