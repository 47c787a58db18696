"""One IPv4 network with one range, as the records have it today; the rules are those of `cluster.networks`."""

from __future__ import annotations

import ipaddress
from collections.abc import Set
from dataclasses import dataclass

from oci.domain.networks.addresses import NOBODY, next_free
from oci.domain.networks.claims import Claims
from oci.domain.networks.networks import PURPOSES, BadNetwork, Network, Range, mistakes, overlapping, range_mistakes

__all__ = ["PURPOSES", "BadNetwork", "NetworkRecord", "allocate", "check", "overlapping", "prefix_length"]


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


def _ruled(network: NetworkRecord) -> tuple[Network, Range]:
    ruled = Network(network.name, network.purpose, network.cidr, gateway=network.gateway, dns=network.dns[:3])
    return ruled, Range(network.name, network.first, network.last)


def _only_ipv4(network: NetworkRecord) -> None:
    try:
        ipaddress.IPv4Network(network.cidr)
    except ValueError as error:
        raise BadNetwork(f"network {network.cidr!r} is not valid ({error}); write it like 10.0.0.0/24") from None
    ends = (("first address", network.first), ("last address", network.last))
    for what, text in (*ends, ("gateway", network.gateway or network.first), *(("DNS server", s) for s in network.dns)):
        try:
            ipaddress.IPv4Address(text)
        except ValueError:
            raise BadNetwork(f"{what} {text!r} is no IPv4 address; write it like 10.0.0.11") from None


def check(network: NetworkRecord) -> None:
    """Raise BadNetwork unless the network is usable."""
    ruled, one = _ruled(network)
    if network.purpose in PURPOSES:
        _only_ipv4(network)
    wrong = [mistake for mistake in (*mistakes(ruled), *range_mistakes(one, ruled)) if mistake.field != "name"]
    if wrong:
        raise BadNetwork(wrong[0].text)


def allocate(network: NetworkRecord, taken: Set[str], held: Claims = NOBODY) -> str:
    """The lowest free address of the range, which is nobody's in `held`.

    `taken` holds addresses as text. Raises BadNetwork when the range is used up.
    """
    ruled, one = _ruled(network)
    return next_free(ruled, (one,), taken, claims=held)


def prefix_length(cidr: str) -> int:
    """Prefix length in bits of `cidr`, which was checked before."""
    return ipaddress.IPv4Network(cidr).prefixlen
