"""The files of systemd-networkd (257) for the interfaces of a machine.

A card is found by its permanent MAC: a bond gives all its cards one MAC, and then each would fit the file of the first. A
VLAN, bridge or macvlan on a card tells the card's permanent MAC as well, so `Type=ether` and `Kind=!*` keep to what is
hardware (systemd.network(5), "[Match] Section Options").
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from ipaddress import ip_address, ip_interface, ip_network

from oci.domain.networks.networks import LAST_VLAN
from oci.domain.promise.interfaces import HASHED, HASHES, KINDS, MODES, Interface, Place
from oci.domain.words import INTERFACE, MAC

FOLDER = "/etc/systemd/network"
_MAC, _NAME = re.compile(MAC), re.compile(INTERFACE)
# Before what other packages and people may put there: the first file that fits is taken.
_ORDER = {"card": 10, "bond": 11, "vlan": 12, "bridge": 13}
_HEAD = "# Made by OCI when the machine was installed."
_LEAST, _MOST = 68, 65535  # octets: what any MTU of a Linux interface is within


class BadNetworkdValue(ValueError):
    """A value that must not get into networkd's files; says which, why and what would do."""


def files(interfaces: Sequence[Interface]) -> dict[str, str]:
    """Path to text for all `interfaces` of one machine. The same interfaces give the same files. Raises BadNetworkdValue."""
    by_name = {_name(interface.name): interface for interface in interfaces}
    if len(by_name) < len(interfaces):
        raise BadNetworkdValue("two interfaces have one name; each needs its own")
    for interface in interfaces:
        _check_family(interface, by_name)
    made: dict[str, str] = {}
    for interface in interfaces:
        stem = f"{FOLDER}/{_ORDER[interface.kind]}-oci-{interface.name}"
        if interface.kind != "card":
            made[f"{stem}.netdev"] = _text(_netdev(interface))
        made[f"{stem}.network"] = _text(_network(interface, by_name))
    return made


def _text(sections: Iterable[tuple[str, Iterable[str]]]) -> str:
    told = [_HEAD + "\n"]
    for title, lines in sections:
        told.append("\n".join((f"[{title}]", *lines, "")))
    return "\n".join(told)


# -- values


def _name(value: str) -> str:
    if not _NAME.fullmatch(value):
        raise BadNetworkdValue(f"interface {value[:40]!r} cannot stand in networkd's files; it must look like eno1 or bond0")
    return value


def _one_of(what: str, value: str, known: Sequence[str]) -> str:
    if value not in known:
        raise BadNetworkdValue(f"{what} {value[:40]!r} is not known; it must be one of {', '.join(known)}")
    return value


def _within(what: str, value: int, first: int, last: int) -> int:
    if not first <= int(value) <= last:
        raise BadNetworkdValue(f"{what} {value} cannot be; it must be {first} to {last}")
    return int(value)


def _address(what: str, value: str) -> str:
    try:
        address = ip_address(value)
    except ValueError:
        raise BadNetworkdValue(f"{what} {value[:64]!r} is no address; it must look like 10.0.0.1 or fd00::1") from None
    if "%" in value:
        raise BadNetworkdValue(f"{what} {value[:64]!r} names an interface; leave out what follows the %")
    return str(address)


def _with_prefix(value: str) -> str:
    try:
        address = ip_interface(value)
    except ValueError:
        address = None
    if address is None or "%" in value or "/" not in value:
        raise BadNetworkdValue(f"address {value[:64]!r} is none; it must look like 10.0.0.11/24 or fd00::11/64")
    return str(address)


def _net(value: str) -> str:
    try:
        return str(ip_network(value))
    except ValueError:
        raise BadNetworkdValue(f"route to {value[:64]!r} leads to no network; it must look like 10.9.0.0/16") from None


def _check_family(interface: Interface, by_name: dict[str, Interface]) -> None:
    """Raise BadNetworkdValue unless what the interface is made of, or part of, is there and carries its frames."""
    _one_of("kind", interface.kind, KINDS)
    if interface.kind == "card" and not _MAC.fullmatch(interface.mac):
        raise BadNetworkdValue(f"card {interface.name} has MAC {interface.mac[:40]!r}; it must look like 52:54:00:12:34:56")
    if (interface.kind == "vlan") != bool(interface.parent):
        raise BadNetworkdValue(f"{interface.kind} {interface.name} has the parent {interface.parent!r}; only a VLAN has one")
    for relation, name, kinds in (
        ("parent", interface.parent, ("card", "bond")),
        ("master", interface.master, ("bond", "bridge")),
    ):
        other = by_name.get(name)
        if not name:
            continue
        if other is None or other.kind not in kinds or other is interface:
            raise BadNetworkdValue(f"{interface.name} has the {relation} {name[:40]!r}; it must be a {' or a '.join(kinds)}")
        if relation == "parent" and other.mtu < interface.mtu:
            raise BadNetworkdValue(
                f"{interface.name} has an MTU of {interface.mtu} on {name}, which carries {other.mtu}; raise that of {name}"
            )


