"""Probe `disks`: `ls -l /dev/disk/by-id /dev/disk/by-path`, and what it adds to lsblk's disks."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from oci.domain.hardware.inventory import Disk
from oci.domain.hardware.lsblk import wwn
from oci.domain.hardware.text import clean

MAX_LINKS = 20_000


@dataclass(frozen=True)
class DiskLinks:
    """For each kernel name its name in by-path, and its world wide name by by-id."""

    paths: dict[str, str] = field(default_factory=dict)
    wwns: dict[str, str] = field(default_factory=dict)


def parse(text: str) -> DiskLinks:
    """Read the links; the dates, which depend on the locale, are not looked at. Never raises."""
    links, folder = DiskLinks(), ""
    for line in text.splitlines()[:MAX_LINKS]:
        left, arrow, target = line.partition(" -> ")
        if not arrow:
            folder = line.strip().rstrip(":").rpartition("/")[2] if line.startswith("/") else folder
            continue
        link, name = clean(left.rpartition(" ")[2]), clean(target.rpartition("/")[2])
        if folder == "by-path":
            # udev makes several links to one disk; the shortest is the oldest form of them.
            links.paths[name] = min((links.paths.get(name, link), link), key=lambda s: (len(s), s))
        elif link.startswith("wwn-"):
            links.wwns.setdefault(name, wwn(link.removeprefix("wwn-")))
        elif link.startswith("nvme-eui."):
            links.wwns.setdefault(name, wwn(link.removeprefix("nvme-")))
    return links


def joined(disks: Iterable[Disk], links: DiskLinks) -> tuple[Disk, ...]:
    """`disks` with path and world wide name from `links`, and with multipath units recognised."""
    named = [
        replace(disk, path=links.paths.get(disk.name, ""), wwn=disk.wwn or links.wwns.get(disk.name, ""))
        for disk in disks
    ]
    units: dict[tuple[str, str, int], int] = {}
    for disk in named:
        units[_unit(disk)] = units.get(_unit(disk), 0) + 1
    return tuple(
        replace(disk, multipath=True) if disk.wwn and units[_unit(disk)] > 1 else disk for disk in named
    )


def _unit(disk: Disk) -> tuple[str, str, int]:
    """Equal for two device nodes of one unit; two disks that only share a wrong name differ in serial."""
    return disk.wwn.casefold(), disk.serial.casefold(), disk.bytes
