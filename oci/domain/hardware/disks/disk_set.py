"""The disks of a layout that needs several: the one that `disk_choice` gives, and further ones beside it.

Only the first can be somebody's choice by name. The others are those of the last install, as long as nothing else was put on
them, or empty ones: a disk that holds data is never taken because an array lacks a half.
"""

from __future__ import annotations

from collections.abc import Collection

from oci.domain.hardware.disks.disk_choice import FIRST, Choice, Judged, Remembered, choose, is_same, judge
from oci.domain.hardware.inventory import Disk, Inventory
from oci.domain.quantities import counted


def choose_set(
    inventory: Inventory,
    count: int,
    last: Remembered | None = None,
    wish: Remembered | None = None,
    others: Collection[Remembered] = (),
) -> tuple[Choice, ...]:
    """The `count` disks that an install writes, the one that a person or the last install named first.

    `others` are the further disks of the last install. Where there are fewer than `count`, the last choice has no disk, and
    says why. The answer does not depend on the order of the disks.
    """
    first = choose(inventory, last, wish)
    if first.disk is None or count < 2:
        return (first,)
    further = sorted(_fit(inventory, first.disk, others), key=lambda judged: _rank(judged, first.disk))
    chosen = [Choice(judged.disk, judged.name, _reason(judged, first.disk)) for judged in further[: count - 1]]
    if len(chosen) < count - 1:
        chosen.append(Choice(None, "", _too_few(first.disk, count, 1 + len(chosen))))
    return (first, *chosen)


def _fit(inventory: Inventory, first: Disk, others: Collection[Remembered]) -> list[Judged]:
    """Disks beside `first` that may be written without anybody's word."""
    judged = [
        judge(inventory, disk, next((was for was in others if is_same(inventory, disk, was)), None))
        for disk in inventory.disks
        if disk != first
    ]
    return [found for found in judged if found.verdict.install == FIRST]


def _rank(found: Judged, first: Disk | None) -> tuple[bool, bool, bool, int, str, str]:
    disk = found.disk
    size = first.bytes if first else 0
    return found.verdict.word != "last-install", disk.bytes != size, disk.bytes < size, disk.bytes, disk.path, disk.name


def _reason(found: Judged, first: Disk | None) -> str:
    if found.verdict.word == "last-install":
        return "it is a disk of the last install"
    return "it is empty and " + ("as large as the first" if first and found.disk.bytes == first.bytes else "nearest in size")


def _too_few(first: Disk, count: int, there: int) -> str:
    return (
        f"the layout needs {counted(count, 'disk')}, and beside {first.name} "
        f"{'none' if there == 1 else f'only {there - 1}'} may be written without a person's word; "
        "empty or add a disk, or use a layout of fewer"
    )
