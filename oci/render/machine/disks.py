"""The steps of a layout as text: what the installer interprets, and the fstab and crypttab of the system that it makes."""

from __future__ import annotations

from collections.abc import Sequence

from oci.domain.promise.layouts import OrderedDisk, Step

# Fields 4 to 6 of fstab(5). An EFI system partition is mounted when somebody looks at it: a FAT that is spoilt, or on a
# disk that is gone, keeps no machine from starting.
_ROOT = "errors=remount-ro 0 1"
_OTHER = "defaults 0 2"
_ESP = "umask=0077,nofail,noauto,x-systemd.automount 0 2"


def lines(steps: Sequence[Step], disks: Sequence[OrderedDisk]) -> str:
    """Lines `word arg arg` that a static shell reads (discovery/lib/words.sh): the disks first, then the steps."""
    ordered = [f"disk disk{number} {disk.name} {disk.bytes}" for number, disk in enumerate(disks, 1)]
    return "\n".join((*ordered, *(" ".join((step.word, *step.args)) for step in steps), ""))


def fstab(steps: Sequence[Step]) -> str:
    """/etc/fstab of what the steps mount, each by the UUID that its file system was given."""
    made = {step.args[0]: step for step in steps if step.word == "fs"}
    return "".join(_mounted(step, made[step.args[0]]) for step in steps if step.word == "mount")


def _mounted(mount: Step, fs: Step) -> str:
    path, kind = mount.args[1], fs.args[1]
    options = _ESP if kind == "esp" else _ROOT if path == "/" else _OTHER
    return f"UUID={fs.args[2]} {path} {'vfat' if kind == 'esp' else kind} {options}\n"


def crypttab(steps: Sequence[Step]) -> str:
    """/etc/crypttab of the encrypted volumes, whose keys the installer made; '' when there are none."""
    return "".join(
        f"{step.args[0]} UUID={step.args[2]} /etc/oci/keys/{step.args[0]} luks,nofail\n"
        for step in steps
        if step.word == "luks"
    )


def grub_modules(steps: Sequence[Step]) -> tuple[str, ...]:
    """What GRUB needs to read the file system at /."""
    return ("part_gpt", "ext2", *("mdraid1x" for step in steps if step.word == "raid"))
