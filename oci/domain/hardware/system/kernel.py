"""Probe `kernel`: the kernel's messages about firmware, each once and without its time.

The kernel itself says `Direct firmware load for FILE failed with error -2`, Debian's adds `firmware: failed to load
FILE (-2)`, and drivers have words of their own, some of them without a file's name. Many drivers ask for several names
in turn and need one: what a device asked for before it got something of the same folder was not asked for in vain.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field

from oci.domain.hardware.inventory import WantedFirmware
from oci.domain.hardware.system.firmware_packages import package_of
from oci.domain.hardware.text import MAX_TEXT, clean

MAX_LINES = 2000
MAX_FILES = 64
MAX_DEVICES = 16

_TIME = re.compile(r"^(?:<[0-9]{1,3}>)?\s*(?:\[[ 0-9.]{1,32}\]\s*)?")
_DEVICE = re.compile(r"\b([0-9a-f]{4,8}:[0-9a-f]{2}:[0-9a-f]{2}\.[0-7])\b", re.IGNORECASE)
_DRIVER = re.compile(r"\[?([A-Za-z][A-Za-z0-9_-]{1,31})")
_FOLDER = re.compile(r"/?(?:usr/)?lib/firmware/")
_NAME = re.compile(r"[A-Za-z0-9][\w.,+@:=/-]{0,255}")
_AROUND = "\"'`()[]<>{},;:.!"
_ENDINGS = (
    ".bin", ".fw", ".ucode", ".pkg", ".nffw", ".hcd", ".dat", ".mfa2", ".mbn", ".cis", ".pnvm", ".cld", ".db", ".sbcf",
    ".inp", ".tplg", ".dlmem", ".brd",
)  # fmt: skip
_IN_VAIN = re.compile(
    r"fail|can't|cannot|could not|couldn't|unable|unavailable|not found|no such|not load|missing|error -[0-9]|"
    r"falling back to",
    re.IGNORECASE,
)
_GOT = re.compile(
    r"direct-loading firmware|loaded firmware|firmware loaded|using firmware|loading firmware:|successfully|: found$|"
    r"finished loading|firmware version|firmware \S+ version",
    re.IGNORECASE,
)
# Drivers whose words name no file, and what they then lack.
_NAMELESS = (
    (re.compile(r"\bice\b.*DDP package file was not found", re.IGNORECASE), "intel/ice/ddp/ice.pkg"),
    (re.compile(r"\bqla2xxx\b.*firmware image unavailable", re.IGNORECASE), "ql2500_fw.bin"),
    (re.compile(r"\bnfp\b.*no firmware (?:file )?found", re.IGNORECASE), "netronome/nic_AMDA.nffw"),
)
# Asked for by habit: the driver works without, or the file has another way into the machine.
_OPTIONAL = re.compile(
    r"regulatory\.db|iwl-d(?:ebug-yoyo|bg-cfg)|(?:intel|amd)-ucode/|brcm/.*\.(?:clm_blob|txcap_blob|txt)|netronome/(?:pci|serial)-"
)


@dataclass
class _Asked:
    driver: str = ""
    devices: list[str] = field(default_factory=list)


def parse(text: str) -> tuple[WantedFirmware, ...]:
    """The files that were asked for in vain, by name, at most MAX_FILES. Never raises."""
    asked: dict[str, dict[str, str]] = {}
    for line in text.splitlines()[:MAX_LINES]:
        _read(_TIME.sub("", line[: 4 * MAX_TEXT]), asked)
    found: dict[str, _Asked] = {}
    for device, files in asked.items():
        for file, driver in files.items():
            one = found.setdefault(file, _Asked(driver))
            one.driver = one.driver or driver
            if device and len(one.devices) < MAX_DEVICES:
                one.devices.append(device)
    return tuple(
        WantedFirmware(file, package_of(file), found[file].driver, tuple(sorted(found[file].devices)))
        for file in sorted(found)[:MAX_FILES]
    )


def sentences(wanted: Iterable[WantedFirmware]) -> tuple[str, ...]:
    """For each package one sentence: what is missing, for which devices, and what can be done."""
    packages: dict[str, list[WantedFirmware]] = {}
    for one in wanted:
        packages.setdefault(one.package, []).append(one)
    return tuple(_sentence(package, files) for package, files in sorted(packages.items()))


def _sentence(package: str, files: list[WantedFirmware]) -> str:
    names = ", ".join(one.file for one in files[:3]) + (f" and {len(files) - 3} more" if len(files) > 3 else "")
    devices = sorted({device for one in files for device in one.devices})
    drivers = sorted({one.driver for one in files if one.driver})
    who = " ".join((*drivers[:3], *devices[:4]))
    asked = f"the kernel asked in vain for the firmware {names}" + (f" (for {who})" if who else "")
    if not package:
        return f"{asked}; no package of Debian 13 is known to hold it, look for it at the maker of the device"
    build = f"`oci-admin image build live --firmware {package}`"
    return f"{asked}; it is in the Debian package {package}: {build}, then boot again"


def _read(line: str, asked: dict[str, dict[str, str]]) -> None:
    """Enter what `line` says into `asked`: for each device the files it still lacks, with the driver's name."""
    device, driver = _DEVICE.search(line), _DRIVER.match(line)
    where = device[1].lower() if device else ""
    files = _files(line)
    if _IN_VAIN.search(line):
        files = files or [
            file
            for pattern, file in _NAMELESS
            if pattern.search(line) and not any(_folder(had) == _folder(file) for had in asked.get(where, {}))
        ]
        for file in files:
            if not _OPTIONAL.match(file):
                _enter(asked, where, file, driver[1] if driver else "")
    elif _GOT.search(line):
        _forget(asked, where, driver[1] if driver else "", files, "direct-loading" in line)


def _files(line: str) -> list[str]:
    """The words of `line` that name a firmware file, without the folder that all of them are in."""
    found = []
    for word in line.split():
        word = word.strip(_AROUND).rpartition("=")[2].strip(_AROUND)
        name = _FOLDER.sub("", word, count=1) if word.startswith(("/", "usr/", "lib/")) else word
        if name.lower().endswith(_ENDINGS) and _NAME.fullmatch(name):
            found.append(clean(name))
    return found


def _enter(asked: dict[str, dict[str, str]], device: str, file: str, driver: str) -> None:
    if not device and any(file in files for files in asked.values()):
        return  # a driver's own words about a file that the kernel has named together with the device
    if len(asked) < MAX_FILES and sum(map(len, asked.values())) < 4 * MAX_FILES:
        word = "" if driver.lower() in ("firmware", "direct", "falling", "failed") else driver
        asked.setdefault(device, {}).setdefault(file, word)


def _forget(asked: dict[str, dict[str, str]], device: str, driver: str, got: list[str], by_the_kernel: bool) -> None:
    """What the device asked for before it got another version needs nobody's attention.

    The kernel tells of a file, a driver that it has all it needs.
    """
    folders = {_folder(file) for file in got}
    left = asked.get(device, {})
    for file in list(left):
        if _folder(file) in folders or (device and left[file] == driver and not by_the_kernel):
            del left[file]


def _folder(file: str) -> str:
    """The part of a name that its other versions share: the folder, or the letters in front."""
    folder, slash, rest = file.rpartition("/")
    letters = re.match(r"[A-Za-z]*", rest)
    return f"{folder}/" if slash else letters[0] if letters else ""
