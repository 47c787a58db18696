"""Addresses: their one spelling, a key that sorts, who holds them, and the next one that is free."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable
from dataclasses import dataclass

from oci.domain.networks.claims import Claims, Ip
from oci.domain.networks.networks import BadNetwork, Network, Range, parsed, unusable

NOBODY = Claims()


@dataclass(frozen=True)
class Address:
    """One address on the network called `network`, held by one of: a machine (its id), a VIP (its name), a person's note."""

    network: str
    ip: str
    machine: int | None = None
    vip: str = ""
    note: str = ""

    @property
    def holder(self) -> str:
        """Who holds it, in words."""
        if self.machine is not None:
            return f"machine {self.machine}"
        return f"the virtual address {self.vip}" if self.vip else f"a reservation ({self.note})"

    @property
    def use(self) -> str:
        """The use of a range in which it belongs."""
        return "machines" if self.machine is not None else "vip" if self.vip else "reserved"


def holder_mistake(address: Address) -> str:
    """Why `address` cannot be held so, in words; empty when it can."""
    holders = sum((address.machine is not None, bool(address.vip), bool(address.note)))
    if holders == 1:
        return ""
    told = "nobody" if not holders else "more than one"
    return f"address {address.ip} is held by {told}; an address is held by one machine, one virtual address or one note"


def key(ip: str) -> str:
    """`ip` as text that sorts by number, IPv4 before IPv6: the version, then 8 or 32 hexadecimal digits.

    Only 0-9 and a-f are in it and the length is fixed for each version, so SQLite and PostgreSQL sort it alike, under the C
    collation and under every other that puts digits before letters. Raises BadNetwork when `ip` is no address.
    """
    number = _address(ip)
    return f"{number.version}{int(number):0{number.max_prefixlen // 4}x}"


def from_key(text: str) -> str:
    """The address that `key` made `text` of. Raises BadNetwork when it is none."""
    kinds: dict[tuple[str, int], type[Ip]] = {("4", 9): ipaddress.IPv4Address, ("6", 33): ipaddress.IPv6Address}
    kind = kinds.get((text[:1], len(text)))
    if kind is None or text.strip("0123456789abcdef"):
        raise BadNetwork(f"{text[:40]!r} is no key of an address; it is 4 or 6, then 8 or 32 hexadecimal digits")
    return str(kind(int(text[1:], 16)))


def _address(ip: str) -> Ip:
    address = parsed(ip)
    if address is None:
        raise BadNetwork(f"{ip[:64]!r} is no address; write it like 10.0.0.11 or fd00::11")
    return address


def next_free(
    network: Network, ranges: Iterable[Range], held: Iterable[str], use: str = "machines", claims: Claims = NOBODY
) -> str:
    """The lowest address of the network's ranges for `use` that is neither in `held` nor anybody's in `claims`.

    `held` are addresses as text, all those of this network. It takes at most as many steps as there are addresses held
    and claims, however large a range is. Raises BadNetwork when there is no range for that use or all are used up.
    """
    mine = sorted(
        (_address(one.first), _address(one.last)) for one in ranges if one.network == network.name and one.use == use
    )
    if not mine:
        raise BadNetwork(f"network {network.name} has no range for {use}; add one, or give the address by hand")
    taken = {_address(ip) for ip in held} | unusable(network)
    for first, last in mine:
        free = _lowest(first, last, taken, claims)
        if free is not None:
            return str(free)
    told = ", ".join(f"{first} to {last}" for first, last in mine)
    raise BadNetwork(
        f"network {network.name} has no free address for {use} in {told}; widen the range or unassign a machine"
    )


def _lowest(first: Ip, last: Ip, taken: set[Ip], claims: Claims) -> Ip | None:
    kind, number, end = type(first), int(first), int(last)
    while number <= end:
        address = kind(number)
        claim = claims.on(address)
        if claim is None and address not in taken:
            return address
        number = int(claim.last) + 1 if claim else number + 1
    return None
