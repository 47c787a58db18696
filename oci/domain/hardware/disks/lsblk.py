"""Probe `lsblk`: `lsblk -J -b` with all columns, as a tree."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from oci.domain.hardware import document
from oci.domain.hardware.inventory import Disk, Partition
from oci.domain.hardware.text import clean, flag, integer
from oci.domain.identity.verdict import meaningful

MAX_DEVICES = 2000
MAX_PARTITIONS = 128
MAX_SIGNATURES = 32

# Memory, network and composed devices (those of AoE are `etherd/e0.1`, or only the last part of it), the small
# hardware partitions of eMMC, single paths of an NVMe unit.
_NO_DISK = re.compile(
    r"(zram|loop|ram|nbd|rbd|rnbd|drbd|dm-|md|mtdblock|bcache|zd|fd|ublkb|nullb|zloop)_?[0-9]"
    r"|etherd.|e[0-9]+\.[0-9]|mmcblk[0-9]+(boot|rpmb|gp)|nvme[0-9]+c[0-9]+n"
)
# Names of drivers whose disks firmware boots from (Documentation/admin-guide/devices.txt of the kernel).
_ORDINARY = re.compile(r"(sd|hd|vd|xvd|dasd)[a-z]+|nvme[0-9]+n[0-9]+|cciss[!/]c[0-9]+d[0-9]+|ubd[a-z]")
_LENT_BY_BMC = re.compile(
    r"virtual|idrac|\bilo\b|\bxcc\b|\bimm\b|lcdrive|secupd|oemdrv|megarac|irmc|vkvm|cimc|ciscovd|openbmc"
    r"|file-stor gadget",
    re.IGNORECASE,
)
# A port that is open for hot-plug makes the kernel call the disk in it removable; nothing can be taken out of these.
_BAYS = frozenset({"sata", "ata", "sas", "nvme", "spi", "fc", "pcie"})
_BETWEEN = " " * 6 + "},{\n"
_PLAIN = ("disk", "part", "rom")  # rows that are nothing in themselves
_BUSES = ("usb", "nvme", "mmc", "virtio")
_WWN_PREFIX = re.compile(r"^(0x|eui\.|naa\.|nvme\.|uuid\.)", re.IGNORECASE)


@dataclass(frozen=True)
class BlockDevices:
    """The machine's disks in lsblk's order, and what was wrong with the text: then some may be missing."""

    disks: tuple[Disk, ...] = ()
    problems: tuple[str, ...] = ()


def parse(text: str) -> BlockDevices:
    """Read the tree: disks, with what was found on them. Never raises."""
    try:
        devices = document.member(document.load(text), "blockdevices")
    except document.NotJSON as wrong:
        return _cut_off(text) or BlockDevices(problems=(f"lsblk {wrong}",))
    if not isinstance(devices, list):
        return BlockDevices(problems=("lsblk returned JSON without block devices",))
    return _read(devices)


def _cut_off(text: str) -> BlockDevices | None:
    """What a list that ends in the middle still tells: hundreds of disks do not fit into a report.

    lsblk always prints this line between two whole devices; below a device it is indented further.
    """
    whole, between, _ = text.rpartition("\n" + _BETWEEN)
    try:
        devices = document.member(document.load(f"{whole}}}]}}"), "blockdevices") if between else None
    except document.NotJSON:
        return None
    if not isinstance(devices, list):
        return None
    found = _read(devices)
    last = found.disks[-1].name if found.disks else "none"
    return BlockDevices(found.disks, (f"lsblk's list was cut off; the disks after {last} are not known",))


def _read(devices: list[object]) -> BlockDevices:
    disks: list[Disk] = []
    left = MAX_DEVICES
    names = map(_name, document.rows(devices))
    emmc = {name.removesuffix("boot0") for name in names if name.endswith("boot0")}
    for row in document.rows(devices):
        below, truncated = _below(row, left - 1)
        left -= 1 + len(below)
        disk = _disk(row, below)
        if disk:
            disks.append(replace(disk, medium="emmc") if disk.name in emmc else disk)
        if truncated or left <= 0:
            return BlockDevices(tuple(disks), (f"lsblk lists more than {MAX_DEVICES} block devices",))
    return BlockDevices(tuple(disks))


def _below(row: dict[str, object], limit: int) -> tuple[list[dict[str, object]], bool]:
    """Everything that sits on `row`, at most `limit`, and whether there was more."""
    found: list[dict[str, object]] = []
    waiting = [row.get("children")]
    while waiting:
        for child in document.rows(waiting.pop()):
            if len(found) >= limit:
                return found, True
            found.append(child)
            waiting.append(child.get("children"))
    return found, False


def _name(row: dict[str, object]) -> str:
    """The kernel's name: `name` is mapped, or wrong, where `kname` is right; either may be a path."""
    name = clean(row.get("kname") or row.get("name"))
    return clean(name.rpartition("/")[2]) if "/" in name else name


