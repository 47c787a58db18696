"""Probe `ethtool`: for every NIC `### NAME`, then `ethtool -P`, `ethtool -i` and `ethtool`."""

from __future__ import annotations

import re
from dataclasses import dataclass

from oci.domain.hardware import fillers
from oci.domain.hardware.cards.ip import MAX_NICS, guid
from oci.domain.hardware.text import clean, facts, flag, integer
from oci.domain.identity.verdict import canonical_mac

MAX_SPEED = 10_000_000
"""Mb/s; drivers tell -1 as a huge number when they know none."""

_SECTION = re.compile(r"^### (.*)$", re.MULTILINE)
_SPEED = re.compile(r"([0-9]{1,9})\s*Mb/s")


@dataclass(frozen=True)
class Card:
    """What the driver of one NIC says."""

    name: str
    mac: str = ""
    driver: str = ""
    bus: str = ""
    firmware: str = ""
    speed_mbps: int | None = None
    link: bool | None = None
    guid: str = ""


def parse(text: str) -> list[Card]:
    """The cards in the order of the sections, at most MAX_NICS. Never raises."""
    parts = _SECTION.split(text, MAX_NICS)[1:]
    named = zip(map(clean, parts[::2]), parts[1::2], strict=False)
    return [_card(name, section) for name, section in named if name]


def _card(name: str, section: str) -> Card:
    found: dict[str, str] = {}
    for key, value in facts(section):
        found.setdefault(key, value)
    speed = _SPEED.match(found.get("Speed", ""))
    mbps = integer(speed[1]) if speed else None
    return Card(
        name=name,
        mac=canonical_mac(clean(found.get("Permanent address", ""))),
        driver=fillers.name(clean(found.get("driver", ""))),
        bus=fillers.name(clean(found.get("bus-info", ""))),
        firmware=fillers.version(clean(found.get("firmware-version", ""))),
        speed_mbps=mbps if mbps and mbps <= MAX_SPEED else None,
        link=flag(found.get("Link detected", "")),
        guid=guid(clean(found.get("Permanent address", ""))),
    )