# -- files


def _netdev(interface: Interface) -> Iterator[tuple[str, Iterator[str]]]:
    yield "NetDev", _device(interface)
    if interface.kind == "vlan":
        yield "VLAN", iter((f"Id={_within('VLAN', interface.vlan, 1, LAST_VLAN)}",))
    if interface.kind == "bridge":
        # One port: no loop can be, and a port that learns for 30 s first would have the start wait for it.
        yield "Bridge", iter(("STP=no", "ForwardDelaySec=0"))
    if interface.kind == "bond":
        yield "Bond", _bond(interface)


def _device(interface: Interface) -> Iterator[str]:
    yield f"Name={interface.name}"
    yield f"Kind={interface.kind}"
    yield f"MTUBytes={_within('MTU', interface.mtu, _LEAST, _MOST)}"


def _bond(interface: Interface) -> Iterator[str]:
    how = interface.bond
    if how is None:
        raise BadNetworkdValue(f"bond {interface.name} has no mode; it must be one of {', '.join(MODES)}")
    yield f"Mode={_one_of('mode of a bond', how.mode, MODES)}"
    if how.mode in HASHED:
        yield f"TransmitHashPolicy={_one_of('hash policy', how.hash, HASHES)}"
    if how.mode == "802.3ad":
        yield f"LACPTransmitRate={'fast' if how.fast else 'slow'}"
        yield f"MinLinks={_within('least number of links', how.least, 1, 64)}"
    # Without it a bond does not see that a cable was pulled (bonding.rst, "miimon").
    yield "MIIMonitorSec=100ms"


def _network(interface: Interface, by_name: dict[str, Interface]) -> Iterator[tuple[str, Iterable[str]]]:
    yield "Match", _match(interface)
    yield "Link", _link(interface, by_name)
    yield "Network", _configured(interface, by_name)
    for place in interface.places:
        if place.address:
            yield from _addressed(place, interface.mtu)


def _match(interface: Interface) -> tuple[str, ...]:
    if interface.kind == "card":
        return f"PermanentMACAddress={interface.mac}", "Type=ether", "Kind=!*"
    return f"Name={interface.name}", f"Kind={interface.kind}"


def _link(interface: Interface, by_name: dict[str, Interface]) -> Iterator[str]:
    bonded = interface.master and by_name[interface.master].kind == "bond"
    if not bonded:  # the kernel gives the cards of a bond the bond's MTU
        yield f"MTUBytes={_within('MTU', interface.mtu, _LEAST, _MOST)}"
    if not interface.required:
        yield "RequiredForOnline=no"
    elif any(place.address for place in interface.places):
        yield "RequiredForOnline=routable"
        yield f"RequiredFamilyForOnline={_family(interface)}"
    else:
        yield f"RequiredForOnline={'enslaved' if interface.master else 'carrier'}"


def _versions(interface: Interface) -> set[int]:
    return {ip_interface(_with_prefix(place.address)).version for place in interface.places if place.address}


def _family(interface: Interface) -> str:
    versions = _versions(interface)
    return "both" if len(versions) == 2 else f"ipv{versions.pop()}"


def _configured(interface: Interface, by_name: dict[str, Interface]) -> Iterator[str]:
    yield "DHCP=no"
    # All addresses are told; a router that advertises another way is a stranger.
    yield "IPv6AcceptRA=no"
    # IPv6 finds its neighbours by link-local addresses (RFC 4861); nothing else here needs them.
    yield f"LinkLocalAddressing={'ipv6' if 6 in _versions(interface) else 'no'}"
    servers = [_address("DNS server", server) for place in interface.places for server in place.dns]
    yield from (f"DNS={server}" for server in dict.fromkeys(servers))
    if interface.master:
        yield f"{'Bond' if by_name[interface.master].kind == 'bond' else 'Bridge'}={interface.master}"
    yield from sorted(f"VLAN={other.name}" for other in by_name.values() if other.parent == interface.name)


def _addressed(place: Place, mtu: int) -> Iterator[tuple[str, Iterable[str]]]:
    """A network that carries less than its card is told so by its routes, since the card carries VLANs that need more."""
    address = _with_prefix(place.address)
    less = (f"MTUBytes={_within('MTU', place.mtu, _LEAST, mtu)}",) if place.mtu != mtu else ()
    yield "Address", (f"Address={address}", *(("AddPrefixRoute=no",) if less else ()))
    if less:
        own = ip_interface(address)
        way = (f"Destination={own.network}", f"PreferredSource={own.ip}", *(("Scope=link",) if own.version == 4 else ()))
        yield "Route", (*way, *less)
    if place.gateway:
        yield "Route", (f"Gateway={_address('gateway', place.gateway)}", *less)
    for route in place.routes:
        yield "Route", (f"Destination={_net(route.to)}", f"Gateway={_address('router', route.via)}", *less)
