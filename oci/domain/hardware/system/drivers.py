"""Probe `drivers`: `SLOT CLASS VENDOR:DEVICE description` for every PCI device without a driver."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import replace

from oci.domain.hardware.board.pci import full_slot
from oci.domain.hardware.inventory import PciDevice
from oci.domain.hardware.text import clean

MAX_DEVICES = 256

_LINE = re.compile(
    r"(?P<slot>[0-9a-f:]{5,14}\.[0-7])\s+(?:0x)?(?P<kind>[0-9a-f]{4})(?:[0-9a-f]{2})?:?"
    r"\s+(?:0x)?(?P<vendor>[0-9a-f]{4}):(?:0x)?(?P<device>[0-9a-f]{4})(?:\s+(?P<description>.*))?",
    re.IGNORECASE,
)

# Storage, network, USB, Fibre Channel, InfiniBand, accelerators. Bridges, SMBus and the like need no
# driver, and the live image carries none for displays: naming those would only hide the rest.
_NEEDS_ONE = ("01", "02", "0c03", "0c04", "0c06", "0b40", "12")


def parse(text: str) -> list[PciDevice]:
    """The devices that a server would miss, at most MAX_DEVICES. Never raises."""
    found: list[PciDevice] = []
    for line in text.splitlines():
        match = _LINE.match(line.strip()[:1024])
        if match and match["kind"].lower().startswith(_NEEDS_ONE) and len(found) < MAX_DEVICES:
            found.append(
                PciDevice(
                    slot=full_slot(match["slot"].lower()),
                    class_id=match["kind"].lower(),
                    ids=f"{match['vendor']}:{match['device']}".lower(),
                    description=clean(match["description"]),
                )
            )
    return found


def described(missing: Iterable[PciDevice], known: Iterable[PciDevice]) -> tuple[PciDevice, ...]:
    """`missing` with the descriptions that lspci knows, where a device has none of its own."""
    names = {device.slot: device.description for device in known}
    return tuple(
        device if device.description else replace(device, description=names.get(device.slot, "")) for device in missing
    )
