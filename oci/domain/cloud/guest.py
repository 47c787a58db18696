"""What the guest of a check says on its console (`discovery/guest-init`), line by line. Any text may come of a console."""

from __future__ import annotations

import re
from dataclasses import dataclass

SAYS = "OCI-CHECK"
_LINE = re.compile(rf"{SAYS} (up|lease|instance|reached|cannot)(?: ([0-9A-Za-z.:/ _-]{{0,100}}))?")


@dataclass(frozen=True)
class Told:
    """What it told so far: its address by DHCP, the id of its server by metadata, whom it reached, and its own words for
    what it could not do."""

    up: bool = False
    lease: str = ""
    instance: str = ""
    reached: frozenset[str] = frozenset()
    cannot: str = ""


def read(console: str) -> Told:
    """What the text of a console says. Lines that are cut or mixed with those of the kernel say nothing."""
    up, lease, instance, cannot, reached = False, "", "", "", set()
    for word, rest in _LINE.findall(console):
        up = True
        if word == "lease":
            lease = rest.split("/")[0].strip()
        elif word == "instance":
            instance = rest.strip()
        elif word == "reached":
            reached.add(rest.strip())
        elif word == "cannot":
            cannot = rest.strip()
    return Told(up, lease, instance, frozenset(reached), cannot)
