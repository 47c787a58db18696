"""How many installs stream at once: in all, from one image server, and behind one switch. Pure; an order waits its turn.

An install reads its image over the network for minutes. A thousand at once would each take longer than it may. A wipe
streams nothing and has no limit.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from oci.domain.hardware import Inventory


@dataclass(frozen=True)
class Limits:
    """Installs at once; 0 is no limit. `place` is for each place, `server` for each image server."""

    total: int
    place: int
    server: int


@dataclass(frozen=True)
class Stream:
    """Where an install streams: behind which switch ('' where that is not known: no limit), from which server."""

    place: str
    server: str


def refusal(stream: Stream, running: Mapping[Stream, int], limits: Limits) -> str:
    """Why `stream` has no room beside `running`, in words; empty when it has."""
    counts = (
        (limits.total, sum(running.values()), "in all", "installs_at_once"),
        (
            limits.server,
            sum(n for other, n in running.items() if other.server == stream.server),
            f"from {stream.server}",
            "installs_per_server",
        ),
        (
            limits.place if stream.place else 0,
            sum(n for other, n in running.items() if other.place == stream.place),
            f"behind {stream.place}",
            "installs_per_place",
        ),
    )
    for limit, count, where, setting in counts:
        if limit and count >= limit:
            return f"{count} installs run {where}, and no more may (setting {setting})"
    return ""


def turn(stream: Stream, ahead: Iterable[Stream], running: Mapping[Stream, int], limits: Limits) -> str:
    """Why `stream` waits, when those `ahead` of it take what room there is first; empty when its turn has come.

    What is ahead and has no room itself is passed over: a full place does not stop the others.
    """
    taken = dict(running)
    if why := refusal(stream, taken, limits):
        return why
    for other in ahead:
        if not refusal(other, taken, limits):
            taken[other] = taken.get(other, 0) + 1
            if refusal(stream, taken, limits):
                return "others that wait asked before, and there is room for them only"
    return ""


def place_of(inventory: Inventory, boot_mac: str) -> str:
    """The switch that the card with `boot_mac` is connected to, as LLDP told; '' when it told nothing."""
    nic = next((nic for nic in inventory.nics if nic.mac == boot_mac), None)
    return (nic.neighbour.chassis or nic.neighbour.chassis_id)[:64] if nic is not None and nic.neighbour is not None else ""
