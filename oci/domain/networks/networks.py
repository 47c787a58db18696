"""Networks and their ranges: what they are, and everything that is wrong with one of them.

The functions return all mistakes at once, because a person who corrects a file wants to correct it once.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from oci.domain.networks.claims import Ip
from oci.domain.words import is_label

Net = ipaddress.IPv4Network | ipaddress.IPv6Network

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
USES = ("machines", "live", "vip", "floating", "reserved")
"""What a range is for: installed machines, machines that boot (DHCP lends these), virtual addresses, servers of a
cloud's users (Neutron gives these), nobody."""
SERVES = ("none", "ranges", "relay")
"""How DHCP reaches a network: not at all, on the appliance's own wire, through a relay on a router."""

NO_VLAN, LAST_VLAN = 0, 4094  # IEEE 802.1Q, table 9-2: 0 is no VLAN, 4095 is reserved
LEAST_MTU = {4: 576, 6: 1280}  # octets: what RFC 791 section 3.1 wants every host to take; RFC 8200 section 5
MOST_MTU = 9216  # octets; what switches call jumbo frames ends here
USUAL_MTU = 1500
MOST_DNS = 3  # resolv.conf(5), MAXNS: the resolver overlooks the fourth


class BadNetwork(ValueError):
    """A network, range or address that cannot be; the text says what, why and what instead."""


@dataclass(frozen=True)
class Mistake:
    """What is wrong with `field` of the network, range or address `subject`: what, why and what instead."""

    subject: str
    field: str
    text: str

    def __str__(self) -> str:
        return f"{self.subject}: {self.text}"


@dataclass(frozen=True)
class Route:
    """The way to the network `to` (CIDR) by the router `via`, which is an address of the same network."""

    to: str
    via: str


@dataclass(frozen=True)
class Network:
    """One IP network with a purpose, IPv4 or IPv6.

    `cluster` is empty for a network that several clusters share. `vlan` 0: frames come without a tag. `mtu` in octets.
    `place` is the location whose switches carry the VLAN; a VLAN of the same number elsewhere is another one.
    """

    name: str
    purpose: str
    cidr: str
    cluster: str = ""
    vlan: int = NO_VLAN
    mtu: int = USUAL_MTU
    gateway: str = ""
    dns: tuple[str, ...] = ()
    routes: tuple[Route, ...] = ()
    place: str = ""
    serves: str = "none"


@dataclass(frozen=True)
class Range:
    """The addresses from `first` to `last` of the network called `network`, and what they are used for."""

    network: str
    first: str
    last: str
    use: str = "machines"
    note: str = ""

    def __str__(self) -> str:
        return f"range {self.first} to {self.last}"


def parsed(text: str) -> Ip | None:
    """The address in `text`, or None. One with a zone (`fe80::1%eth0`) is none: it means nothing elsewhere.

    An IPv4 address in IPv6's clothes (`::ffff:10.0.0.1`) is the IPv4 address, so that nobody holds it twice.
    """
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return None
    if isinstance(address, ipaddress.IPv6Address):
        return None if address.scope_id else address.ipv4_mapped or address
    return address


def net_of(network: Network) -> Net | None:
    """The addresses of `network`, or None when its cidr is none."""
    try:
        return ipaddress.ip_network(network.cidr)
    except ValueError:
        return None


def unusable(network: Network) -> set[Ip]:
    """The addresses of `network` that no host can have: its ends, the gateway, the routers of its routes.

    IPv6 has no broadcast, but its lowest address means every router (RFC 4291 section 2.6.1).
    """
    net = net_of(network)
    ends = {net.network_address} if net else set()
    if isinstance(net, ipaddress.IPv4Network):
        ends.add(net.broadcast_address)
    routers = (parsed(text) for text in (network.gateway, *(route.via for route in network.routes)))
    return ends | {router for router in routers if router is not None}


def overlapping(cidr: str, others: Iterable[tuple[str, str]]) -> str | None:
    """Name of the first of `others` (name, cidr) that shares addresses with `cidr`, or None."""
    net = ipaddress.ip_network(cidr)
    return next((name for name, other in others if meet(net, ipaddress.ip_network(other))), None)


def meet(one: Net, other: Net) -> bool:
    """Whether both share addresses."""
    return one.version == other.version and one.overlaps(other)


def one_wire(one: Network, other: Network) -> bool:
    """Whether both are the two families of one wire (dual stack)."""
    nets = net_of(one), net_of(other)
    return bool(
        nets[0]
        and nets[1]
        and nets[0].version != nets[1].version
        and (one.purpose, one.cluster, one.vlan, one.place, one.mtu)
        == (other.purpose, other.cluster, other.vlan, other.place, other.mtu)
    )


# -- one network


def mistakes(network: Network) -> tuple[Mistake, ...]:
    """Everything that is wrong with `network` by itself; empty when nothing is."""
    subject = f"network {network.name[:63]}"
    return tuple(Mistake(subject, field, text) for field, text in _of_network(network))


def _of_network(network: Network) -> Iterator[tuple[str, str]]:
    if not is_label(network.name):
        yield "name", f"the name {network.name[:80]!r} is none; take at most 63 of a-z, 0-9 and hyphens"
    yield from _of_words(network)
    net = net_of(network)
    if net is None:
        yield "cidr", f"network {network.cidr[:80]!r} is not valid ({_why_no_net(network.cidr)}); write it like {_LIKE}"
    elif net.num_addresses < 4:
        yield "cidr", f"network {net} is too small to hold a server and machines; use a /{net.max_prefixlen - 3} or larger"
    yield from _of_vlan_and_mtu(network, net)
    if net is not None:
        yield from _of_routers(network, net)
    if len(network.dns) > MOST_DNS:
        yield "dns", f"{len(network.dns)} DNS servers are more than a resolver asks; name at most {MOST_DNS}"
    for server in network.dns:
        if parsed(server) is None:
            yield "dns", f"DNS server {server[:80]!r} is no address; write it like 10.0.0.1 or fd00::1"


