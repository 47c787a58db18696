"""ip, ethtool and the shapes of LLDP neighbours, as tools really print them."""

from __future__ import annotations

import json

import pytest

from oci.domain.hardware.cards import ethtool, ip, lldp
from oci.domain.hardware.inventory import Neighbour


def test_ip_leaves_out_what_the_kernel_made_up() -> None:
    member = {
        "ifname": "eno1",
        "link_type": "ether",
        "address": "02:00:00:00:00:09",
        "permaddr": "B0:26:28:00:00:01",
        "flags": ["UP", "LOWER_UP"],
        "linkinfo": {"info_slave_kind": "bond"},
        "parentdev": "0000:01:00.0",
    }
    rows = [
        {"ifname": "lo", "link_type": "loopback"},
        {"ifname": "br0", "link_type": "ether", "linkinfo": {"info_kind": "bridge"}},
        {"ifname": "ib0", "link_type": "infiniband"},
        member,
        {"ifname": "eno2", "link_type": "ether", "address": "b0:26:28:00:00:02", "flags": ["NO-CARRIER"]},
        {"ifname": "eno3", "link_type": "ether", "flags": 7},
    ]
    assert ip.parse(json.dumps(rows)).links == (
        ip.Link("ib0", kind="infiniband"),
        ip.Link("eno1", "02:00:00:00:00:09", "b0:26:28:00:00:01", "0000:01:00.0", True),
        ip.Link("eno2", "b0:26:28:00:00:02", "", "", False),
        ip.Link("eno3"),
    )


def test_ip_that_is_none_or_too_long() -> None:
    many = json.dumps([{"ifname": f"eth{n}", "link_type": "ether"} for n in range(65)])
    assert len(ip.parse(many).links) == 64
    assert ip.parse(many).problems == ("ip lists more than 64 NICs",)
    assert ip.parse("{}").problems == ("ip returned JSON without a list of links",)
    assert ip.parse('Object "addr" is unknown').problems == ("ip did not return JSON",)


def test_ethtool_sections() -> None:
    found = ethtool.parse(
        "noise\n### eno1\nPermanent address: B0:26:28:00:00:01\ndriver: i40e\nbus-info: 0000:01:00.0\n"
        "firmware-version: 7.10 0x80007b33\nSettings for eno1:\n\tSpeed: 25000Mb/s\n\tLink detected: yes\n"
        "### eno2\nPermanent address: not set\nSpeed: Unknown!\nLink detected: no\n"
        "### eno3\nSpeed: 4294967295Mb/s\n### \n"
    )
    assert found == [
        ethtool.Card("eno1", "b0:26:28:00:00:01", "i40e", "0000:01:00.0", "7.10 0x80007b33", 25000, True),
        ethtool.Card("eno2", link=False),
        ethtool.Card("eno3"),
    ]


SWITCH = Neighbour("sw1", "e4:f0:04:b6:47:32", "swp46", "lom2", 296, "192.0.2.18", "Cumulus")
CHASSIS = {
    "id": {"type": "mac", "value": SWITCH.chassis_id},
    "descr": "Cumulus",
    "mgmt-ip": ["192.0.2.18", "fe80::1"],
}
PORT = {"id": {"type": "ifname", "value": "swp46"}, "descr": "lom2"}
VLANS = [
    {"vlan-id": "12", "pvid": False, "value": "x"},
    {"vlan-id": "296", "pvid": True, "value": "vlan-296"},
]
PLAIN = {"via": "LLDP", "chassis": {"sw1": CHASSIS}, "port": PORT, "vlan": VLANS}
JSON0 = {
    "name": "eno1",
    "chassis": [
        {
            "id": [CHASSIS["id"]],
            "name": [{"value": "sw1"}],
            "descr": [{"value": "Cumulus"}],
            "mgmt-ip": [{"value": "192.0.2.18"}],
        }
    ],
    "port": [{"id": [PORT["id"]], "descr": [{"value": "lom2"}]}],
    "vlan": VLANS,
}


@pytest.mark.parametrize(
    "value",
    [
        {"lldp": {"interface": [{"eno1": PLAIN}]}},
        {"lldp": {"interface": {"eno1": PLAIN}}},
        {"lldp": [{"interface": [JSON0]}]},
    ],
)
def test_the_three_shapes_of_lldpd(value: object) -> None:
    assert lldp.parse(json.dumps(value)).by_nic == {"eno1": SWITCH}


def test_a_chassis_without_a_name_is_called_by_its_id() -> None:
    value = {"lldp": {"interface": {"eno1": {"chassis": CHASSIS, "port": PORT}}}}
    assert lldp.parse(json.dumps(value)).by_nic["eno1"].chassis == SWITCH.chassis_id


def test_nobody_at_the_other_end() -> None:
    for nothing in (
        '{"lldp": {}}',
        '{"lldp": [{}]}',
        "",
        "\n",
        "0 neighbor(s) listed.",
        '{"Neighbors": []}',
    ):
        assert lldp.parse(nothing) == lldp.Neighbours()
    assert lldp.parse("{").problems == ("lldp did not return JSON",)


def test_networkctl_as_json() -> None:
    seen = {"ChassisID": "e4:f0:04:b6:47:32", "PortID": "swp46", "SystemName": "sw1", "VlanID": 0}
    value = {"Neighbors": [{"InterfaceIndex": 2, "InterfaceName": "eno1", "Neighbors": [seen]}]}
    assert lldp.parse(json.dumps(value)).by_nic == {"eno1": Neighbour("sw1", seen["ChassisID"], "swp46")}


@pytest.mark.parametrize(
    "table",
    [
        "LINK CHASSIS-ID        SYSTEM-NAME CAPS        PORT-ID PORT-DESCRIPTION\n"
        "eno1 e4:f0:04:b6:47:32 sw1         ..b........ swp46   lom2 to rack 3\n\nCapability Flags:\n",
        "LINK             CHASSIS ID        SYSTEM NAME      CAPS        PORT ID  PORT DESCRIPTION\n"
        "eno1             e4:f0:04:b6:47:32 sw1              ..b........ swp46    lom2 to rack 3\n"
        "\n1 neighbors listed.\n",
        "LINK SYSTEM-NAME SYSTEM-DESCRIPTION CHASSIS-ID        PORT-ID PORT-DESCRIPTION CAPS\n"
        "eno1 sw1         -                  e4:f0:04:b6:47:32 swp46   lom2 to rack 3   b\n",
    ],
)
def test_networkctl_as_a_table(table: str) -> None:
    expected = Neighbour("sw1", "e4:f0:04:b6:47:32", "swp46", "lom2 to rack 3", capabilities=("Bridge",))
    assert lldp.parse(table).by_nic == {"eno1": expected}
