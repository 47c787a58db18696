"""lsblk and the links in /dev/disk, in the spellings that tools really use."""

from __future__ import annotations

import json

import pytest

from oci.domain.hardware.disks import disks, lsblk
from oci.domain.hardware.inventory import Partition


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
    assert (found.bytes, found.rotational, found.removable, found.wwn) == (240057409536, False, False, "")


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
    found = lsblk.parse(devices({"name": "sda", "type": "disk", "pttype": "gpt", "children": [part, esp]})).disks[0]
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
    whole = json.dumps({"blockdevices": rows}, indent=3).replace("},\n      {", "},{").replace("},\n            {", "},{")
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
