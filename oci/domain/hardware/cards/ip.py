"""Probe `ip`: `ip -j -d addr`."""

from __future__ import annotations

import re
from dataclasses import dataclass

from oci.domain.hardware import document
from oci.domain.hardware.text import clean
from oci.domain.identity.verdict import canonical_mac

MAX_NICS = 64

_KINDS = {"ether": "ethernet", "infiniband": "infiniband"}
_OCTET = re.compile(r"[0-9a-f]{2}")


@dataclass(frozen=True)
class Link:
    """One link that is no bridge, VLAN, bond or the like.

    `permanent` is the MAC that the kernel says is burnt in; blank when it does not tell it apart. InfiniBand has a
    `guid` and no MAC.
    """

    name: str
    mac: str = ""
    permanent: str = ""
    bus: str = ""
    up: bool | None = None
    kind: str = "ethernet"
    guid: str = ""


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
    """True for hardware: what the kernel made up has an `info_kind`, what is part of a bond has not.

    IP over InfiniBand says `ipoib` of the card's own link too; a link that was made on another one names that.
    """
    made_up = document.member(row.get("linkinfo"), "info_kind")
    kind = _KINDS.get(clean(row.get("link_type")), "")
    if kind == "infiniband" and made_up == "ipoib":
        made_up = row.get("link")
    return bool(clean(row.get("ifname"))) and bool(kind) and not made_up


def guid(address: str) -> str:
    """The port GUID in the 20 bytes of an InfiniBand address (RFC 4391, 9.1.1), or ''.

    The last eight of them; the bytes before change with every start of the driver, and none of it is a MAC.
    """
    octets = address.strip().lower().split(":")
    if len(octets) != 20 or not all(_OCTET.fullmatch(octet) for octet in octets):
        return ""
    found = ":".join(octets[12:])
    return found if len(set(octets[12:])) > 1 else ""


def _link(row: dict[str, object]) -> Link:
    given = row.get("flags")
    flags = given if isinstance(given, list) else []
    up = True if "LOWER_UP" in flags else False if "NO-CARRIER" in flags else None
    kind = _KINDS.get(clean(row.get("link_type")), "ethernet")
    address, permanent = clean(row.get("address")), clean(row.get("permaddr"))
    ethernet = kind == "ethernet"
    return Link(
        name=clean(row.get("ifname")),
        mac=canonical_mac(address) if ethernet else "",
        permanent=canonical_mac(permanent) if ethernet else "",
        bus=clean(row.get("parentdev")),
        up=up,
        kind=kind,
        guid="" if ethernet else guid(permanent) or guid(address),
    )
