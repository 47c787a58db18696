"""Which disk an install writes, with the reason; for every other disk the reason why not.

One table of verdicts, one function that judges a disk, one that chooses. What is on a disk decides before its size:
a disk that holds somebody's data is written only when a person named it and confirmed it by that name.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from oci.domain.hardware.disks import disk_contents
from oci.domain.hardware.disks.disk_names import disk_named, own_name
from oci.domain.hardware.inventory import Disk, Inventory

SMALLEST = 4_000_000_000
"""Bytes that a disk must have to hold a system."""


@dataclass(frozen=True)
class Verdict:
    """What may be done with a disk. `install` is one of FIRST, SECOND, NAMED and NEVER."""

    word: str
    meaning: str
    install: str


FIRST, SECOND, NAMED, NEVER = "first choice", "second choice", "only by name", "never"

# The first that fits counts: what cannot be, whose it is, what is on it, of what kind it is.
VERDICTS = {
    v.word: v
    for v in (
        Verdict("no-medium", "there is no medium in it, or it has no size", NEVER),
        Verdict("virtual-media", "the management controller lends it", NEVER),
        Verdict("read-only", "it is read-only", NEVER),
        Verdict("pmem", "it is persistent memory, from which no firmware boots", NEVER),
        Verdict("zoned", "its zones are managed by the host, so no ordinary file system can be on it", NEVER),
        Verdict("multipath", "it is one unit seen along several paths", NEVER),
        Verdict("too-small", f"it has fewer than {SMALLEST // 10**9} GB", NEVER),
        Verdict(
            "cannot-boot", "its sectors have 4096 bytes, and a BIOS boots from sectors of 512 bytes only; UEFI can", NEVER
        ),
        Verdict("unnamed", "it has no wwn, serial or path of its own, so no order could mean it without doubt", NEVER),
        Verdict("remote", "it is on another machine or a storage network, and may be in use there", NAMED),
        Verdict("removable", "it is on USB or a medium that can be taken out", NAMED),
        Verdict("firmware-raid", "it is a member of an array of the firmware, which writes to it by itself", NAMED),
        Verdict("unread", "it could not be read, or not in time, so nobody knows what is on it", NAMED),
        Verdict("last-install", "it is the disk of the last install, and nothing else has been put on it", FIRST),
        Verdict("holds-data", "somebody's data is on it", NAMED),
        Verdict("sd", "it is an SD card, which a running system wears out", NAMED),
        Verdict("unknown-kind", "its driver is not known to be one that firmware boots from", NAMED),
        Verdict("second-choice", "it is empty, but slow or small by its kind (eMMC, host-aware zones)", SECOND),
        Verdict("may-be-installed", "it is fixed, large enough and empty", FIRST),
    )
}


@dataclass(frozen=True)
class Remembered:
    """A disk as it was when an install was ordered onto it, or a person named it: name, bytes, `disk_contents.items`."""

    name: str
    bytes: int
    contents: tuple[str, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """The record as JSON-safe values."""
        return {"name": self.name, "bytes": self.bytes, "contents": list(self.contents)}

    @classmethod
    def from_dict(cls, stored: Mapping[str, Any]) -> Remembered | None:
        """The record that `to_dict` gave, or None for an empty one."""
        if not stored.get("name"):
            return None
        return cls(stored["name"], int(stored.get("bytes", 0)), tuple(stored.get("contents", ())))


def remembered(inventory: Inventory, disk: Disk) -> Remembered:
    """What to keep of `disk`, so that it is known again."""
    return Remembered(own_name(inventory, disk), disk.bytes, disk_contents.items(disk))


@dataclass(frozen=True)
class Judged:
    """One disk with its name ('' when it has none), its verdict and the reason in words."""

    disk: Disk
    name: str
    verdict: Verdict
    reason: str


@dataclass(frozen=True)
class Choice:
    """The disk that an install writes and why; no disk when it is refused, and then `reason` says why."""

    disk: Disk | None
    name: str
    reason: str


_RULES: tuple[tuple[str, Callable[[Disk, Inventory], bool]], ...] = (
    ("no-medium", lambda disk, _: not disk.bytes),
    ("virtual-media", lambda disk, _: disk.virtual_media),
    ("read-only", lambda disk, _: disk.read_only),
    ("pmem", lambda disk, _: disk.medium == "pmem"),
    ("zoned", lambda disk, _: disk.zoned == "host-managed"),
    ("multipath", lambda disk, _: disk.multipath),
    ("too-small", lambda disk, _: disk.bytes < SMALLEST),
    ("cannot-boot", lambda disk, inventory: disk.sector_bytes > 512 and inventory.firmware == "bios"),
    ("unnamed", lambda disk, inventory: not own_name(inventory, disk)),
    ("remote", lambda disk, _: is_remote(disk)),
    ("removable", lambda disk, _: is_removable(disk)),
    ("firmware-raid", lambda disk, _: bool({*disk.signatures} & disk_contents.FIRMWARE_RAID)),
    ("unread", lambda disk, _: disk_contents.UNREAD in disk.signatures),
)
_EMPTY_RULES: tuple[tuple[str, Callable[[Disk], bool]], ...] = (
    ("holds-data", disk_contents.has_data),
    ("sd", lambda disk: disk.medium == "sd"),
    ("unknown-kind", lambda disk: disk.medium == "unknown"),
    ("second-choice", lambda disk: disk.medium == "emmc" or bool(disk.zoned)),
)


def is_remote(disk: Disk) -> bool:
    """Whether the disk is on another machine or a storage network."""
    return disk.remote or disk.transport in {"fc", "fcoe", "iscsi", "tcp", "rdma"}


def is_removable(disk: Disk) -> bool:
    """Whether the disk is on USB, or a medium that can be taken out."""
    return disk.removable or disk.transport == "usb"


def is_same(inventory: Inventory, disk: Disk, was: Remembered) -> bool:
    """Whether `disk` is the one that was remembered, by name and size."""
    return disk_named(inventory, was.name) == disk and disk.bytes == was.bytes


def judge(inventory: Inventory, disk: Disk, last: Remembered | None = None) -> Judged:
    """The verdict on one disk; `last` is the disk of the last install."""
    word = next((word for word, rule in _RULES if rule(disk, inventory)), "")
    if not word and last and is_same(inventory, disk, last) and not disk_contents.foreign(disk, last.contents):
        word = "last-install"
    word = word or next((word for word, rule in _EMPTY_RULES if rule(disk)), "may-be-installed")
    on_it = disk_contents.told(disk) if VERDICTS[word].install == NAMED else ""
    reason = VERDICTS[word].meaning + (f": {on_it}" if on_it else "")
    return Judged(disk, "" if disk.multipath else own_name(inventory, disk), VERDICTS[word], reason)


def judge_all(inventory: Inventory, last: Remembered | None = None) -> tuple[Judged, ...]:
    """The verdict on each disk, in the inventory's order."""
    return tuple(judge(inventory, disk, last) for disk in inventory.disks)


