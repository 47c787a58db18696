"""Addresses of management controllers: in one spelling, and compared with what reports show."""

from __future__ import annotations

import ipaddress
import re

_NUMBERS = re.compile(r"(0[xX][0-9a-fA-F]+|[0-9]+)(\.(0[xX][0-9a-fA-F]+|[0-9]+))*\.?")


class BadAddress(ValueError):
    """Not an address of a controller; the text says why and what instead."""


def canonical(address: str) -> str:
    """The one spelling of an address or host name. Raises BadAddress for what resolvers take for another address.

    `10.1` and `010.0.0.1` are addresses to inet_aton(3), and not those that a reader sees.
    """
    text = address.strip().rstrip(".").lower()
    try:
        found = ipaddress.ip_address(text)
    except ValueError:
        if _NUMBERS.fullmatch(text):
            raise BadAddress(f"{address} is no address; write four numbers such as 10.1.0.5, without leading "
                             "zeros") from None
        return text
    mapped = getattr(found, "ipv4_mapped", None)
    found = mapped or found
    if found.is_unspecified or found.is_loopback or found.is_multicast or str(found) == "255.255.255.255":
        raise BadAddress(f"{found} is the address of no controller; the controller's own page or its screen shows it")
    return str(found)


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
