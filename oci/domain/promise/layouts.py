"""Layouts: how an install cuts up a machine's disks, as steps of eight words. A layout is data; nothing compares its name.

`steps` computes what will be done and refuses, with the reason, what is ambiguous or impossible, so that it is known before
anything is ordered. `oci/render/machine/disks.py` writes the steps down, `discovery/lib/words.sh` carries them out.
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

MIB = 1 << 20
ESP_LABEL = "OCI-ESP"
"""The label of every EFI system partition: a boot script that knows no mark looks for it."""
BIOS_BOOT, ESP = "EF02", "EF00"
"""sgdisk's codes of the partition that GRUB for BIOS is put into, and of the EFI system partition."""
REST = "rest"

# Nothing but these stands in a step: an installer splits its lines at blanks.
_ARGUMENT = re.compile(r"[A-Za-z0-9._:+@=,/-]+")
_NAME = re.compile(r"[a-z][a-z0-9]{0,31}")
_UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")


class CannotLayOut(ValueError):
    """A layout that these disks, or no disks, can have. The text says why, and what can be done instead."""


@dataclass(frozen=True)
class OrderedDisk:
    """A disk by the name under which it is ordered, with its size and the size of its sectors (0: not known), in bytes."""

    name: str
    bytes: int
    sector_bytes: int = 0


@dataclass(frozen=True)
class Step:
    """One thing to do. Of all words but `mount` and `fs` the first argument is the name of what the step makes."""

    word: str
    args: tuple[str, ...]


WORDS: Mapping[str, tuple[int, int]] = {
    "part": (6, 6),  # NAME DISK NUMBER MIB|rest TYPE GUID|-
    "raid": (4, 34),  # NAME LEVEL PART...
    "pv": (1, 1),  # PART
    "vg": (2, 33),  # NAME PV...
    "lv": (3, 3),  # NAME VG MIB|rest
    "luks": (3, 3),  # NAME PART UUID
    "fs": (4, 4),  # NAME ext4|esp UUID LABEL
    "mount": (3, 3),  # NAME PATH OPTIONS|-
}
"""Every word of a step, with the least and the most arguments that it takes."""


@dataclass(frozen=True)
class Layout:
    """One way to use `disks` disks of at least `smallest` bytes each. `text` has a step a line; the disks are disk1, disk2

    In `text` {mark} stands for the mark of the attempt, {uuid:NAME} and {fat:NAME} for a UUID and a FAT volume's number
    that follow from it, {id} for eight digits of it, so that names differ from those of an older system.
    """

    name: str
    title: str
    disks: int
    smallest: int
    text: str


# A power cut while the system is streamed costs the whole attempt anyway, so nothing needs to be in order before the end.
_FAST = "noatime,data=writeback,commit=600"

_TABLE = (
    # For BIOS and UEFI, so that a machine whose firmware mode is changed still boots.
    Layout(
        "plain",
        "one disk, one file system",
        1,
        2_800_000_000,
        f"""
        part bios disk1 1 1 {BIOS_BOOT} -
        part esp disk1 2 512 {ESP} {{mark}}
        part root disk1 3 rest 8304 -
        fs root ext4 {{mark}} oci-root
        fs esp esp {{fat:esp}} {ESP_LABEL}
        mount root / {_FAST}
        mount esp /boot/efi -
        """,
    ),
    # Firmware writes to an EFI system partition without knowing of arrays, so there are two of them; either boots alone.
    Layout(
        "mirror",
        "two disks, one file system on both (RAID 1), each disk boots alone",
        2,
        4_000_000_000,
        f"""
        part bios disk1 1 1 {BIOS_BOOT} -
        part esp disk1 2 512 {ESP} {{mark}}
        part raid disk1 3 rest FD00 -
        part bios2 disk2 1 1 {BIOS_BOOT} -
        part esp2 disk2 2 512 {ESP} {{mark}}
        part raid2 disk2 3 rest FD00 -
        raid root{{id}} 1 raid raid2
        fs root{{id}} ext4 {{mark}} oci-root
        fs esp esp {{fat:esp}} {ESP_LABEL}
        fs esp2 esp {{fat:esp2}} {ESP_LABEL}
        mount root{{id}} / {_FAST}
        mount esp /boot/efi -
        mount esp2 /boot/efi2 -
        """,
    ),
    # The system itself on a plain partition: it boots, and can be repaired, without a word of LVM.
    Layout(
        "lvm",
        "one disk: 24 GiB for the system, LVM with /var on the rest",
        1,
        40_000_000_000,
        f"""
        part bios disk1 1 1 {BIOS_BOOT} -
        part esp disk1 2 512 {ESP} {{mark}}
        part root disk1 3 24576 8304 -
        part lvm disk1 4 rest 8E00 -
        pv lvm
        vg oci{{id}} lvm
        lv var oci{{id}} rest
        fs root ext4 {{mark}} oci-root
        fs var ext4 {{uuid:var}} oci-var
        fs esp esp {{fat:esp}} {ESP_LABEL}
        mount root / {_FAST}
        mount var /var {_FAST}
        mount esp /boot/efi -
        """,
    ),
)
LAYOUTS: Mapping[str, Layout] = {layout.name: layout for layout in _TABLE}