def choose(inventory: Inventory, last: Remembered | None = None, wish: Remembered | None = None) -> Choice:
    """The disk that an install writes: the one a person named, else that of the last install, else an empty one.

    The answer does not depend on the order of the disks. A disk that holds data which was not there when a person
    confirmed it, or when an install was ordered onto it, is refused.
    """
    if wish:
        return _by_name(inventory, last, wish)
    if inventory.disks_missing:
        return Choice(
            None,
            "",
            f"the list of its disks is not whole ({inventory.disks_missing}), so none is chosen without "
            "a person's word; name the disk, or let it report again",
        )
    if last and (known := disk_named(inventory, last.name)):
        return _again(judge(inventory, known, last), last)
    return _empty_one(inventory, last)


def _again(found: Judged, last: Remembered) -> Choice:
    if found.verdict.word == "last-install":
        return Choice(found.disk, found.name, "it is the disk of the last install")
    if found.disk.bytes != last.bytes:
        why = f"has {found.disk.bytes} bytes now, not {last.bytes}"
    else:
        why = f"cannot be taken again, for {found.reason}"
    return Choice(
        None,
        "",
        f"{found.disk.name} ({last.name}), the disk of the last install, {why}; name the disk that is to be written",
    )


def _empty_one(inventory: Inventory, last: Remembered | None) -> Choice:
    judged = judge_all(inventory)
    gone = f"the disk of the last install, {last.name}, is gone" if last else ""
    for rank, words in ((FIRST, "the smallest empty disk"), (SECOND, "the only kind of empty disk left")):
        fit = [found for found in judged if found.verdict.install == rank]
        if fit:
            best = min(fit, key=lambda found: _size_first(found.disk))
            return Choice(best.disk, best.name, f"it is {words}" + (f"; {gone}" if gone else ""))
    return Choice(None, "", _why_none(judged, gone))


