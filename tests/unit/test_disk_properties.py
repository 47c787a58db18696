"""What is true of every choice of a disk, whatever a machine has: properties over arbitrary disks."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from oci.domain.hardware import (
    NEVER,
    VERDICTS,
    Disk,
    Inventory,
    Partition,
    Remembered,
    choose,
    disk_named,
    judge,
    remembered,
)
from oci.domain.hardware.disks import disk_choice, disk_contents, disk_names, disk_wipe
from oci.domain.promise.layouts import LAYOUTS, OrderedDisk, Step, steps

DISCOVERY = Path(__file__).parents[2] / "discovery"
SIGNATURES = (
    "gpt",
    "dos",
    "ext4",
    "vfat",
    "xfs",
    "LVM2_member",
    "ceph_bluestore",
    "zfs_member",
    "isw_raid_member",
    "linux_raid_member",
    "swap",
    "crypto_LUKS",
    "raid1",
    "never_heard_of",
)
words = st.sampled_from(("", "a", "A", "b", "c", "d e", "0x5000"))
partitions = st.builds(
    Partition,
    name=st.sampled_from(("p1", "p2", "p3")),
    bytes=st.integers(0, 3),
    filesystem=st.sampled_from(("", "ext4", "vfat", "xfs", "LVM2_member")),
    label=st.sampled_from(("", "root", "esp", "bios", "ceph data", "Basic")),
)
rarely = st.sampled_from((False,) * 9 + (True,))
disks = st.builds(
    Disk,
    wwn=words,
    serial=words,
    path=words,
    bytes=st.sampled_from((10**11, 10**12, 10**10, 10**9, 0)),
    transport=st.sampled_from(("sata", "", "sas", "nvme", "virtio", "sata", "usb", "fc")),
    rotational=st.booleans(),
    removable=rarely,
    read_only=rarely,
    virtual_media=rarely,
    multipath=rarely,
    sector_bytes=st.sampled_from((512, 0, 4096)),
    medium=st.sampled_from(("", "", "", "", "sd", "emmc", "pmem", "unknown")),
    zoned=st.sampled_from(("", "", "", "", "host-aware", "host-managed")),
    signatures=st.one_of(st.just(()), st.lists(st.sampled_from(SIGNATURES), max_size=3, unique=True).map(tuple)),
    partitions=st.one_of(st.just(()), st.lists(partitions, max_size=3).map(tuple)),
)


@st.composite
def inventories(draw: st.DrawFn) -> Inventory:
    found = [
        replace(disk, name=f"sd{chr(97 + n)}", path=disk.path or f"port{n}")
        for n, disk in enumerate(draw(st.lists(disks, max_size=4)))
    ]
    return Inventory(
        disks=tuple(found),
        firmware=draw(st.sampled_from(("", "bios", "efi"))),
        disks_missing=draw(st.sampled_from(("", "", "", "it was cut off"))),
    )


@st.composite
def histories(draw: st.DrawFn) -> tuple[Inventory, Remembered | None, Remembered | None]:
    """An inventory, the disk of the last install and a person's word; both may be of a disk that has changed since."""
    found, said = draw(inventories()), []
    for _ in range(2):
        disk = draw(st.sampled_from((None, *found.disks)))
        kept = remembered(found, disk) if disk else None
        if kept and kept.name and draw(st.booleans()):
            kept = replace(
                kept,
                bytes=draw(st.sampled_from((kept.bytes, 10**11))),
                contents=draw(st.sampled_from((kept.contents, (), ("xfs",)))),
            )
        said.append(kept if kept and kept.name else None)
    return found, said[0], said[1]


@given(histories())
def test_a_disk_with_foreign_data_is_chosen_only_by_name(history) -> None:
    found, last, wish = history
    choice = choose(found, last, wish)
    if choice.disk is None or not disk_contents.has_data(choice.disk):
        return
    kept = [was for was in (wish, last) if was and disk_named(found, was.name) == choice.disk]
    assert kept, "data that nobody ever named"
    excused = {item for was in kept for item in was.contents}
    new = {*disk_contents.items(choice.disk)} - excused
    assert not new or (last in kept and disk_contents.is_own_layout(choice.disk)), "data that came after the word"


@given(disks, disks)
def test_the_disk_of_the_last_install_is_taken_again_only_without_anything_new(now: Disk, empty: Disk) -> None:
    now = Disk("sda", serial="S1", bytes=10**12, signatures=now.signatures, partitions=now.partitions)
    other = Disk("sdb", serial="S2", bytes=10**11, signatures=empty.signatures, partitions=empty.partitions)
    choice = choose(Inventory(disks=(other, now)), Remembered("serial:S1", 10**12))
    own = disk_contents.is_own_layout(now) and not {*now.signatures} & disk_contents.FIRMWARE_RAID
    assert choice.disk == (now if own else None)


@given(inventories())
def test_without_an_install_or_a_word_only_an_empty_disk_is_taken(found: Inventory) -> None:
    choice = choose(found)
    assert choice.reason
    assert choice.disk is None or not disk_contents.has_data(choice.disk)
    assert choice.disk is None or not found.disks_missing


