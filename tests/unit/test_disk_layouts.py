"""Layouts: what is done to the disks, what is refused before anything is ordered, and the text of both."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from oci.domain.promise import layouts
from oci.domain.promise.layouts import LAYOUTS, MIB, WORDS, CannotLayOut, OrderedDisk, Step, check, steps
from oci.render.machine import disks

GOLDEN = Path(__file__).parent.parent / "golden"
SHELL = Path(__file__).parents[2] / "discovery" / "lib" / "words.sh"
MARK = "7c0f0a4e-6d0b-4d0e-9b3e-0123456789ab"
OTHER = "11111111-2222-3333-4444-555555555555"
LARGE = 480_103_981_056


def some(count: int, size: int = LARGE, sectors: int = 512) -> list[OrderedDisk]:
    return [OrderedDisk(f"wwn:0x5000c500a1b2c3d{number}", size, sectors) for number in range(count)]


@pytest.mark.parametrize("name", LAYOUTS)
def test_golden(name: str) -> None:
    ordered = some(LAYOUTS[name].disks)
    made = steps(name, ordered, MARK)
    text = f"{disks.lines(made, ordered)}\n# fstab\n{disks.fstab(made)}"
    path = GOLDEN / f"layout-{name}.txt"
    if os.environ.get("OCI_GOLDEN"):
        path.write_text(text)
    assert text == path.read_text(), f"{path.name} differs; look, then `make golden`"


@pytest.mark.parametrize("name", LAYOUTS)
def test_the_smallest_disks_that_a_layout_takes_have_room_for_it(name: str) -> None:
    layout = LAYOUTS[name]
    made = steps(name, some(layout.disks, layout.smallest), MARK)
    for number in range(1, layout.disks + 1):
        fixed = [s.args[3] for s in made if s.word == "part" and s.args[1] == f"disk{number}" and s.args[3] != "rest"]
        assert sum(map(int, fixed)) * MIB < layout.smallest - 2 * MIB
    assert all(int(s.args[3]) > 1500 for s in made if s.word == "part" and s.args[3].isdigit() and s.args[4] == "FD00")


@pytest.mark.parametrize(("small", "large"), [(LARGE, LARGE + 10**9), (4 * 10**9, LARGE), (LARGE, LARGE + 1)])
def test_halves_of_an_array_are_equal_and_fit_whichever_disk_is_smaller(small: int, large: int) -> None:
    for sizes in ((small, large), (large, small)):
        made = steps("mirror", [OrderedDisk(f"serial:{n}", size) for n, size in enumerate(sizes)], MARK)
        halves = {s.args[3] for s in made if s.word == "part" and s.args[4] == "FD00"}
        assert len(halves) == 1 and int(halves.pop()) + 1 + 512 + 2 <= small // MIB


def test_another_attempt_shares_no_name_and_no_uuid_with_this_one() -> None:
    """What an older system left on another disk is not taken for this one."""
    for name, layout in LAYOUTS.items():
        one, two = ({a for s in steps(name, some(layout.disks), mark) for a in s.args} for mark in (MARK, OTHER))
        assert not {
            a for a in one & two if re.search(r"[0-9a-fA-F]{4}-[0-9a-fA-F]{4}", a) or a.startswith(("oci7", "root7"))
        }
        groups = [s.args[0] for s in steps(name, some(layout.disks), MARK) if s.word in ("raid", "vg")]
        assert all(group.endswith(MARK[:8]) for group in groups)


def test_a_fat_volume_has_the_number_that_fstab_looks_for() -> None:
    assert re.fullmatch(r"[0-9A-F]{4}-[0-9A-F]{4}", layouts.fat_number(MARK, "esp"))
    assert layouts.fat_number(MARK, "esp") != layouts.fat_number(MARK, "esp2") != layouts.fat_number(OTHER, "esp2")


REFUSED = {
    "no layout of that name": ("raid99", some(1), "not known; known are plain, mirror, lvm"),
    "too few disks": ("mirror", some(1), "is for 2 disks, and there is 1 for it"),
    "too many disks": ("plain", some(2), "is for 1 disk, and there are 2"),
    "none": ("plain", [], "there are 0"),
    "one disk twice": ("mirror", [some(1)[0], some(1)[0]], "named twice"),
    "too small": ("lvm", some(1, 20 * 10**9), "needs 40000000000"),
    "one of two too small": ("mirror", [*some(1), OrderedDisk("serial:x", 10**9)], "serial:x has 1000000000 bytes"),
    "mixed sectors": ("mirror", [*some(1), OrderedDisk("serial:x", LARGE, 4096)], "sectors of 512 and of 4096 bytes"),
    "a name with a blank": ("plain", [OrderedDisk("serial:a b", LARGE)], "a name that no order can carry"),
    "a name with a line": ("plain", [OrderedDisk("serial:a\npart", LARGE)], "a name that no order can carry"),
    "no name": ("plain", [OrderedDisk("", LARGE)], "a name that no order can carry"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_disks_that_a_layout_cannot_have_are_refused_with_the_reason(case: str) -> None:
    name, ordered, why = REFUSED[case]
    with pytest.raises(CannotLayOut, match=re.escape(why)):
        steps(name, ordered, MARK)


@pytest.mark.parametrize("mark", ["", MARK.upper(), "x", f"{MARK} x", f"{MARK}\n"])
def test_a_mark_that_is_none_is_refused(mark: str) -> None:
    with pytest.raises(CannotLayOut, match="no UUID"):
        steps("plain", some(1), mark)


PLAIN = [(step.word, *step.args) for step in steps("plain", some(1), MARK)]


def changed(old: str, *new: str) -> list[str]:
    """The lines of the plain layout with the one that begins with `old` replaced."""
    lines = [" ".join(step) for step in PLAIN]
    at = next(n for n, line in enumerate(lines) if line.startswith(old))
    return [*lines[:at], *new, *lines[at + 1 :]]


CONTRADICTIONS = {
    "an unknown word": (changed("part root", "format root"), "known words are part, raid, pv, vg, lv, luks, fs, mount"),
    "too few arguments": (changed("mount root", "mount root /"), "does not have the arguments"),
    "too many": (changed("mount root", "mount root / a b"), "does not have the arguments"),
    "shell": (changed("mount root", "mount root / $(reboot)"), "does not have the arguments"),
    "a name with capitals": (changed("part bios", "part Bios disk1 1 1 EF02 -"), "small letters"),
    "a disk that is not there": (changed("part bios", "part bios disk2 1 1 EF02 -"), "no step before it makes disk2"),
    "used before it is made": (changed("part root", f"fs root ext4 {MARK} x", "part root disk1 3 rest 8304 -"), "no step"),
    "made twice": (changed("part root", "part esp disk1 3 rest 8304 -"), "makes esp, which is there already"),
    "a file system on a disk": (changed("fs root", f"fs disk1 ext4 {MARK} x"), "disk1 is disk, and it needs one of part"),
    "a file system twice": (changed("mount root", f"fs root ext4 {MARK} x"), "root is fs"),
    "mounted twice": (changed("mount esp", "mount root /boot/efi -"), "root is mounted"),
    "a part of two arrays": (
        changed("fs root", "raid a 1 root esp", "raid b 1 root esp", f"fs a ext4 {MARK} x"),
        "root is in a already",
    ),
    "one half twice": (changed("fs root", "raid a 1 root root", f"fs a ext4 {MARK} x"), "root is in a already"),
    "a volume of no group": (changed("fs root", "pv root", "lv a root rest"), "root is pv"),
    "a partition after the rest": (
        changed("part root", "part root disk1 3 rest 8304 -", "part more disk1 4 5 8300 -"),
        "after root took the rest",
    ),
    "a number out of order": (changed("part root", "part root disk1 4 rest 8304 -"), "must have the number 3"),
    "a size that is none": (changed("part root", "part root disk1 3 5G 8304 -"), "has the size 5G"),
    "a size of zero": (changed("part root", "part root disk1 3 0 8304 -"), "has the size 0"),
    "more than the disk has": (changed("part root", "part root disk1 3 999999999 8304 -"), "take 1000000512 MiB"),
    "a strange file system": (changed("fs root", f"fs root reiserfs {MARK} x"), "use ext4 or esp"),
    "a path that is none": (changed("mount esp", "mount esp boot/../efi -"), "a path of its own"),
    "one path twice": (changed("mount esp", "mount esp / -"), "a path of its own"),
    "/ after another": (changed("mount root", "mount esp /boot/efi -", "mount root / -")[:-1], "comes too early"),
    "nothing at /": ([line for line in changed("fs esp") if not line.startswith("mount")], "nothing at /"),
    "no EFI system partition": (changed("part esp", "part esp disk1 2 512 8300 -"), "each EFI system partition"),
    "an EFI system partition without the mark": (changed("part esp", "part esp disk1 2 512 EF00 -"), "needs the mark"),
    "/ without the mark": (changed("fs root", f"fs root ext4 {OTHER} x"), "must have the mark"),
}


@pytest.mark.parametrize("case", CONTRADICTIONS)
def test_steps_that_contradict_each_other_are_refused_with_the_reason(case: str) -> None:
    lines, why = CONTRADICTIONS[case]
    made = tuple(Step(line.split()[0], tuple(line.split()[1:])) for line in lines)
    with pytest.raises(CannotLayOut, match=re.escape(why)):
        check(made, some(1), MARK)


@pytest.mark.parametrize("word", ["lv", "luks"])
def test_a_system_is_not_put_where_nothing_could_start_it(word: str) -> None:
    below = {"lv": ["pv root", "vg g root", "lv a g rest"], "luks": [f"luks a root {OTHER}"]}[word]
    lines = changed("fs root", *below, f"fs a ext4 {MARK} x")
    made = tuple(Step(line.split()[0], tuple(line.replace("mount root", "mount a").split()[1:])) for line in lines)
    with pytest.raises(CannotLayOut, match="nothing can start a system from"):
        check(made, some(1), MARK)


@given(st.lists(st.tuples(st.sampled_from([*WORDS, "disk"]), st.lists(st.text(max_size=5), max_size=7)), max_size=6))
def test_any_steps_are_taken_or_refused_with_words(made: list[tuple[str, list[str]]]) -> None:
    try:
        check(tuple(Step(word, tuple(args)) for word, args in made), some(1), MARK)
    except CannotLayOut as refused:
        assert len(str(refused)) > 20


def test_the_installer_knows_the_eight_words_and_no_other() -> None:
    text = SHELL.read_text()
    assert {*re.findall(r"^word_([a-z]+)\(\)", text, re.MULTILINE)} == {*WORDS, "disk"}
    assert re.search(r"^WORDS='(.*)'$", text, re.MULTILINE)[1].split("|") == ["disk", *WORDS]


def test_an_encrypted_volume_is_opened_with_the_key_that_the_installer_made() -> None:
    lines = [*changed("part root", "part root disk1 3 5000 8304 -", "part data disk1 4 rest 8309 -")]
    lines += [f"luks secret data {OTHER}", f"fs secret ext4 {OTHER} data", "mount secret /srv -"]
    made = check(tuple(Step(line.split()[0], tuple(line.split()[1:])) for line in lines), some(1), MARK)
    assert disks.crypttab(made) == f"secret UUID={OTHER} /etc/oci/keys/secret luks,nofail\n"
    assert f"UUID={OTHER} /srv ext4 defaults 0 2\n" in disks.fstab(made)
