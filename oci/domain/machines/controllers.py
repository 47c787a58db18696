"""Addresses of management controllers: in one spelling, and compared with what reports show."""

from __future__ import annotations

import ipaddress

from oci.domain.networks.claims import BadAddress, canonical_host, parse


def canonical(address: str) -> str:
    """The one spelling of a controller's address or host name. Raises BadAddress."""
    host = canonical_host(address)
    found = parse(host)
    if found and (found.is_unspecified or found.is_loopback or found.is_multicast or str(found) == "255.255.255.255"):
        raise BadAddress(f"{found} is the address of no controller; the controller's own page or its screen shows it")
    return host


def doubt(address: str, reported: str) -> str:
    """What is wrong with the `address` that was told, given the one that the machine's report shows. Blank: nothing."""
    if not address or not reported or address == reported or not is_number(address):
        return ""
    if (":" in address) != (":" in reported):
        return ""  # a report shows one of a controller's addresses
    return f"its own report shows its controller at {reported}, and {address} was told"


def is_number(address: str) -> bool:
    """Whether it is an IP address, not a host name."""
    try:
        ipaddress.ip_address(address)
    except ValueError:
        return False
    return True