NO_MARK = str(uuid.UUID(int=0))
"""A mark for those who only ask whether a layout is possible."""


def derived(mark: str, name: str) -> uuid.UUID:
    """The UUID of what is called `name` in the install with the mark `mark` (version 5, so the same each time)."""
    return uuid.uuid5(uuid.UUID(mark), name)


def fat_number(mark: str, name: str) -> str:
    """The volume number of a FAT file system, as `blkid` shows it: XXXX-XXXX."""
    digits = derived(mark, name).hex[:8].upper()
    return f"{digits[:4]}-{digits[4:]}"


def named(name: str) -> Layout:
    """The layout called `name`. Raises CannotLayOut."""
    if name not in LAYOUTS:
        raise CannotLayOut(f"the layout {name[:40]!r} is not known; known are {', '.join(LAYOUTS)}")
    return LAYOUTS[name]


def steps(name: str, disks: Sequence[OrderedDisk], mark: str) -> tuple[Step, ...]:
    """What makes the layout `name` of `disks`, in order; `mark` is the UUID of this attempt, in small letters.

    The file system of `mark` is the one that GRUB starts from, and so are the EFI system partitions of that GUID. Raises
    CannotLayOut for another number of disks, one named twice, too small or of other sectors, and for steps that
    contradict each other.
    """
    layout = named(name)
    _refuse_disks(layout, disks)
    if not _UUID.fullmatch(mark):
        raise CannotLayOut(f"the mark {mark[:40]!r} is no UUID in small letters; order the install again")
    made = tuple(_step(line, mark) for line in layout.text.strip().splitlines())
    return check(_sized(made, disks), disks, mark)


def stored(name: str, disks: Sequence[OrderedDisk]) -> dict[str, Any]:
    """The layout `name` of `disks` as JSON-safe data: what `carried_out` makes the steps of, whatever becomes of the layout
    in a later version. Raises CannotLayOut as `steps` does."""
    steps(name, disks, NO_MARK)
    return {
        "layout": name,
        "lines": [line.strip() for line in named(name).text.strip().splitlines()],
        "disks": [[disk.name, disk.bytes, disk.sector_bytes] for disk in disks],
    }


def carried_out(kept: Mapping[str, Any], mark: str) -> tuple[tuple[Step, ...], tuple[OrderedDisk, ...]]:
    """The steps and the disks of what `stored` gave, for the attempt with this mark. Raises CannotLayOut."""
    if not _UUID.fullmatch(mark):
        raise CannotLayOut(f"the mark {mark[:40]!r} is no UUID in small letters; order the install again")
    try:
        disks = tuple(OrderedDisk(str(name), int(size), int(sector)) for name, size, sector in kept["disks"])
        made = tuple(_step(str(line), mark) for line in kept["lines"])
    except (KeyError, TypeError, ValueError) as error:
        raise CannotLayOut(f"the promised disks cannot be read ({error}); have the promise worked out anew") from None
    return check(_sized(made, disks), disks, mark), disks


