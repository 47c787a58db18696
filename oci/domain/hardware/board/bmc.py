"""Probe `bmc`: for each LAN channel `ipmitool lan print N` and, without an IPv4 address, `lan6 print N`; then `mc info`."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass

from oci.domain.hardware import fillers
from oci.domain.hardware.inventory import Bmc
from oci.domain.hardware.text import clean, facts
from oci.domain.identity.verdict import canonical_mac

_ANSWERED = ("Device ID", "Firmware Revision", "IP Address Source", "MAC Address")
# Each stands once in what one channel answers, so a second one begins the next channel.
_ONCE = ("Set in Progress", "IP Address Source", "IP Address", "MAC Address")
_V6 = ("IPv6 Static Address ", "IPv6 Dynamic Address ")


@dataclass
class _Channel:
    """What one LAN channel answered."""

    ip: str = ""
    ip6: str = ""
    mac: str = ""


def _real(value: str) -> str:
    """An address by which a controller can be reached from elsewhere; blank for all else.

    Link-local ones are those of the controller's inner network to its own host, or of a DHCP client that got no answer.
    """
    try:
        found = ipaddress.ip_address(value.partition("/")[0].partition("%")[0])
    except ValueError:
        return ""
    useless = (
        found.is_unspecified
        or found.is_loopback
        or found.is_link_local
        or found.is_multicast
        or str(found) == "255.255.255.255"
    )
    return "" if useless else str(found)


def _channels(text: str) -> list[_Channel]:
    """The channels in their order. After a blank line or a heading, and where a fact comes again, the next begins."""
    found: list[_Channel] = []
    seen, section = set[str](), ""
    for line in text.splitlines():
        key, colon, value = (part.strip() for part in line.partition(":"))
        if not colon and (not key or key.startswith("### ")):
            seen = set()
        if key in _ONCE:
            if not seen or key in seen:
                found.append(_Channel())
                seen = set()
            seen.add(key)
        section = key if key.startswith(_V6) else section
        if not found:
            continue
        if key == "IP Address":
            found[-1].ip = _real(value)
        elif key == "MAC Address":
            found[-1].mac = canonical_mac(value)
        elif key == "Address" and section:
            found[-1].ip6 = found[-1].ip6 or _real(value)
    return found


def parse(text: str) -> Bmc:
    """The controller that answered, or a record with `present` False. Never raises.

    Of several channels the first counts that has an address, first of IPv4, then of IPv6; its MAC is the controller's.
    Without any it is the first with a MAC. The SNMP community, which `lan print` shows too, is left out: it opens
    the controller.
    """
    found: dict[str, str] = {}
    for key, value in facts(text):
        found.setdefault(key, clean(value))
    channels = _channels(text)
    used = (
        next((c for c in channels if c.ip), None)
        or next((c for c in channels if c.ip6), None)
        or next((c for c in channels if c.mac), _Channel())
    )
    return Bmc(
        present=any(key in found for key in _ANSWERED),
        address=used.ip or used.ip6,
        mac=used.mac,
        vendor=fillers.vendor(found.get("Manufacturer Name", "")),
        firmware=fillers.version(found.get("Firmware Revision", "")),
    )
