"""Networks and the addresses on them."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Set
from dataclasses import dataclass

from oci.domain.claims import Claims

NOBODY = Claims()
PURPOSES = (
    "provisioning",
    "management",
    "vip",
    "tunnel",
    "storage",
    "ceph-public",
    "ceph-cluster",
    "external",
    "ipmi",
)


class BadNetwork(ValueError):
    """A network, range or address that cannot be; the text says what, why and what instead."""


@dataclass(frozen=True)
class NetworkRecord:
    """One IP network. `first` and `last` bound what OCI gives out, as text."""

    name: str
    purpose: str
    cidr: str
    first: str
    last: str
    gateway: str = ""
    dns: tuple[str, ...] = ()


def _address(text: str, what: str) -> ipaddress.IPv4Address:
    try:
        return ipaddress.IPv4Address(text)
    except ValueError:
        raise BadNetwork(f"{what} {text!r} is no IPv4 address; write it like 10.0.0.11") from None


def check(network: NetworkRecord) -> None:
    """Raise BadNetwork unless the network is usable."""
    if network.purpose not in PURPOSES:
        raise BadNetwork(f"purpose {network.purpose!r} is not known; choose one of {', '.join(PURPOSES)}")
    try:
        net = ipaddress.IPv4Network(network.cidr)
    except ValueError as error:
        raise BadNetwork(f"network {network.cidr!r} is not valid ({error}); write it like 10.0.0.0/24") from None
    if net.num_addresses < 4:
        raise BadNetwork(f"network {net} is too small to hold a server and machines; use a /29 or larger")
    first, last = _address(network.first, "first address"), _address(network.last, "last address")
    inside: list[tuple[str, ipaddress.IPv4Address]] = [("first address", first), ("last address", last)]
    if network.gateway:
        inside.append(("gateway", _address(network.gateway, "gateway")))
    for what, address in inside:
        if address not in net or address in (net.network_address, net.broadcast_address):
            raise BadNetwork(f"{what} {address} is not a host address of {net}; choose one inside it")
    if first > last:
        raise BadNetwork(f"the range ends ({last}) before it begins ({first}); swap them")
    for server in network.dns:
        _address(server, "DNS server")


def allocate(network: NetworkRecord, taken: Set[str], held: Claims = NOBODY) -> str:
    """The lowest free address of the range, which is nobody's in `held`.

    `taken` holds addresses as text. Raises BadNetwork when the range is used up.
    """
    number, last = int(ipaddress.IPv4Address(network.first)), int(ipaddress.IPv4Address(network.last))
    while number <= last:
        address = ipaddress.IPv4Address(number)
        claim = held.on(address)
        if claim is None and str(address) not in taken and str(address) != network.gateway:
            return str(address)
        number = int(claim.last) + 1 if claim else number + 1
    raise BadNetwork(
        f"network {network.name} has no free address between {network.first} and {network.last}; "
        "widen the range or unassign a machine"
    )


def overlapping(cidr: str, others: Iterable[tuple[str, str]]) -> str | None:
    """Name of the first of `others` (name, cidr) that shares addresses with `cidr`, or None."""
    net = ipaddress.IPv4Network(cidr)
    return next((name for name, other in others if net.overlaps(ipaddress.IPv4Network(other))), None)


def prefix_length(cidr: str) -> int:
    """Prefix length in bits of `cidr`, which was checked before."""
    return ipaddress.IPv4Network(cidr).prefixlen
