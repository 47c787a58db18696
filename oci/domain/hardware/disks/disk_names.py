"""The name under which a disk is ordered, and the way back from a name to its disk."""

from __future__ import annotations

import re

from oci.domain.hardware.inventory import Disk, Inventory

# The order of a wipe separates names by blanks, and the installer looks for a link of that name.
_PLAIN = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:+@=,-]*")
_KERNEL = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
KINDS = ("wwn", "serial", "path")


class AmbiguousDisk(ValueError):
    """The disk can't be named such that no other disk of its machine is meant."""


def _bearers(inventory: Inventory, kind: str, value: str) -> list[Disk]:
    return [disk for disk in inventory.disks if getattr(disk, kind).casefold() == value.casefold()]


def own_name(inventory: Inventory, disk: Disk) -> str:
    """`wwn:...`, `serial:...` or `path:...`: the first that no other disk of `inventory` has, or ''."""
    for kind in KINDS:
        value: str = getattr(disk, kind)
        if _PLAIN.fullmatch(value) and len(_bearers(inventory, kind, value)) == 1:
            return f"{kind}:{value}"
    return ""


def disk_name(inventory: Inventory, disk: Disk) -> str:
    """`wwn:...`, `serial:...` or `path:...`: the first that no other disk of `inventory` has.

    Raises AmbiguousDisk when there is none, or when the disk is seen along several paths.
    """
    if disk.multipath:
        raise AmbiguousDisk(f"disk {disk.name} is one unit seen along several paths; it can't be named")
    name = own_name(inventory, disk)
    if not name:
        raise AmbiguousDisk(
            f"disk {disk.name} has no wwn, serial or path of its own; give it a serial, or see the probe `disks`"
        )
    return name


def disk_named(inventory: Inventory, name: str) -> Disk | None:
    """The one disk that `disk_name` gives `name` for, or that alone has it; None if there is no such."""
    kind, _, value = name.partition(":")
    if kind not in KINDS or not value:
        return None
    bearers = _bearers(inventory, kind, value)
    return bearers[0] if len(bearers) == 1 else None


def unit_name(inventory: Inventory, disk: Disk) -> str:
    """The name that all nodes of the unit `disk` have and no other disk, or '' when that is not certain.

    Equal wwn and equal serial prove one unit; an equal wwn alone does not, since cheap controllers repeat it.
    """
    nodes = [
        other
        for other in inventory.disks
        if other.multipath
        and other.wwn
        and other.serial
        and (other.wwn.casefold(), other.serial.casefold(), other.bytes)
        == (disk.wwn.casefold(), disk.serial.casefold(), disk.bytes)
    ]
    for kind in ("wwn", "serial"):
        value: str = getattr(disk, kind)
        if nodes and _PLAIN.fullmatch(value) and _bearers(inventory, kind, value) == nodes:
            return f"{kind}:{value}"
    return ""


def kernel_name(disk: Disk) -> str:
    """`kernel:NAME=BYTES`: good for one boot of the live image only, so a wipe may use it and an install may not."""
    return f"kernel:{disk.name}={disk.bytes}" if _KERNEL.fullmatch(disk.name) else ""
