"""Cards that are no Ethernet, and ports where more than one speaks."""

from __future__ import annotations

import json

import pytest

from oci.domain.hardware import Inventory, Probe, identity, parse
from oci.domain.hardware.cards import ip, lldp
from oci.domain.hardware.inventory import Neighbour

HCA = "80:00:02:08:fe:80:00:00:00:00:00:00:02:c9:03:00:00:ab:cd:e1"
GUID = "02:c9:03:00:00:ab:cd:e1"
ETHERNET = {"ifname": "eno1", "link_type": "ether", "address": "02:1b:21:5e:10:01", "parentdev": "0000:01:00.0"}
IPOIB = {
    "ifname": "ibp59s0",
    "link_type": "infiniband",
    "address": HCA,
    "linkinfo": {"info_kind": "ipoib"},
    "parentdev": "0000:3b:00.0",
    "flags": ["UP", "LOWER_UP"],
}


def links(*rows: object) -> list[str]:
    return [link.name for link in ip.parse(json.dumps(rows)).links]


def machine(*rows: object, **probes: str) -> Inventory:
    return parse({"ip": Probe(json.dumps(rows).encode()), **{name: Probe(text.encode()) for name, text in probes.items()}})


def test_infiniband_is_shown_as_what_it_is() -> None:
    found = machine(
        ETHERNET,
        IPOIB,
        ethtool=f"### ibp59s0\nPermanent address: {HCA}\ndriver: mlx5_core[ib_ipoib]\n"
        "firmware-version: 20.28.1002 (MT_0000000223)\nbus-info: 0000:3b:00.0\nSpeed: 100000Mb/s\n",
    )
    eno1, port = found.nics
    assert (eno1.kind, eno1.mac, eno1.guid) == ("ethernet", "02:1b:21:5e:10:01", "")
    assert (port.kind, port.mac, port.guid, port.speed_mbps, port.link) == ("infiniband", "", GUID, 100000, True)
    assert identity(found).macs == {"02:1b:21:5e:10:01"}, "no part of twenty bytes is a MAC"
    assert Inventory.from_dict(found.to_dict()) == found


def test_infiniband_by_ethtool_alone() -> None:
    (port,) = parse({"ethtool": Probe(f"### ib0\nPermanent address: {HCA.upper()}\ndriver: ib_ipoib\n".encode())}).nics
    assert (port.kind, port.guid, port.mac) == ("infiniband", GUID, "")


def test_omni_path_and_fabrics_without_a_driver() -> None:
    found = machine(
        {**IPOIB, "ifname": "ib0"},
        ethtool="### ib0\ndriver: hfi1_vnic\nbus-info: 0000:3b:00.0\n",
        pci='3b:00.0 "Fabric controller [0208]" "Intel [8086]" "Omni-Path HFI [24f0]" "" ""\n'
        '5e:00.0 "Infiniband controller [0207]" "Mellanox [15b3]" "MT27700 [1013]" "" ""\n'
        '01:00.0 "Ethernet controller [0200]" "Intel [8086]" "X710 [1572]" "" ""\n',
    )
    assert [(nic.name, nic.kind, nic.bus) for nic in found.nics] == [
        ("ib0", "omni-path", "0000:3b:00.0"),
        ("", "infiniband", "0000:5e:00.0"),
    ]


@pytest.mark.parametrize(
    "address", ["", "00:" * 19 + "00", HCA[:17], HCA + ":00", HCA.replace("e1", "zz"), "02:c9:03:00:00:ab:cd:e1"]
)
def test_what_is_no_infiniband_address_has_no_guid(address: str) -> None:
    assert ip.guid(address) == ""


def test_what_the_kernel_made_is_no_card() -> None:
    made = [
        {**ETHERNET, "ifname": name, "linkinfo": {"info_kind": name}}
        for name in ("bridge", "vlan", "bond", "team", "dummy", "veth", "macvlan", "vxlan", "tun", "openvswitch")
    ]
    child = {**IPOIB, "ifname": "ibp59s0.8001", "link": "ibp59s0"}
    other = [
        {"ifname": "fw0", "link_type": "ieee1394"},
        {"ifname": "lo", "link_type": "loopback"},
        {"ifname": "wwan0", "link_type": "none"},
        {"ifname": "sit0", "link_type": "sit"},
    ]
    assert links(*made, child, *other, ETHERNET, IPOIB) == ["eno1", "ibp59s0"]


SWITCH = Neighbour("rack7-a", "02:00:5e:10:00:01", "Eth7", capabilities=("Bridge", "Router"))
PHONE = Neighbour("desk-phone", "02:00:5e:20:00:02", "Port 1", capabilities=("Bridge", "Telephone"))
HOST = Neighbour("a-host", "02:00:5e:30:00:03", "eth0", capabilities=("Station",))
SILENT = Neighbour("a-silent", "02:00:5e:40:00:04", "1")
ROUTER = Neighbour("router", "02:00:5e:50:00:05", "ge0", capabilities=("Router",))


