"""Contents that only the probe `disks` tells: signatures that contradict each other, and disks nobody could read."""

from __future__ import annotations

import json

import pytest

from oci.domain.hardware import Inventory, Probe, choose, judge_all, parse, remembered
from oci.domain.hardware.disks import disk_contents, disk_wipe, disks

LINKS = "/dev/disk/by-path:\nlrwxrwxrwx 1 root root 9 pci-0000:00:17.0-ata-1 -> ../../sda\n"
OURS = [
    {"name": "sda1", "type": "part", "size": 10**6, "partlabel": "bios"},
    {"name": "sda2", "type": "part", "size": 5 * 10**8, "partlabel": "esp", "fstype": "vfat"},
    {"name": "sda3", "type": "part", "size": 10**11, "partlabel": "root", "fstype": "ext4"},
]


def inventory(contents: str | None, *, size: int = 10**12, children: list[dict[str, object]] | None = None) -> Inventory:
    row: dict[str, object] = {"name": "sda", "type": "disk", "size": size, "serial": "S1", "tran": "sata", "log-sec": 512}
    row |= {"children": children, "pttype": "gpt"} if children else {}
    told = LINKS + (f"contents:\n{contents}" if contents is not None else "")
    return parse({"lsblk": Probe(json.dumps({"blockdevices": [row]}).encode()), "disks": Probe(told.encode())})


def word(found: Inventory) -> str:
    return judge_all(found)[0].verdict.word


@pytest.mark.parametrize(
    ("types", "told"),
    [
        ("ext4 zfs_member", "a ZFS pool, ext4"),
        ("linux_raid_member xfs", "a member of a software RAID, an XFS file system"),
        ("LVM2_member", "LVM volumes"),
        ("ntfs vfat", "a Windows file system, vfat"),
    ],
)
def test_what_lsblk_does_not_tell_is_data_all_the_same(types: str, told: str) -> None:
    found = inventory(f"holds sda {types} \n")
    assert found.disks[0].signatures == tuple(types.split()) and found.disks[0].path
    assert word(found) == "holds-data" and disk_contents.told(found.disks[0]) == told
    assert choose(found).disk is None and told in choose(found).reason
    assert [d.name for d in disk_wipe.plan(found).disks] == ["sda"]


@pytest.mark.parametrize("types", ["", "PMBR gpt", "dos"])
def test_an_empty_disk_stays_empty(types: str) -> None:
    found = inventory(f"holds sda {types}\n")
    assert word(found) == "may-be-installed" and choose(found).name == "serial:S1"


@pytest.mark.parametrize(
    "contents",
    ["unread sda\n", "", "holds sdb ext4\n", "holds sda", "holds\n", "holds sda1 ext4\nunread sda\n", "nonsense \0\n"],
)
def test_a_disk_that_was_not_read_is_written_by_name_alone(contents: str) -> None:
    found = inventory(contents)
    assert word(found) == "unread" and choose(found).disk is None and "nobody knows what is on it" in choose(found).reason
    named = remembered(found, found.disks[0])
    assert choose(found, wish=named).disk == found.disks[0]
    # Whoever named it did so not knowing what is on it; when that shows, he is asked again.
    assert choose(inventory("holds sda LVM2_member\n"), wish=named).disk is None
    assert choose(inventory("holds sda\n"), wish=named).disk
    assert [d.name for d in disk_wipe.plan(found).disks] == ["sda"]


def test_a_report_that_does_not_tell_of_contents_is_read_as_before() -> None:
    assert disks.parse(LINKS).holds is None
    assert inventory(None).disks[0].signatures == () and word(inventory(None)) == "may-be-installed"


def test_a_report_without_links_tells_contents() -> None:
    assert disks.parse("contents:\nholds cciss/c0d0 ext4\n").holds == {"c0d0": frozenset({"ext4"})}


def test_no_disk_that_is_never_written_is_called_unread() -> None:
    found = inventory("unread sda\n", size=0)
    assert found.disks[0].signatures == () and word(found) == "no-medium"


def test_the_disk_of_the_last_install_is_taken_again_unless_more_is_on_it_or_a_partition_was_not_read() -> None:
    whole = "holds sda PMBR gpt\nholds sda1\nholds sda2 vfat\n"
    installed = inventory(whole + "holds sda3 ext4\n", children=OURS)
    last = remembered(inventory("holds sda\n"), installed.disks[0])
    assert choose(installed, last).reason == "it is the disk of the last install"
    for rest in ("holds sda3 ext4 zfs_member\n", "holds sda3 linux_raid_member ext4\n", "unread sda3\n", ""):
        assert choose(inventory(whole + rest, children=OURS), last).disk is None


def test_not_knowing_is_kept_however_much_is_known() -> None:
    many = "holds sda " + " ".join(f"a{n}" for n in range(100)) + "\nunread sda1\n"
    found = inventory(many, children=OURS[:1]).disks[0].signatures
    assert "unread" in found and len(found) <= 32 and list(found) == sorted(found)


@pytest.mark.parametrize(
    ("types", "told"),
    [("gpt", "a damaged GPT"), ("PMBR", "the rest of a damaged GPT"), ("sun", "another kind (sun)"), ("minix", "minix")],
)
def test_a_table_whose_partitions_nobody_sees_is_not_called_empty(types: str, told: str) -> None:
    found = inventory(f"holds sda {types}\n")
    assert word(found) == "holds-data" and told in choose(found).reason and choose(found).disk is None
