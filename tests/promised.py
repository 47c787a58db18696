"""A promise as a claim carries it, for tests of what is rendered from one: a card, its address, some disks."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence

from oci.domain.promise import layouts
from oci.domain.promise.interfaces import Interface, Place, canonical
from oci.domain.promise.layouts import OrderedDisk
from oci.domain.promise.promise import promise


def card(mac: str = "52:54:00:00:00:01", address: str = "10.0.0.11/24", gateway: str = "10.0.0.1") -> Interface:
    """One card that has `address` (with its prefix length)."""
    return Interface("eno1", "card", mac, places=(Place("provisioning", address, gateway=gateway),), required=True)


def text(layout: str, disks: Sequence[tuple[str, int]], *interfaces: Interface) -> str:
    """The promise of `layout` on `disks`, (name, bytes), as the text in a claim's facts."""
    ordered = [OrderedDisk(name, size) for name, size in disks]
    return canonical(promise(interfaces or (card(),), layouts.stored(layout, ordered)).to_dict()).decode("ascii")


def disks(facts: Mapping[str, str]) -> list[tuple[str, int]]:
    """The disks that orders write, (name, bytes)."""
    return [(name, size) for name, size, _sector in json.loads(facts["PROMISE"])["disks"]["disks"]]


def places(facts: Mapping[str, str]) -> dict[str, str]:
    """The address with its prefix length on each network of the orders."""
    interfaces = json.loads(facts["PROMISE"])["interfaces"]
    return {place["network"]: place.get("address", "") for one in interfaces for place in one.get("places", [])}