@pytest.mark.parametrize(
    ("heard", "right"),
    [
        ([PHONE, SWITCH], SWITCH),
        ([HOST, SWITCH, PHONE], SWITCH),
        ([HOST, SILENT], SILENT),
        ([ROUTER, SILENT, HOST], ROUTER),
        ([HOST], HOST),
        ([PHONE, HOST], HOST),
        ([], None),
    ],
)
def test_whom_a_cable_leads_to(heard: list[Neighbour], right: Neighbour | None) -> None:
    assert lldp.nearest(heard) == lldp.nearest(reversed(heard)) == right


def test_another_card_of_the_same_machine_is_not_its_switch() -> None:
    own = Neighbour("me", "02:00:00:00:00:02", "02:00:00:00:00:02", capabilities=("Bridge",))
    assert lldp.nearest([own, SILENT], {"02:00:00:00:00:02"}) == SILENT
    assert lldp.nearest([own], {"02:00:00:00:00:02"}) == own


def test_the_address_of_the_nearest_bridge_decides_among_equals() -> None:
    far = Neighbour("a-far", "02:00:5e:60:00:06", "1", capabilities=("Bridge",), nearest=False)
    near = Neighbour("b-near", "02:00:5e:60:00:07", "1", capabilities=("Bridge",), nearest=True)
    assert lldp.nearest([far, near]) == near


def key_values(name: str, mac: str, able: str, nic: str = "eno1") -> str:
    p = f"lldp.{nic}."
    return (
        f"{p}via=LLDP\n{p}rid=1\n{p}chassis.mac={mac}\n{p}chassis.name={name}\n{p}chassis.{able}.enabled=on\n"
        f"{p}chassis.Wlan.enabled=off\n{p}port.ifname=p1\n"
    )


def test_all_neighbours_are_kept_sorted_in_every_format() -> None:
    by_keys = key_values("sw", SWITCH.chassis_id, "Bridge") + key_values("kvm", HOST.chassis_id, "Station")
    one = {
        "chassis": {
            "sw": {"id": {"type": "mac", "value": SWITCH.chassis_id}, "capability": {"type": "Bridge", "enabled": True}}
        },
        "port": {"id": {"type": "ifname", "value": "p1"}},
    }
    two = {
        "chassis": {
            "kvm": {
                "id": {"type": "mac", "value": HOST.chassis_id},
                "capability": [{"type": "Station", "enabled": True}],
            }
        },
        "port": {"id": {"type": "ifname", "value": "p1"}},
    }
    networkd = [
        {"ChassisID": SWITCH.chassis_id, "SystemName": "sw", "PortID": "p1", "EnabledCapabilities": 4},
        {"ChassisID": HOST.chassis_id, "SystemName": "kvm", "PortID": "p1", "EnabledCapabilities": 128},
    ]
    texts = [
        by_keys,
        json.dumps({"lldp": {"interface": [{"eno1": one}, {"eno1": two}]}}),
        json.dumps({"lldp": {"interface": {"eno1": [two, one, two]}}}),
        json.dumps({"Neighbors": [{"InterfaceName": "eno1", "Neighbors": networkd}]}),
    ]
    for text in texts:
        found = lldp.parse(text)
        assert [(n.chassis, n.capabilities) for n in found.heard["eno1"]] == [
            ("kvm", ("Station",)),
            ("sw", ("Bridge",)),
        ], text
        assert found.by_nic["eno1"].chassis == "sw"


def test_the_inventory_holds_all_and_names_the_switch() -> None:
    text = key_values("sw", SWITCH.chassis_id, "Bridge") + key_values("kvm", HOST.chassis_id, "Station")
    (nic,) = machine(ETHERNET, lldp=text).nics
    assert nic.neighbour and nic.neighbour.chassis == "sw"
    assert [one.chassis for one in nic.neighbours] == ["kvm", "sw"]


def test_a_port_where_everybody_speaks_is_bounded() -> None:
    text = "".join(key_values(f"sw{n}", SWITCH.chassis_id, "Bridge") for n in range(500))
    assert len(lldp.parse(text).heard["eno1"]) == lldp.MAX_NEIGHBOURS


@pytest.mark.parametrize(
    ("vlans", "vlan"),
    [
        ([("12", False), ("13", False)], 12),
        ([("12", False), ("40", True)], 40),
        ([("0", True), ("12", False)], 12),
        ([("4095", True)], None),
        ([], None),
    ],
)
def test_a_port_without_an_untagged_vlan_is_in_the_first_that_it_names(
    vlans: list[tuple[str, bool]], vlan: int | None
) -> None:
    keys = "".join(f"lldp.eno1.vlan.vlan-id={n}\nlldp.eno1.vlan.pvid={'yes' if p else 'no'}\n" for n, p in vlans)
    rows = [{"vlan-id": n, "pvid": p} for n, p in vlans]
    row = {"chassis": {"sw": {}}, "port": {"id": {"value": "p1"}}, "vlan": rows}
    assert lldp.parse(key_values("sw", SWITCH.chassis_id, "Bridge") + keys).by_nic["eno1"].vlan == vlan
    assert lldp.parse(json.dumps({"lldp": {"interface": {"eno1": row}}})).by_nic["eno1"].vlan == vlan