def _refuse_disks(layout: Layout, disks: Sequence[OrderedDisk]) -> None:
    if len(disks) != layout.disks:
        raise CannotLayOut(
            f"the layout {layout.name} is for {layout.disks} disk{'s' * (layout.disks > 1)}, and there "
            f"{'is' if len(disks) == 1 else 'are'} {len(disks)} for it; add or empty a disk, or use another layout"
        )
    for disk in disks:
        if not _ARGUMENT.fullmatch(disk.name):
            raise CannotLayOut(f"the disk {disk.name[:80]!r} has a name that no order can carry; see the probe `disks`")
        if disk.bytes < layout.smallest:
            raise CannotLayOut(
                f"the disk {disk.name} has {disk.bytes} bytes, and the layout {layout.name} needs {layout.smallest}; "
                "choose a larger disk, or use another layout"
            )
    if len({disk.name for disk in disks}) < len(disks):
        raise CannotLayOut(f"the disk {disks[0].name} is named twice; the layout {layout.name} is for different disks")
    sectors = {disk.sector_bytes for disk in disks if disk.sector_bytes}
    if len(sectors) > 1:
        raise CannotLayOut(
            f"the disks of the layout {layout.name} have sectors of {' and of '.join(map(str, sorted(sectors)))} bytes; one "
            "array needs equal ones: format a disk anew (sg_format, nvme format), or choose another"
        )


def _step(line: str, mark: str) -> Step:
    """One line of a layout with its placeholders filled in."""
    text = line.replace("{mark}", mark).replace("{id}", mark[:8])
    text = re.sub(r"\{uuid:([a-z0-9]+)\}", lambda found: str(derived(mark, found[1])), text)
    text = re.sub(r"\{fat:([a-z0-9]+)\}", lambda found: fat_number(mark, found[1]), text)
    word, *args = text.split()
    return Step(word, tuple(args))


def _sized(made: tuple[Step, ...], disks: Sequence[OrderedDisk]) -> tuple[Step, ...]:
    """`rest` of several disks is as much as the smallest has: halves of an array are equal. One disk's is left to sgdisk."""
    if len(disks) < 2:
        return made
    sized = []
    for step in made:
        if step.word == "part" and step.args[3] == REST:
            used = sum(int(s.args[3]) for s in made if s.word == "part" and s.args[1] == step.args[1] and s.args[3] != REST)
            left = min(disk.bytes for disk in disks) // MIB - used - 2  # a MiB before the first, the table's copy at the end
            step = Step(step.word, (*step.args[:3], str(left), *step.args[4:]))
        sized.append(step)
    return tuple(sized)


def check(made: tuple[Step, ...], disks: Sequence[OrderedDisk], mark: str) -> tuple[Step, ...]:
    """`made` as it is, if an installer can carry it out on `disks` and the machine boots then. Raises CannotLayOut."""
    known = {f"disk{number}": "disk" for number in range(1, len(disks) + 1)}
    for step in made:
        _refuse_form(step)
        _take(step, known)
    _refuse_sizes(made, disks)
    _refuse_file_systems(made)
    _refuse_unbootable(made, mark)
    return made


def _refuse_form(step: Step) -> None:
    least, most = WORDS.get(step.word, (0, 0))
    if not most:
        raise CannotLayOut(f"a step of the layout says {step.word[:40]!r}; known words are {', '.join(WORDS)}")
    if not least <= len(step.args) <= most or not all(map(_ARGUMENT.fullmatch, step.args)):
        raise CannotLayOut(f"the step {_told(step)} does not have the arguments that {step.word} takes")
    if not _NAME.fullmatch(step.args[0]):
        raise CannotLayOut(f"the step {_told(step)} needs a name of small letters and digits")


# What a step may be made of. Only a disk and a volume group are there for several steps.
_BLOCK = ("part", "raid", "lv", "luks")
_OF: Mapping[str, tuple[str, ...]] = {
    "part": ("disk",),
    "raid": ("part",),
    "pv": ("part", "raid", "luks"),
    "vg": ("pv",),
    "lv": ("vg",),
    "luks": ("part", "raid", "lv"),
    "fs": _BLOCK,
    "mount": ("fs",),
}
_IN_PLACE = ("pv", "fs", "mount")
"""What is made of a thing and keeps its name."""


def _sources(step: Step) -> tuple[str, ...]:
    if step.word in _IN_PLACE:
        return step.args[:1]
    return step.args[1:2] if step.word in ("part", "lv", "luks") else step.args[2:] if step.word == "raid" else step.args[1:]


