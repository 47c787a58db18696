"""Probe `ip`: `ip -j -d addr`."""

from __future__ import annotations

from dataclasses import dataclass

from oci.domain.hardware import document
from oci.domain.hardware.text import clean
from oci.domain.identity import canonical_mac

MAX_NICS = 64


@dataclass(frozen=True)
class Link:
    """One Ethernet link that is no bridge, VLAN, bond or the like.

    `permanent` is the MAC that the kernel says is burnt in; blank when it does not tell it apart.
    """

    name: str
    mac: str = ""
    permanent: str = ""
    bus: str = ""
    up: bool | None = None


@dataclass(frozen=True)
class Links:
    """The links in the kernel's order, and what was wrong with the text."""

    links: tuple[Link, ...] = ()
    problems: tuple[str, ...] = ()


def parse(text: str) -> Links:
    """Read the list of links. Never raises."""
    try:
        listed = document.load(text)
    except document.NotJSON as wrong:
        return Links(problems=(f"ip {wrong}",))
    if not isinstance(listed, list):
        return Links(problems=("ip returned JSON without a list of links",))
    found = [_link(row) for row in document.rows(listed) if _is_card(row)]
    if len(found) > MAX_NICS:
        return Links(tuple(found[:MAX_NICS]), (f"ip lists more than {MAX_NICS} NICs",))
    return Links(tuple(found))


def _is_card(row: dict[str, object]) -> bool:
    """True for hardware: what the kernel made up has an `info_kind`, what is part of a bond has not."""
    made_up = document.member(row.get("linkinfo"), "info_kind")
    return bool(clean(row.get("ifname"))) and row.get("link_type") == "ether" and not made_up


def _link(row: dict[str, object]) -> Link:
    given = row.get("flags")
    flags = given if isinstance(given, list) else []
    up = True if "LOWER_UP" in flags else False if "NO-CARRIER" in flags else None
    return Link(
        name=clean(row.get("ifname")),
        mac=canonical_mac(clean(row.get("address"))),
        permanent=canonical_mac(clean(row.get("permaddr"))),
        bus=clean(row.get("parentdev")),
        up=up,
    )
