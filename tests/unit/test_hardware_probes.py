"""Each probe's parser on small samples of the spellings that tools really use."""

from __future__ import annotations

import json

import pytest

from oci.domain.hardware import (
    bmc,
    cmdline,
    cpu,
    disks,
    dmidecode,
    drivers,
    ethtool,
    firmware,
    ip,
    lldp,
    lsblk,
    memory,
    pci,
    text,
)
from oci.domain.hardware.inventory import Bmc, Cpu, Neighbour, Partition, PciDevice


def devices(*rows: dict[str, object]) -> str:
    return json.dumps({"blockdevices": rows})


def test_disks_are_told_from_what_is_none() -> None:
    names = [
        "zram0",
        "loop0",
        "ram0",
        "md127",
        "nbd0",
        "fd0",
        "mmcblk0boot0",
        "sda",
        "nvme0n1",
        "mmcblk0",
        "vda",
    ]
    found = lsblk.parse(devices(*({"name": name, "type": "disk", "size": 1} for name in names)))
    assert [disk.name for disk in found.disks] == ["sda", "nvme0n1", "mmcblk0", "vda"]


def test_blanks_texts_for_truths_and_fillers_of_older_lsblk() -> None:
    found = lsblk.parse(
        devices(
            {
                "name": "sdb",
                "kname": "/dev/sdb       ",
                "model": "MTFDDAV240TDU     ",
                "serial": " 203329F89796   ",
                "size": "240057409536",
                "rota": "0",
                "rm": "1",
                "ro": "0",
                "wwn": "0x0000000000000000",
                "tran": "sata",
            }
        )
    ).disks[0]
    assert (found.name, found.model, found.serial) == ("sdb", "MTFDDAV240TDU", "203329F89796")
    assert (found.bytes, found.rotational, found.removable, found.wwn) == (240057409536, False, True, "")


def test_an_nvme_without_a_product_and_with_a_wrong_name() -> None:
    found = lsblk.parse(devices({"name": "nvme0", "kname": "/dev/nvme1n1", "model": None, "type": "disk"}))
    assert (found.disks[0].name, found.disks[0].model, found.problems) == ("nvme1n1", "", ())


def test_the_bus_is_found_where_tran_is_blank() -> None:
    rows = [{"name": f"sd{n}", "subsystems": chain} for n, chain in enumerate(
        ["block:scsi:usb:pci", "block:virtio:pci", "block:nvme:pci", "block", None])]  # fmt: skip
    assert [d.transport for d in lsblk.parse(devices(*rows)).disks] == ["usb", "virtio", "nvme", "", ""]


@pytest.mark.parametrize(
    ("name", "kind", "vendor", "model"),
    [
        ("sr0", "rom", "iDRAC", "Virtual CD"),
        ("sdz", "disk", "iDRAC", "Virtual Floppy"),
        ("sdy", "disk", "AMI", "Virtual HDisk0"),
        ("sdx", "disk", "HP iLO", "LUN 01 Media 0"),
    ],
)
def test_what_the_bmc_lends_is_flagged(name: str, kind: str, vendor: str, model: str) -> None:
    row = {"name": name, "type": kind, "vendor": vendor, "model": model, "tran": "usb", "size": 10**10}
    assert lsblk.parse(devices(row)).disks[0].virtual_media


def test_an_ordinary_drive_for_cds_is_no_disk() -> None:
    row = {"name": "sr0", "type": "rom", "model": "QEMU DVD-ROM", "tran": "sata", "size": 10**10}
    assert lsblk.parse(devices(row)).disks == ()


def test_signatures_and_partitions_below_a_disk() -> None:
    lv = {"name": "vg0-root", "kname": "dm-1", "type": "lvm", "fstype": "xfs"}
    md = {"name": "md0", "type": "raid1", "fstype": "LVM2_member", "children": [lv]}
    part = {"name": "sda2", "type": "part", "fstype": "linux_raid_member", "size": 5, "children": [md]}
    esp = {
        "name": "sda1",
        "type": "part",
        "fstype": "vfat",
        "size": 4,
        "partlabel": "ESP",
        "parttypename": "EFI System",
    }
    found = lsblk.parse(
        devices({"name": "sda", "type": "disk", "pttype": "gpt", "children": [part, esp]})
    ).disks[0]
    assert found.signatures == ("LVM2_member", "gpt", "linux_raid_member", "lvm", "raid1", "vfat", "xfs")
    assert found.partitions == (
        Partition("sda1", 4, "vfat", "ESP", "EFI System"),
        Partition("sda2", 5, "linux_raid_member", "", ""),
    )


