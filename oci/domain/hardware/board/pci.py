"""Probe `pci`: `lspci -nnmmk`, one quoted line per device."""

from __future__ import annotations

import re

from oci.domain.hardware.inventory import PciDevice
from oci.domain.hardware.text import clean

MAX_DEVICES = 2000

_SLOT = re.compile(r"(?:[0-9a-f]{4,8}:)?[0-9a-f]{2}:[0-9a-f]{2}\.[0-7](?= )")
_QUOTED = re.compile(r'"([^"]*)"')
_NUMBER = re.compile(r"\[([0-9a-f]{4})\]$")


def parse(text: str) -> list[PciDevice]:
    """The devices in the order of the bus, at most MAX_DEVICES. Never raises."""
    found = filter(None, map(_device, text.splitlines()[:MAX_DEVICES]))
    return list(found)


def _device(line: str) -> PciDevice | None:
    slot = _SLOT.match(line)
    if not slot or line.count('"') < 6:
        return None
    words = [clean(word) for word in _QUOTED.findall(line[:4096])[:3]]
    if len(words) < 3:
        return None
    kind, vendor, device = (_NUMBER.search(word) for word in words)
    names = (_NUMBER.sub("", word).strip() for word in words[1:])
    return PciDevice(
        slot=full_slot(slot[0]),
        class_id=kind[1] if kind else "",
        ids=f"{vendor[1]}:{device[1]}" if vendor and device else "",
        description=clean(" ".join(names)),
    )


def full_slot(slot: str) -> str:
    """`slot` with its PCI domain, which lspci leaves out where there is only one."""
    return slot if slot.count(":") > 1 else f"0000:{slot}"