def _disk(row: dict[str, object], below: list[dict[str, object]]) -> Disk | None:
    """The disk that `row` describes, or None for what can't hold a system."""
    name, kind = _name(row), clean(row.get("type")) or "disk"
    model, vendor, transport = clean(row.get("model")), clean(row.get("vendor")), _transport(row)
    lent = transport == "usb" and bool(_LENT_BY_BMC.search(f"{vendor} {model}"))
    if not name or _NO_DISK.match(name) or not (kind == "disk" or (kind == "rom" and lent)):
        return None
    zoned = clean(row.get("zoned")).lower()
    return Disk(
        name=name,
        wwn=wwn(clean(row.get("wwn"))),
        serial=meaningful(clean(row.get("serial"))),
        bytes=integer(row.get("size")) or 0,
        model=model,
        vendor=vendor,
        transport=transport,
        rotational=bool(flag(row.get("rota"))),
        removable=kind == "rom" or (bool(flag(row.get("rm"))) and not _in_bay(row, transport)),
        read_only=bool(flag(row.get("ro"))),
        virtual_media=lent,
        multipath=any(child.get("type") == "mpath" for child in below),
        sector_bytes=integer(row.get("log-sec")) or 0,
        medium=_medium(name),
        zoned="" if zoned == "none" else zoned,
        signatures=_signatures([row, *below]),
        partitions=_partitions(below),
    )


def _medium(name: str) -> str:
    """What the kernel's name tells of the medium; an eMMC is known by its boot partitions beside it."""
    if name.startswith(("mmcblk", "pmem")):
        return "sd" if name.startswith("mmcblk") else "pmem"
    return "" if _ORDINARY.fullmatch(name) else "unknown"


def _in_bay(row: dict[str, object], transport: str) -> bool:
    chain = clean(row.get("subsystems")).lower().split(":")
    internal = ("pci" in chain and "usb" not in chain) or clean(row.get("vendor")) == "ATA" or _name(row).startswith("nvme")
    return transport in _BAYS or (not transport and internal)


def wwn(value: str) -> str:
    """A world wide name, or '' when it is a filler of one repeated digit."""
    return value if len(set(_WWN_PREFIX.sub("", value))) > 1 else ""


def _transport(row: dict[str, object]) -> str:
    """`sata`, `nvme`, `usb` ...; older kernels leave `tran` blank and tell only the chain of buses."""
    stated = clean(row.get("tran")).lower()
    chain = clean(row.get("subsystems")).lower().split(":")
    return stated or next((bus for bus in _BUSES if bus in chain), "")


def _signatures(rows: list[dict[str, object]]) -> tuple[str, ...]:
    found: set[str] = set()
    for row in rows:
        # Most rows are partitions of which nothing is told, and there are thousands of them.
        found.update(clean(told) for key in ("fstype", "pttype") if (told := row.get(key)))
        if row.get("type") not in _PLAIN and (kind := clean(row.get("type"))) not in _PLAIN:
            found.add(kind)
    return tuple(sorted(found - {""})[:MAX_SIGNATURES])


def _partitions(below: list[dict[str, object]]) -> tuple[Partition, ...]:
    parts = [row for row in below if row.get("type") == "part"][:MAX_PARTITIONS]
    found = (
        Partition(
            name=_name(row),
            bytes=integer(row.get("size")) or 0,
            filesystem=clean(row.get("fstype")),
            label=clean(row.get("partlabel")) or clean(row.get("label")),
            type=clean(row.get("parttypename")) or clean(row.get("parttype")),
        )
        for row in parts
    )
    return tuple(sorted(found, key=lambda part: (len(part.name), part.name)))