def test_more_block_devices_than_are_read() -> None:
    found = lsblk.parse(devices(*({"name": f"sd{n}", "children": [{"name": "p"}]} for n in range(1500))))
    assert len(found.disks) == 1000
    assert found.problems == ("lsblk lists more than 2000 block devices",)


def test_a_list_that_was_cut_off_is_read_up_to_there() -> None:
    child = {"name": "p", "type": "part"}
    rows = [{"name": f"sd{n}", "type": "disk", "children": [child, child]} for n in range(5)]
    whole = (
        json.dumps({"blockdevices": rows}, indent=3)
        .replace("},\n      {", "},{")
        .replace("},\n            {", "},{")
    )
    found = lsblk.parse(whole[: int(len(whole) * 0.7)])
    assert [disk.name for disk in found.disks] == ["sd0", "sd1", "sd2"]
    assert found.problems == ("lsblk's list was cut off; the disks after sd2 are not known",)


@pytest.mark.parametrize(
    ("broken", "problem"),
    [
        ("{", "lsblk did not return JSON"),
        ("lsblk: Befehl nicht gefunden", "lsblk did not return JSON"),
        ("[]", "lsblk returned JSON without block devices"),
        ('{"blockdevices": {"name": "sda"}}', "lsblk returned JSON without block devices"),
        ("[" * 10_000, "lsblk returned JSON nested deeper than 64"),
        ('{"blockdevices": 1e999' + "}" * 3, "lsblk did not return JSON"),
    ],
)
def test_lsblk_that_is_none(broken: str, problem: str) -> None:
    assert lsblk.parse(broken) == lsblk.BlockDevices(problems=(problem,))


LINKS = """/dev/disk/by-id:
total 0
lrwxrwxrwx 1 root root  9 21. Nov 04:03 wwn-0x5000c500a1b2c3d4 -> ../../sda
lrwxrwxrwx 1 root root 10 21. Nov 04:03 wwn-0x5000c500a1b2c3d4-part1 -> ../../sda1
lrwxrwxrwx 1 root root 13 11月 21 04:03 nvme-eui.36344630528029720025384500000001 -> ../../nvme0n1

/dev/disk/by-path:
total 0
lrwxrwxrwx 1 root root  9 21. Nov 04:03 pci-0000:00:1f.2-ata-1.0 -> ../../sda
lrwxrwxrwx 1 root root  9 21. Nov 04:03 pci-0000:00:1f.2-ata-1 -> ../../sda
"""


def test_links_whatever_the_locale() -> None:
    found = disks.parse(LINKS)
    assert found.paths == {"sda": "pci-0000:00:1f.2-ata-1"}
    assert found.wwns["sda"] == "0x5000c500a1b2c3d4"
    assert found.wwns["nvme0n1"] == "eui.36344630528029720025384500000001"


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
    expected = Neighbour("sw1", "e4:f0:04:b6:47:32", "swp46", "lom2 to rack 3")
    assert lldp.parse(table).by_nic == {"eno1": expected}


def test_a_bmc_that_answers_and_one_that_does_not() -> None:
    found = bmc.parse(
        "IP Address Source       : DHCP Address\nIP Address              : 192.0.2.9\n"
        "MAC Address             : 00:30:48:f4:4d:83\nSNMP Community String   : marker-value\n"
        "Firmware Revision         : 3.21\nManufacturer Name         : DELL Inc\n"
    )
    assert found == Bmc(True, "192.0.2.9", "00:30:48:f4:4d:83", "DELL Inc", "3.21")
    assert (
        bmc.parse("Could not open device at /dev/ipmi0 or /dev/ipmi/0: No such file or directory\n") == Bmc()
    )
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
