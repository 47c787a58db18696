"""Probe `disks`: `ls -l /dev/disk/by-id /dev/disk/by-path`, wipefs' signatures, and what both add to lsblk's disks."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from oci.domain.hardware.disks.disk_contents import LOST_GPT, UNREAD
from oci.domain.hardware.disks.lsblk import MAX_SIGNATURES, wwn
from oci.domain.hardware.inventory import Disk
from oci.domain.hardware.text import clean

MAX_LINKS = 20_000

# A unit on another machine may be in use there; the forms of udev's by-path are those of its `path_id`.
_REMOTE = frozenset({"fc", "fcoe", "iscsi", "tcp", "rdma", "loop"})
_REMOTE_PATH = re.compile(r"(^|-)(ip|fc|fcoe|iscsi)-|-vmbus-.*-iscsi")
_SINGLE = frozenset({"sata", "ata", "usb", "virtio", "mmc"})
# Places on a controller of its own; with `sas-`, several places can lead to one disk.
_PLACE = re.compile(r"-(scsi-[0-9]+:[0-9]+:[0-9]+:[0-9]+|ata-[0-9.]+|nvme-[0-9]+)$")
_UNIT = re.compile(r"(-lun-|:)[0-9a-fA-FxX]+$")


@dataclass(frozen=True)
class DiskLinks:
    """For each kernel name its name in by-path, its world wide name by by-id, and what is on it.

    `holds` has whoever could be read, disks and partitions; it is None in a report that does not tell of it.
    """

    paths: dict[str, str] = field(default_factory=dict)
    wwns: dict[str, str] = field(default_factory=dict)
    holds: dict[str, frozenset[str]] | None = None


def parse(text: str) -> DiskLinks:
    """Read the links; the dates, which depend on the locale, are not looked at. Never raises."""
    of_links, told, of_contents = f"\n{text}".partition("\ncontents:\n")
    links, folder = DiskLinks(holds=_holds(of_contents) if told else None), ""
    for line in of_links.splitlines()[:MAX_LINKS]:
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


def _holds(text: str) -> dict[str, frozenset[str]]:
    """The lines `holds NAME TYPE...`; the rest says who could not be read. The last line may be cut off."""
    rows = [line.split() for line in text.rpartition("\n")[0].splitlines()[:MAX_LINKS]]
    found = (row[1:] for row in rows if len(row) > 1 and row[0] == "holds")
    return {clean(name.rpartition("/")[2]): frozenset(map(clean, types[:MAX_SIGNATURES])) for name, *types in found}


def joined(disks: Iterable[Disk], links: DiskLinks) -> tuple[Disk, ...]:
    """`disks` with path, world wide name and contents from `links`; units that others see too are recognised as such."""
    named = [_with_contents(_with_links(disk, links), links.holds) for disk in disks]
    units: dict[tuple[str, str, int], list[Disk]] = {}
    for disk in named:
        units.setdefault(_unit(disk), []).append(disk)
    return tuple(replace(disk, multipath=True) if _is_one_unit(units[_unit(disk)]) else disk for disk in named)


def _with_links(disk: Disk, links: DiskLinks) -> Disk:
    path = links.paths.get(disk.name, "")
    remote = disk.remote or disk.transport in _REMOTE or bool(_REMOTE_PATH.search(path))
    named = disk.wwn or links.wwns.get(disk.name, "")
    if (path, named, remote) == (disk.path, disk.wwn, disk.remote):
        return disk
    return replace(disk, path=path, wwn=named, remote=remote)


def _with_contents(disk: Disk, holds: dict[str, frozenset[str]] | None) -> Disk:
    """`disk` with the signatures that lsblk does not tell, for there are several, or udev has not looked."""
    if holds is None or not disk.bytes or disk.virtual_media:
        return disk
    found = {*disk.signatures}
    for name in (disk.name, *(part.name for part in disk.partitions)):
        found |= holds.get(name, frozenset({UNREAD}))
    # wipefs finds a GPT also where the MBR does not point to it; the kernel then reads none, and shows no partition.
    if "gpt" in found - {*disk.signatures} and "PMBR" not in found and not disk.partitions:
        found.add(LOST_GPT)
    first = [UNREAD] if UNREAD in found else []
    return replace(disk, signatures=tuple(sorted((first + sorted(found - {UNREAD, ""}))[:MAX_SIGNATURES])))


def _unit(disk: Disk) -> tuple[str, str, int]:
    """Equal for two device nodes of one unit; two disks that only share a wrong name differ in serial."""
    return disk.wwn.casefold(), disk.serial.casefold(), disk.bytes


def _is_one_unit(nodes: list[Disk]) -> bool:
    """Whether nodes of equal wwn, serial and size are paths of one unit, or cannot be told from that.

    Disks on a cable of their own have one path, and the units of one target are told apart by their number. Where there
    is no serial, different places are different disks: some controllers give every logical disk the same factory name.
    """
    if len(nodes) < 2 or not nodes[0].wwn or all(disk.transport in _SINGLE for disk in nodes):
        return False
    paths = {disk.path for disk in nodes}
    if any(disk.multipath for disk in nodes) or "" in paths or len(paths) < len(nodes):
        return True
    if len({_UNIT.sub("", path) for path in paths}) == 1:
        return False
    return any(disk.serial for disk in nodes) or not all(map(_PLACE.search, paths))