@given(histories(), st.randoms(use_true_random=False))
def test_the_order_of_the_list_changes_nothing(history, random) -> None:
    found, last, wish = history
    mixed = list(found.disks)
    random.shuffle(mixed)
    other = replace(found, disks=tuple(mixed))
    assert choose(other, last, wish) == choose(found, last, wish)
    assert {*disk_wipe.plan(other, last).names} == {*disk_wipe.plan(found, last).names}


@given(histories())
def test_what_is_chosen_is_named_may_be_written_and_is_meant_by_its_name(history) -> None:
    found, last, wish = history
    choice = choose(found, last, wish)
    if choice.disk is not None:
        assert disk_named(found, choice.name) == choice.disk
        assert judge(found, choice.disk, last).verdict.install != NEVER
    if wish and choice.disk is not None:
        assert choice.disk == disk_named(found, wish.name), "a word is obeyed or refused, never bent"


@given(inventories())
def test_every_disk_is_wiped_or_told_or_not_the_machines_own(found: Inventory) -> None:
    plan = disk_wipe.plan(found)
    told = {left.disk.name for left in plan.left if left.disk}
    for disk in found.disks:
        own = disk.bytes and not (disk.virtual_media or disk_choice.is_remote(disk) or disk_choice.is_removable(disk))
        assert not own or disk in plan.disks or disk.name in told
    for name in {*plan.names} - {*plan.units}:
        named = disk_named(found, name) or next((d for d in found.disks if disk_names.kernel_name(d) == name), None)
        assert named in plan.disks, "a name that means another disk, or several"
    for unit in plan.units:
        kind, _, value = unit.partition(":")
        bearers = [disk for disk in found.disks if getattr(disk, kind).casefold() == value.casefold()]
        assert all(bearer in plan.disks and bearer.multipath for bearer in bearers)
    assert bool(disk_wipe.told(plan.left)) == bool(plan.left)


def test_the_table_has_the_order_in_which_disks_are_judged() -> None:
    first, then = ([word for word, _ in rules] for rules in (disk_choice._RULES, disk_choice._EMPTY_RULES))
    assert list(VERDICTS) == [*first, "last-install", *then, "may-be-installed"]


@pytest.mark.parametrize("layout", LAYOUTS)
def test_what_counts_as_our_own_layout_is_what_the_installer_makes(layout: str) -> None:
    """Each disk after an install is known as our own, whole or half made; and not with a stranger's label or layer."""
    ordered = [OrderedDisk(f"serial:{n}", 10**11) for n in range(LAYOUTS[layout].disks)]
    made = steps(layout, ordered, "7c0f0a4e-6d0b-4d0e-9b3e-0123456789ab")
    for number in range(1, len(ordered) + 1):
        parts = tuple(_partitions(made, f"disk{number}"))
        types = {part.filesystem for part in parts} - {""}
        for known in range(len(parts) + 1):
            half = Disk("sda", signatures=("gpt", *sorted(types)), partitions=parts[:known])
            assert disk_contents.is_own_layout(half) == (types <= {p.filesystem for p in parts[:known]} | {"vfat", "ext4"})
        assert disk_contents.is_own_layout(Disk("sda", signatures=("PMBR", "gpt", *sorted(types)), partitions=parts))
        for n, part in enumerate(parts):
            for strange in (
                replace(part, label="data"),
                replace(part, filesystem="xfs"),
                replace(part, filesystem="bcache"),
            ):
                changed = (*parts[:n], strange, *parts[n + 1 :])
                types = {p.filesystem for p in changed} - {""}
                assert not disk_contents.is_own_layout(Disk("sda", signatures=("gpt", *sorted(types)), partitions=changed))


@pytest.mark.parametrize("layer", disk_contents.OWN_LAYERS)
def test_a_layer_of_somebody_else_is_not_our_own(layer: str) -> None:
    own = Partition("sda1", 1 << 30, "ext4", "root")
    assert not disk_contents.is_own_layout(Disk("sda", signatures=("gpt", layer), partitions=(own,))), "on the disk itself"
    for label in ("root", "bios", "", "raid3", "lvm2"):
        part = Partition("sda2", 1 << 30, layer, label)
        assert not disk_contents.is_own_layout(Disk("sda", signatures=("gpt", layer), partitions=(own, part)))


def _partitions(made: tuple[Step, ...], disk: str) -> Iterator[Partition]:
    """The partitions that the steps make on `disk`, as the live system shows them afterwards."""
    for step in (s for s in made if s.word == "part" and s.args[1] == disk):
        name = step.args[0]
        kinds = {"esp": "vfat", "ext4": "ext4"}
        on_it = next((kinds[s.args[1]] for s in made if s.word == "fs" and s.args[0] == name), "")
        on_it = "linux_raid_member" if any(s.word == "raid" and name in s.args[2:] for s in made) else on_it
        on_it = "LVM2_member" if any(s.word == "pv" and s.args[0] == name for s in made) else on_it
        yield Partition(f"sda{step.args[2]}", 1 << 30, on_it, name)


def test_the_steps_that_make_file_systems_make_those_that_are_known_as_ours() -> None:
    made = re.findall(r"\bmkfs\.([a-z0-9]+) -", (DISCOVERY / "lib" / "make.sh").read_text())
    assert {*made} == disk_contents.OWN_FILE_SYSTEMS