_LIKE = "10.0.0.0/24 or fd00:0:0:1::/64"


def _why_no_net(cidr: str) -> str:
    try:
        ipaddress.ip_network(cidr)
    except ValueError as error:
        return str(error)[:120]
    return ""


def _of_words(network: Network) -> Iterator[tuple[str, str]]:
    if network.purpose not in PURPOSES:
        yield "purpose", f"purpose {network.purpose[:80]!r} is not known; choose one of {', '.join(PURPOSES)}"
    if network.serves not in SERVES:
        yield "serves", f"serves is {network.serves[:80]!r}, which is not known; choose one of {', '.join(SERVES)}"
    if len(network.place) > 63 or not network.place.isprintable():
        yield "place", f"place {network.place[:63]!r} is none; take at most 63 printable characters"


def _of_vlan_and_mtu(network: Network, net: Net | None) -> Iterator[tuple[str, str]]:
    if not NO_VLAN <= network.vlan <= LAST_VLAN:
        yield "vlan", f"VLAN {network.vlan} does not exist; take 1 to {LAST_VLAN}, or {NO_VLAN} for frames without a tag"
    least = LEAST_MTU[net.version if net else 4]
    if not least <= network.mtu <= MOST_MTU:
        yield (
            "mtu",
            f"an MTU of {network.mtu} does not carry IPv{net.version if net else 4}; take {least} to {MOST_MTU} octets, "
            f"usually {USUAL_MTU} or 9000",
        )
    if network.serves != "none" and net is not None and net.version == 6 and net.prefixlen < 64:
        yield "serves", f"DHCP cannot serve {net}, which is larger than a /64; take a /64, or serve nothing there"


def _of_routers(network: Network, net: Net) -> Iterator[tuple[str, str]]:
    if network.gateway:
        why = _why_no_router(network.gateway, net)
        if why:
            yield "gateway", f"gateway {network.gateway[:80]} {why}"
    for route in network.routes:
        why = _why_no_router(route.via, net)
        if why:
            yield "routes", f"the router {route.via[:80]} of the route to {route.to[:80]} {why}"
        yield from (("routes", text) for text in _of_route(route, net))
    twice = {route.to for route in network.routes if [r.to for r in network.routes].count(route.to) > 1}
    for to in sorted(twice):
        yield "routes", f"two routes lead to {to[:80]}; leave one"


def _of_route(route: Route, net: Net) -> Iterator[str]:
    try:
        to = ipaddress.ip_network(route.to)
    except ValueError as error:
        yield f"a route leads to {route.to[:80]!r}, which is no network ({str(error)[:120]}); write it like {_LIKE}"
        return
    if to.version != net.version:
        yield f"a route leads to {to} by a router of IPv{net.version}; route it in a network of IPv{to.version}"
    elif not to.prefixlen:
        yield f"a route leads to {to}, which is everything; that is the gateway"
    elif meet(to, net):
        yield f"a route leads to {to}, of which this network {net} is a part; a route leads elsewhere"


def _why_no_router(text: str, net: Net) -> str:
    """A router of IPv6 may also be named by its link-local address (RFC 4861 section 6.1.2 wants it so of routers)."""
    address = parsed(text)
    if address is None:
        return f"is no IPv{net.version} address; write it like {net.network_address + 1}"
    if net.version == 6 and address.version == 6 and address.is_link_local:
        return ""
    return why_no_host(address, net)


def why_no_host(address: Ip, net: Net) -> str:
    """Why no host of `net` can have `address`, in words that follow it; empty when one can."""
    ends = (net.network_address, net.broadcast_address) if net.version == 4 else (net.network_address,)
    return f"is not a host address of {net}; choose one inside it" if address not in net or address in ends else ""


# -- one range


def range_mistakes(one: Range, network: Network) -> tuple[Mistake, ...]:
    """Everything that is wrong with the range `one` of `network`; empty when nothing is."""
    subject = f"range {one.first[:45]} to {one.last[:45]} of network {network.name[:63]}"
    return tuple(Mistake(subject, field, text) for field, text in _of_range(one, network))


def _of_range(one: Range, network: Network) -> Iterator[tuple[str, str]]:
    if one.use not in USES:
        yield "use", f"use {one.use[:80]!r} is not known; choose one of {', '.join(USES)}"
    if len(one.note) > 200 or not one.note.isprintable():
        yield "note", "the note is longer than 200 characters or holds a line break; make it one short line"
    net, first, last = net_of(network), parsed(one.first), parsed(one.last)
    for field, text, address in (("first", one.first, first), ("last", one.last, last)):
        why = "is no address; write it like 10.0.0.11 or fd00::11" if address is None else net and why_no_host(address, net)
        if why:
            yield field, f"{field} address {text[:64]} {why}"
    if first is not None and last is not None and first.version == last.version and int(first) > int(last):
        yield "last", f"the range ends ({last}) before it begins ({first}); swap them"
    if one.use == "floating" and not (network.purpose == "external" and network.cluster):
        yield (
            "use",
            "servers of users are reached on a network with the purpose external that is kept for one cluster; make it so",
        )
    if one.use == "live" and network.serves == "none":
        yield "use", "it is lent by DHCP, which does not serve the network; set `serves` to ranges or relay"
