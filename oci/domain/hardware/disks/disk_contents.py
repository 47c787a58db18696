"""What lies on a disk, in words, and whether it is somebody's data or only what an install of ours has left there.

Signatures are libblkid's names of file systems, volumes and arrays (its `superblocks` and `partitions` tables).
Any partition counts as data, also one without a signature: the OSDs of older Ceph versions and raw volumes have none.
"""

from __future__ import annotations

from oci.domain.hardware.inventory import Disk, Partition
from oci.domain.quantities import counted

TABLES = frozenset({"gpt", "dos", "PMBR"})
"""Partition tables that the live system's kernel reads for certain. One without a partition in it is nobody's data.

Those of other systems (`sun`, `mac`, `bsd` ...) are data even where no partition shows: some of their forms are not read,
and `minix` is also a file system. `PMBR` alone is what a lost GPT leaves.
"""

LOST_GPT = "lost_gpt"
"""Stands among the signatures of a disk whose GPT the kernel does not read, for what points to it is damaged."""

FOREIGN_TABLES = frozenset({"sun", "mac", "bsd", "sgi", "atari", "dasd", "unixware", "solaris_x86"})

FIRMWARE_RAID = frozenset(
    {
        "adaptec_raid_member",
        "ddf_raid_member",
        "hpt37x_raid_member",
        "hpt45x_raid_member",
        "isw_raid_member",
        "jmicron_raid_member",
        "lsi_mega_raid_member",
        "nvidia_raid_member",
        "promise_fasttrack_raid_member",
        "silicon_medley_raid_member",
        "via_raid_member",
    }
)
"""Arrays that the firmware puts together before any system runs (Intel's IMSM is `isw`)."""

UNREAD = "unread"
"""Stands among the signatures of a disk where it, or a partition of it, could not be read: what is there is not known."""

OWN_FILE_SYSTEMS = frozenset({"vfat", "ext4"})
OWN_LABELS = ("bios", "esp", "root")
OWN_LAYERS = {"linux_raid_member": ("raid", "raid2"), "LVM2_member": ("lvm",)}
MOST_PARTITIONS = 4
"""What the layouts consist of; a test holds all of it against their steps. A layer counts only under its very label."""

WORDS = {
    UNREAD: "something that could not be read",
    LOST_GPT: "a damaged GPT",
    "PMBR": "the rest of a damaged GPT",
    "LVM2_member": "LVM volumes",
    "LVM1_member": "LVM volumes",
    "ceph_bluestore": "a Ceph OSD",
    "zfs_member": "a ZFS pool",
    "crypto_LUKS": "an encrypted volume",
    "BitLocker": "a volume encrypted by Windows",
    "bcache": "a bcache device",
    "linux_raid_member": "a member of a software RAID",
    "isw_raid_member": "a member of an Intel firmware RAID (IMSM)",
    "ddf_raid_member": "a member of a firmware RAID (DDF)",
    "swap": "swap space",
    "swsuspend": "the memory of a sleeping system",
    "ntfs": "a Windows file system",
    "ReFS": "a Windows file system",
    "apfs": "an Apple file system",
    "btrfs": "a btrfs file system",
    "xfs": "an XFS file system",
    "VMFS_volume_member": "a VMware datastore",
    "drbd": "a DRBD device",
    "iso9660": "an image of a CD",
    "mpath_member": "a path of a multipath unit",
    "gfs2": "a shared file system",
    "ocfs2": "a shared file system",
}
# What stands on the disk already says more than the layer that carries it.
_LAYERS = frozenset({"lvm", "crypt", "dm", "mpath", "linear", "md", "bcache", "part", "disk", "rom", "loop"})
# How the partition types begin that ceph-disk gave to data, journal, block, block.db, block.wal and lockbox.
_CEPH_TYPES = ("4fbd7e29-", "45b0969e-9b03-", "cafecafe-9b03-", "30cd0809-c2b2-", "5ce17fce-4087-", "fb3aabf9-d25f-")


def items(disk: Disk) -> tuple[str, ...]:
    """Everything found on `disk`, one short text for each thing, sorted: to compare with what was there before."""
    parts = (
        f"partition {p.name.removeprefix(disk.name)}, {p.bytes} bytes, {p.filesystem}, {p.label}" for p in disk.partitions
    )
    return tuple(sorted(_remarkable(disk)) + sorted(parts))


def _remarkable(disk: Disk) -> set[str]:
    return {*disk.signatures} - (TABLES if "gpt" in disk.signatures else TABLES - {"PMBR"})


def has_data(disk: Disk) -> bool:
    """Whether anything but an empty partition table is on `disk`."""
    return bool(items(disk))


def is_own_layout(disk: Disk) -> bool:
    """Whether all that is on `disk` may be what an install has written, whole or half."""
    layers = OWN_LAYERS.keys() & {part.filesystem for part in disk.partitions}
    return (
        not _remarkable(disk) - OWN_FILE_SYSTEMS - layers
        and all(map(_is_own, disk.partitions))
        and len(disk.partitions) <= MOST_PARTITIONS
    )


def _is_own(part: Partition) -> bool:
    label = part.label.casefold()
    layer = next((layer for layer, labels in OWN_LAYERS.items() if label in labels), "")
    if layer or part.filesystem in OWN_LAYERS:
        return part.filesystem in {"", layer}
    return part.filesystem in {"", *OWN_FILE_SYSTEMS} and any(word in label for word in OWN_LABELS)


def foreign(disk: Disk, known: tuple[str, ...] = ()) -> bool:
    """Whether anything is on `disk` that is neither of our layout nor among `known`, from an earlier `items`."""
    return not is_own_layout(disk) and bool({*items(disk)} - {*known})


def told(disk: Disk) -> str:
    """What is on `disk`, for a person; '' when there is nothing."""
    found = {WORDS.get(name) or _in_words(name) for name in _remarkable(disk) - _LAYERS}
    found |= {"a Ceph OSD" for part in disk.partitions if _is_ceph(part)}
    if not found and disk.partitions:
        found = {f"{counted(len(disk.partitions), 'partition')} of unknown contents"}
    if not found and has_data(disk):
        found = {", ".join(sorted(_remarkable(disk)))}
    return ", ".join(sorted(found))


def _in_words(signature: str) -> str:
    if signature in FIRMWARE_RAID:
        return "a member of a firmware RAID"
    if signature in FOREIGN_TABLES:
        return f"a partition table of another kind ({signature})"
    return f"an array ({signature})" if signature.startswith("raid") else signature


def _is_ceph(part: Partition) -> bool:
    kind = part.type.casefold()
    return part.label.casefold().startswith("ceph") or kind.startswith(("ceph", *_CEPH_TYPES))