def _take(step: Step, known: dict[str, str]) -> None:
    """Note in `known`, kinds by name, what the step makes of what is there. Raises CannotLayOut."""
    for name in _sources(step):
        if known.get(name) not in _OF[step.word]:
            is_now = f"{name} is {known[name]}" if name in known else f"no step before it makes {name}"
            raise CannotLayOut(
                f"the step {_told(step)} cannot be: {is_now}, and it needs one of {', '.join(_OF[step.word])}"
            )
        if step.word in ("raid", "vg", "luks"):
            known[name] = f"in {step.args[0]} already"
    name = step.args[0]
    if name in known and step.word not in _IN_PLACE:
        raise CannotLayOut(f"the step {_told(step)} makes {name}, which is there already")
    known[name] = "mounted" if step.word == "mount" else step.word


def _whole(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else 0


def _refuse_sizes(made: Iterable[Step], disks: Sequence[OrderedDisk]) -> None:
    ended: dict[str, str] = {}
    numbers: dict[str, int] = {}
    mibs: dict[str, int] = {}
    for step in (s for s in made if s.word in ("part", "lv")):
        size = step.args[3] if step.word == "part" else step.args[2]
        place = step.args[1]
        if place in ended:
            raise CannotLayOut(f"the step {_told(step)} comes after {ended[place]} took the rest of {place}")
        if size == REST:
            ended[place] = step.args[0]
        elif not _whole(size):
            raise CannotLayOut(f"the step {_told(step)} has the size {size}; it must be MiB, or {REST}")
        mibs[place] = mibs.get(place, 0) + _whole(size)
        if step.word == "part":
            numbers[place] = numbers.get(place, 0) + 1
            if step.args[2] != str(numbers[place]):
                raise CannotLayOut(f"the step {_told(step)} must have the number {numbers[place]}: they are made in order")
    for number, disk in enumerate(disks, 1):
        wanted = mibs.get(f"disk{number}", 0)
        if wanted > disk.bytes // MIB - 2:
            raise CannotLayOut(
                f"the partitions of {disk.name} take {wanted} MiB, and it has {disk.bytes // MIB - 2} for them"
            )


def _refuse_file_systems(made: Iterable[Step]) -> None:
    places: set[str] = set()
    for step in made:
        if step.word == "fs" and step.args[1] not in ("ext4", "esp"):
            raise CannotLayOut(f"the step {_told(step)} makes a file system of a kind that is not known; use ext4 or esp")
        if step.word != "mount":
            continue
        path = step.args[1]
        if not re.fullmatch(r"/|(/[a-z0-9]+)+", path) or path in places:
            raise CannotLayOut(f"the step {_told(step)} must mount at a path of its own, as /var")
        if (path == "/") == bool(places):
            raise CannotLayOut(f"the step {_told(step)} comes too {'late' if path == '/' else 'early'}; / is mounted first")
        places.add(path)
    if "/" not in places:
        raise CannotLayOut("the layout mounts nothing at /")


def _refuse_unbootable(made: tuple[Step, ...], mark: str) -> None:
    """The marked file system, the one at /, lies where firmware, GRUB and the disk finder read it: ADR 0012 and 0013."""
    root = next(step.args[0] for step in made if step.word == "mount" and step.args[1] == "/")
    below = next(step for step in made if step.word not in _IN_PLACE and step.args[0] == root)
    if below.word not in ("part", "raid") or (below.word == "raid" and below.args[1] != "1"):
        raise CannotLayOut(f"/ is on {root}, and nothing can start a system from {_told(below)}; use a partition or RAID 1")
    marked = [step.args[0] for step in made if step.word == "fs" and step.args[2] == mark]
    if marked != [root]:
        raise CannotLayOut("the file system at /, and no other, must have the mark as its UUID")
    esps = [s.args[0] for s in made if s.word == "part" and s.args[4] == ESP and s.args[5] == mark]
    if not esps or esps != [s.args[0] for s in made if s.word == "fs" and s.args[1] == "esp"]:
        raise CannotLayOut("each EFI system partition, and there must be one, needs the mark as its GUID and a file system")


def _told(step: Step) -> str:
    return f"'{' '.join((step.word, *step.args))[:120]}'"
