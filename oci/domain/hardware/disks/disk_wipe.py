"""Which disks a release wipes, under which names, and which it has to leave, with the reason.

What may be installed and what has to be wiped are two questions: everything of the machine's own that can hold data
is wiped, along one path where there are several. What cannot be wiped is told by name.
"""

from __future__ import annotations

from dataclasses import dataclass

from oci.domain.hardware.disks import disk_contents
from oci.domain.hardware.disks.disk_choice import Remembered, is_remote, is_removable, is_same
from oci.domain.hardware.disks.disk_names import kernel_name, own_name, unit_name
from oci.domain.hardware.inventory import Disk, Inventory

TOLD_MOST = 8


@dataclass(frozen=True)
class Left:
    """A disk that may hold data and is not wiped, and why; `disk` is None where the list itself is not whole."""

    disk: Disk | None
    reason: str


@dataclass(frozen=True)
class WipePlan:
    """What to wipe. `units` are those of `names` that are seen along several paths, of which any will do.

    `spared` belong to somebody else or hold nothing, and are not touched. `bytes` is what is written: of a unit with
    several paths one.
    """

    names: tuple[str, ...] = ()
    units: tuple[str, ...] = ()
    disks: tuple[Disk, ...] = ()
    left: tuple[Left, ...] = ()
    spared: tuple[Disk, ...] = ()
    bytes: int = 0


def plan(inventory: Inventory, last: Remembered | None = None) -> WipePlan:
    """The wipe of a machine; `last` is the disk of its last install, which is wiped wherever it is."""
    names, units, disks, left, spared, written = [], [], [], [], [], 0
    for disk in inventory.disks:
        why = _why_left(disk)
        if _is_spared(disk) and not (last and is_same(inventory, disk, last)):
            spared.append(disk)
            if is_removable(disk) and not disk.virtual_media and disk_contents.has_data(disk):
                left.append(Left(disk, f"it is on USB or can be taken out, and holds {disk_contents.told(disk)}"))
            continue
        name, unit = _name(inventory, disk)
        if why or not name:
            left.append(Left(disk, why or "it has no name that a wipe could be ordered by"))
            continue
        disks.append(disk)
        if name not in names:
            names.append(name)
            written += disk.bytes
            units += [name] if unit else []
    if inventory.disks_missing:
        left.append(Left(None, f"the list of its disks is not whole: {inventory.disks_missing}"))
    return WipePlan(tuple(names), tuple(units), tuple(disks), tuple(left), tuple(spared), written)


def _is_spared(disk: Disk) -> bool:
    return not disk.bytes or disk.virtual_media or is_remote(disk) or is_removable(disk)


def _why_left(disk: Disk) -> str:
    if disk.read_only:
        return "it is read-only; look at its controller or its switch, or take it out"
    if disk.zoned == "host-managed":
        return "its zones are managed by the host, and a wipe cannot write to them; reset them with `blkzone reset`"
    return ""


def _name(inventory: Inventory, disk: Disk) -> tuple[str, bool]:
    """The name that the disk is wiped by, and whether it is that of a unit with several paths."""
    if disk.multipath and (unit := unit_name(inventory, disk)):
        return unit, True
    # Without proof that two nodes are one unit both are wiped: twice is harmless, data left behind is not.
    return own_name(inventory, disk) or kernel_name(disk), False


def told(left: tuple[Left, ...]) -> str:
    """The disks that were left, in one sentence; '' when there are none."""
    if not left:
        return ""
    words = [f"{_label(one.disk)}: {one.reason}" if one.disk else one.reason for one in left]
    more = [f"and {len(words) - TOLD_MOST} more"] if len(words) > TOLD_MOST else []
    return "these disks were not wiped: " + "; ".join(words[:TOLD_MOST] + more)


def _label(disk: Disk) -> str:
    return f"{disk.name} (serial {disk.serial})" if disk.serial else disk.name