def _size_first(disk: Disk) -> tuple[int, bool, str, str, str, str]:
    return disk.bytes, disk.rotational, disk.path, disk.name, disk.wwn, disk.serial


def _why_none(judged: tuple[Judged, ...], gone: str) -> str:
    if not judged:
        return gone or "no disk is known"
    told = "; ".join(f"{found.disk.name}: {found.reason}" for found in sorted(judged, key=lambda f: _size_first(f.disk))[:6])
    more = f"; and {len(judged) - 6} more" if len(judged) > 6 else ""
    can = "name the disk that is to be written" if any(f.verdict.install == NAMED for f in judged) else "add an empty disk"
    return (f"{gone}, and " if gone else "") + f"no disk may be written without a person's word ({told}{more}); {can}"


def _by_name(inventory: Inventory, last: Remembered | None, wish: Remembered) -> Choice:
    disk = disk_named(inventory, wish.name)
    if disk is None:
        return Choice(None, "", f"the disk that was chosen, {wish.name}, is not in its latest report; choose another")
    if disk.bytes != wish.bytes:
        return Choice(
            None,
            "",
            f"the disk that was chosen, {wish.name}, has {disk.bytes} bytes now, not {wish.bytes}; "
            "look at its disks and choose again",
        )
    found = judge(inventory, disk, last)
    if found.verdict.install == NEVER:
        return Choice(None, "", f"{disk.name} ({wish.name}) was chosen but cannot be written: {found.reason}")
    ours = last and is_same(inventory, disk, last) and not disk_contents.foreign(disk, last.contents)
    if not ours and {*disk_contents.items(disk)} - {*wish.contents}:
        return Choice(
            None,
            "",
            f"{disk.name} ({wish.name}) was chosen, but since then it holds something else: "
            f"{disk_contents.told(disk)}; look at its disks and confirm it again",
        )
    return Choice(disk, wish.name, "a person chose it")


def may_change_by_another_look(inventory: Inventory) -> bool:
    """Whether the report leaves open what is on a disk, or which there are: a busy machine may have got to it too late."""
    return bool(inventory.disks_missing) or any(disk_contents.UNREAD in disk.signatures for disk in inventory.disks)


def needs_confirmation(found: Judged) -> bool:
    """Whether a person who chooses the disk must confirm it by its name."""
    return found.verdict.install == NAMED


def fixed_disks(inventory: Inventory) -> tuple[Disk, ...]:
    """The disks that belong to the machine itself and can be told apart: nothing removable, lent or remote."""
    return tuple(
        disk
        for disk in inventory.disks
        if disk.bytes
        and not is_removable(disk)
        and not is_remote(disk)
        and not (disk.virtual_media or disk.multipath or disk.read_only)
    )


def install_disk(inventory: Inventory) -> Disk | None:
    """The disk that a first install takes when nobody names one, or None."""
    return choose(inventory).disk
