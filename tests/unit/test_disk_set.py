"""The disks of a layout that needs several: none with data is taken, and the order of the list is nothing."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from test_disk_properties import histories

from oci.domain.hardware import Disk, Inventory, Remembered, choose, choose_set
from oci.domain.hardware.disks import disk_contents

GB = 10**9


def disk(name: str, gigabytes: int, *signatures: str) -> Disk:
    return Disk(name, serial=f"S-{name}", bytes=gigabytes * GB, signatures=signatures)


@given(histories(), st.integers(1, 4), st.randoms(use_true_random=False))
def test_further_disks_are_empty_and_different_and_the_first_is_that_of_one_disk(history, count: int, random) -> None:
    inventory, last, wish = history
    chosen = choose_set(inventory, count, last, wish)
    assert chosen[0] == choose(inventory, last, wish)
    taken = [found.disk for found in chosen if found.disk]
    assert len({disk.name for disk in taken}) == len(taken) <= count
    assert all(not disk_contents.has_data(disk) for disk in taken[1:])
    assert (len(taken) == count) == (chosen[-1].disk is not None), "too few are told, with a reason"
    assert all(found.reason for found in chosen)
    mixed = list(inventory.disks)
    random.shuffle(mixed)
    assert choose_set(Inventory(**{**vars(inventory), "disks": tuple(mixed)}), count, last, wish) == chosen


def test_the_same_size_comes_first_then_larger_ones_then_smaller() -> None:
    first, *others = disk("a", 240), disk("b", 480), disk("c", 960), disk("d", 120), disk("e", 240)
    names = [
        found.disk.name
        for found in choose_set(Inventory(disks=(first, *others)), 5, wish=Remembered("serial:S-a", 240 * GB))
    ]
    assert names == ["a", "e", "b", "c", "d"]


def test_a_disk_of_the_last_install_comes_before_an_empty_one_of_the_same_size() -> None:
    found = Inventory(disks=(disk("a", 240), disk("b", 240), disk("c", 240, "gpt", "ext4")))
    last, other = Remembered("serial:S-a", 240 * GB), Remembered("serial:S-c", 240 * GB)
    assert [choice.name for choice in choose_set(found, 2, last, others=[other])] == ["serial:S-a", "serial:S-c"]
    assert [choice.name for choice in choose_set(found, 2, last)] == ["serial:S-a", "serial:S-b"]
    resized = Remembered("serial:S-c", 241 * GB)
    assert [choice.name for choice in choose_set(found, 2, last, others=[resized])] == ["serial:S-a", "serial:S-b"]
