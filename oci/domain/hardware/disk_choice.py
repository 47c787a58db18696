"""Which disk a plain install takes, and the name under which it is ordered."""

from __future__ import annotations

import re

from oci.domain.hardware.inventory import Disk, Inventory

SMALLEST = 4_000_000_000
"""Bytes that a disk must have to hold a system."""

# A unit on another machine may be in use there; nobody but a person may choose it.
_REMOTE = frozenset({"fc", "fcoe", "iscsi", "tcp", "rdma"})

# The order of a wipe separates names by blanks, and the installer looks for a link of that name.
_PLAIN = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:+@=,-]*")


class AmbiguousDisk(ValueError):
    """The disk can't be named such that no other disk of its machine is meant."""


def fixed_disks(inventory: Inventory) -> tuple[Disk, ...]:
    """The disks that belong to the machine itself: nothing on USB, removable, lent or remote."""
    return tuple(
        disk
        for disk in inventory.disks
        if disk.bytes
        and disk.transport != "usb"
        and disk.transport not in _REMOTE
        and not (disk.removable or disk.virtual_media or disk.multipath or disk.read_only)
    )


def install_disk(inventory: Inventory) -> Disk | None:
    """The smallest fixed disk of at least SMALLEST bytes, or None.

    Of equally small ones solid-state comes before rotational, then by path, then by name, so that the
    same machine always gives the same answer.
    """
    fit = [disk for disk in fixed_disks(inventory) if disk.bytes >= SMALLEST]
    return min(fit, key=lambda disk: (disk.bytes, disk.rotational, disk.path, disk.name), default=None)


def disk_name(inventory: Inventory, disk: Disk) -> str:
    """`wwn:...`, `serial:...` or `path:...`: the first that no other disk of `inventory` has.

    Raises AmbiguousDisk when there is none, or when the disk is seen along several paths.
    """
    if disk.multipath:
        raise AmbiguousDisk(f"disk {disk.name} is one unit seen along several paths; it can't be named")
    for kind in ("wwn", "serial", "path"):
        value: str = getattr(disk, kind)
        bearers = [other for other in inventory.disks if getattr(other, kind).casefold() == value.casefold()]
        if _PLAIN.fullmatch(value) and len(bearers) == 1:
            return f"{kind}:{value}"
    raise AmbiguousDisk(
        f"disk {disk.name} has no wwn, serial or path of its own; give it a serial, or see the probe `disks`"
    )


def disk_named(inventory: Inventory, name: str) -> Disk | None:
    """The one disk that `disk_name` gives `name` for, or that alone has it; None if there is no such."""
    kind, _, value = name.partition(":")
    if kind not in ("wwn", "serial", "path") or not value:
        return None
    bearers = [disk for disk in inventory.disks if getattr(disk, kind).casefold() == value.casefold()]
    return bearers[0] if len(bearers) == 1 else None
