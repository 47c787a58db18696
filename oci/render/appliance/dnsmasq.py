"""The configuration of dnsmasq: who gets which address, and which loader.

dnsmasq serves no files: loaders come from a TFTP server at the same address, all else over HTTP.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Network, ip_address, ip_network

from oci.domain.path.netboot import ARCHITECTURES, ClientArch, boot_file, script_url
from oci.domain.words import DNS_NAME_ANY_CASE, INTERFACE, LABEL, LABEL_ANY_CASE, MAC

_WORDS = {
    "interface": (re.compile(INTERFACE), "br0"),
    "lease": (re.compile(r"[1-9][0-9]{0,5}[mhd]?|infinite"), "1h"),
    "domain": (re.compile(DNS_NAME_ANY_CASE), "example.com"),
    "name": (re.compile(LABEL_ANY_CASE), "compute-1"),
    "mac": (re.compile(MAC), "52:54:00:12:34:56"),
    "network": (re.compile(LABEL), "rack-7"),
    "path": (re.compile(r"(?:/[A-Za-z0-9_.-]+)+"), "/run/oci/leases"),
    "http_url": (re.compile(r"http://[a-z0-9.-]+(?::[0-9]{1,5})?"), "http://10.0.0.1"),
    "mode": (re.compile(r"dhcp|proxy"), "dhcp or proxy"),
}


class BadDhcpValue(ValueError):
    """A value that must not get into dnsmasq's configuration; says which, why and what would do."""


@dataclass(frozen=True)
class Reservation:
    """A fixed address: MAC with colons, lower case; address; short host name or empty."""

    mac: str
    address: str
    name: str = ""


@dataclass(frozen=True)
class DhcpNetwork:
    """One network that DHCP serves: on the wire of `interface`, where the appliance has an address of it, or by a relay.

    `ranges` are what is lent, first and last address; without any only what is reserved is given out. All addresses are of
    the family of `cidr`. `mtu` in octets. `interface` is empty for a relayed network.
    """

    name: str
    cidr: str
    ranges: tuple[tuple[str, str], ...] = ()
    interface: str = ""
    gateway: str = ""
    dns: tuple[str, ...] = ()
    ntp: tuple[str, ...] = ()
    mtu: int = 1500
    reservations: tuple[Reservation, ...] = ()


@dataclass(frozen=True)
class DhcpSettings:
    """What the configuration is made from. Addresses are IPv4 as text; an empty one is left out.

    mode 'dhcp': addresses from range_start to range_end for `lease`. mode 'proxy': another server
    gives out the addresses, dnsmasq adds the boot answers. `ra_prefix` is an IPv6 /64 in which
    `interface` has an address: its advertisement (no router) spares iPXE a wait of 15 s.

    `networks` stand instead of the one network of range_start, netmask, gateway, dns, ntp and reservations. `records` are
    names and addresses of either family; `domains` are those of which this server alone answers, and with them the addresses
    of `networks` backward.
    """

    interface: str
    server_address: str
    http_url: str
    range_start: str = ""
    range_end: str = ""
    netmask: str = "255.255.255.0"
    lease: str = "1h"
    mode: str = "dhcp"
    gateway: str = ""
    dns: tuple[str, ...] = ()
    ntp: tuple[str, ...] = ()
    domain: str = ""
    ra_prefix: str = ""
    serve_dns: bool = False
    records: tuple[tuple[str, str], ...] = ()  # name, address: answered forward and reverse
    reservations: tuple[Reservation, ...] = ()
    networks: tuple[DhcpNetwork, ...] = ()
    domains: tuple[str, ...] = ()  # answered here and by nobody else
    lease_file: str = "/run/oci/dnsmasq.leases"
    pid_file: str = "/run/oci/dnsmasq.pid"


def _word(kind: str, value: str) -> str:
    pattern, example = _WORDS[kind]
    if not pattern.fullmatch(value):
        raise BadDhcpValue(f"{kind} {value!r} cannot stand in the DHCP configuration; it must look like {example}")
    return value


def _address(what: str, value: str) -> str:
    try:
        return str(IPv4Address(value))
    except ValueError:
        raise BadDhcpValue(f"{what} {value!r} is no IPv4 address; it must look like 10.0.0.1") from None


def _network(settings: DhcpSettings) -> IPv4Network:
    server = _address("server_address", settings.server_address)
    try:
        return IPv4Network(f"{server}/{settings.netmask}", strict=False)
    except ValueError:
        raise BadDhcpValue(f"netmask {settings.netmask!r} is none; it must look like 255.255.255.0") from None


def _inside(what: str, value: str, network: IPv4Network) -> str:
    address = _address(what, value)
    if IPv4Address(address) not in network:
        raise BadDhcpValue(f"{what} {address} is not in the provisioning network {network}; take one of it")
    return address


def render(settings: DhcpSettings) -> str:
    """The text of dnsmasq.conf. The same settings give the same text. Raises BadDhcpValue."""
    _word("mode", settings.mode)
    network = _network(settings)
    boot = _proxy_boot if settings.mode == "proxy" else _boot
    ranges = _proxy_range if settings.mode == "proxy" else _networks if settings.networks else _range
    sections = (
        ["# Made by OCI from its database; changes here are overwritten."],
        _basics(settings),
        _dns(settings),
        ranges(settings, network),
        _advertisement(settings),
        _matches(),
        boot(settings),
    )
    return "\n".join(line for section in sections for line in section) + "\n"


def _basics(settings: DhcpSettings) -> Iterator[str]:
    names = dict.fromkeys((settings.interface, *sorted(one.interface for one in settings.networks if one.interface)))
    yield from (f"interface={_word('interface', name)}" for name in names)
    yield "except-interface=lo"
    yield "bind-dynamic"
    yield f"pid-file={_word('path', settings.pid_file)}"
    yield f"dhcp-leasefile={_word('path', settings.lease_file)}"
    yield "log-dhcp"
    yield "log-facility=-"


def _dns(settings: DhcpSettings) -> Iterator[str]:
    yield "port=53" if settings.serve_dns else "port=0"
    yield "no-resolv"
    yield "no-hosts"
    if settings.domain:
        yield f"domain={_word('domain', settings.domain)}"
    if settings.serve_dns:
        yield "bogus-priv"  # of a private address that nobody has, no is said at once
        own = dict.fromkeys((*((settings.domain,) if settings.domain else ()), *sorted(settings.domains)))
        yield from (f"local=/{_word('domain', domain)}/" for domain in own)
        networks = sorted(settings.networks, key=lambda one: one.name)
        zones = dict.fromkeys(zone for one in networks for zone in reverse_zones(_cidr(one)))
        yield from (f"local=/{zone}/" for zone in zones)
        for name, address in settings.records:
            # It answers for the name with the address, and for the address with the first name that has it.
            yield f"host-record={_word('domain', name)},{_either('record', address)}"


def _range(settings: DhcpSettings, network: IPv4Network) -> Iterator[str]:
    first = _inside("range_start", settings.range_start, network)
    last = _inside("range_end", settings.range_end, network)
    if IPv4Address(first) > IPv4Address(last):
        raise BadDhcpValue(f"the DHCP range ends at {last} before it begins at {first}; exchange them")
    yield "dhcp-authoritative"
    # Without these iPXE, live image and installed system get three leases for one card, each after 3 s.
    yield "no-ping"
    yield "dhcp-ignore-clid"
    yield f"dhcp-range={first},{last},{network.netmask},{_word('lease', settings.lease)}"
    # An option without a value keeps dnsmasq from announcing itself.
    gateways = [_inside("gateway", settings.gateway, network)] if settings.gateway else []
    yield ",".join(["dhcp-option=option:router", *gateways])
    yield ",".join(["dhcp-option=option:dns-server", *(_address("dns", one) for one in settings.dns)])
    if settings.ntp:
        yield ",".join(["dhcp-option=option:ntp-server", *(_address("ntp", one) for one in settings.ntp)])
    yield from _reservations(settings, network)


Cidr = IPv4Network | IPv6Network


def reverse_zones(net: Cidr) -> list[str]:
    """The zones in which the names of the addresses of `net` are: whole octets (RFC 1035 3.5) or half ones (RFC 3596 2.5).

    A network longer than the last zone that is usual, /24 or /124, is told by that.
    """
    step, last = (8, 24) if net.version == 4 else (4, 124)
    length = min(-(-net.prefixlen // step) * step, last)
    whole = [net.supernet(new_prefix=length)] if net.prefixlen > length else net.subnets(new_prefix=length)
    labels = net.max_prefixlen // step - length // step
    return [".".join(part.network_address.reverse_pointer.split(".")[labels:]) for part in whole]


def _cidr(one: DhcpNetwork) -> Cidr:
    try:
        return ip_network(one.cidr)
    except ValueError:
        raise BadDhcpValue(f"network {one.cidr[:64]!r} is none; it must look like 10.0.0.0/24 or fd00::/64") from None


def _either(what: str, value: str) -> str:
    """An address of either family, as dnsmasq takes it in records."""
    try:
        if "%" in value:
            raise ValueError
        return str(ip_address(value))
    except ValueError:
        raise BadDhcpValue(f"{what} {value[:64]!r} is no address; it must look like 10.0.0.1 or fd00::1") from None


def _of(what: str, value: str, net: Cidr) -> str:
    """An address of `net`."""
    text = _either(what, value)
    if ip_address(text) not in net:
        raise BadDhcpValue(f"{what} {text} is not in the network {net}; take one of it")
    return text


def _family(what: str, values: tuple[str, ...], net: Cidr) -> list[str]:
    """Addresses of the family of `net`; IPv6 in brackets, as dnsmasq takes it in options and reservations."""
    texts = [_either(what, value) for value in values]
    wrong = [text for text in texts if ip_address(text).version != net.version]
    if wrong:
        raise BadDhcpValue(f"{what} {wrong[0]} is not of the family of the network {net}; name it in one of its own")
    return [f"[{text}]" if net.version == 6 else text for text in texts]


def _networks(settings: DhcpSettings, _: IPv4Network) -> Iterator[str]:
    """Each network by itself; its answers are marked with its name, so that none gets another's router."""
    if settings.range_start or settings.reservations:
        raise BadDhcpValue("there are networks beside range_start or reservations; put these into a network")
    networks = sorted(settings.networks, key=lambda one: one.name)
    names = [one.name for one in networks]
    if len(set(names)) < len(names):
        raise BadDhcpValue("two networks have one name; each needs its own")
    yield "dhcp-authoritative"
    yield "no-ping"
    yield "dhcp-ignore-clid"
    if any(_cidr(one).version == 6 and one.interface for one in networks) and not settings.ra_prefix:
        yield "enable-ra"
        # This server is no router: who asks for one is told of none.
        for name in sorted({one.interface for one in networks if _cidr(one).version == 6 and one.interface}):
            yield f"ra-param={_word('interface', name)},high,0,0"
    reserved: set[str] = set()
    for one in networks:
        yield from _served(one, _word("lease", settings.lease))
        yield from _reserved(one, reserved)


def _served(one: DhcpNetwork, lease: str) -> Iterator[str]:
    net, tag = _cidr(one), _word("network", one.name)
    length = str(net.netmask) if net.version == 4 else str(net.prefixlen)
    if net.version == 6 and net.prefixlen < 64:
        raise BadDhcpValue(f"network {net} is larger than a /64; dnsmasq serves a /64 or smaller")
    for first, last in one.ranges:
        ends = _of("first address", first, net), _of("last address", last, net)
        if int(ip_address(ends[0])) > int(ip_address(ends[1])):
            raise BadDhcpValue(f"the DHCP range ends at {ends[1]} before it begins at {ends[0]}; exchange them")
        yield f"dhcp-range=set:{tag},{ends[0]},{ends[1]},{length},{lease}"
    if not one.ranges:
        yield f"dhcp-range=set:{tag},{net.network_address},static,{length},{lease}"
    kind = "option" if net.version == 4 else "option6"
    if net.version == 4:
        # An option without a value keeps dnsmasq from announcing itself.
        gateways = [_of("gateway", one.gateway, net)] if one.gateway else []
        yield ",".join([f"dhcp-option=tag:{tag},option:router", *gateways])
        if one.mtu != 1500:
            yield f"dhcp-option=tag:{tag},option:mtu,{int(one.mtu)}"
    servers = _family("dns", one.dns, net)
    if net.version == 4 or servers:
        yield ",".join([f"dhcp-option=tag:{tag},{kind}:dns-server", *servers])
    if one.ntp:
        yield ",".join([f"dhcp-option=tag:{tag},{kind}:ntp-server", *_family("ntp", one.ntp, net)])


def _reserved(one: DhcpNetwork, reserved: set[str]) -> Iterator[str]:
    """A card may be reserved an address on several networks, once on each; an address is reserved once."""
    net, cards = _cidr(one), set[str]()
    placed = [(int(ip_address(_of("reservation", r.address, net))), r) for r in one.reservations]
    for _, reservation in sorted(placed, key=lambda item: (item[0], item[1].mac)):
        mac, address = _word("mac", reservation.mac), _of("reservation", reservation.address, net)
        if mac in cards or address in reserved:
            raise BadDhcpValue(f"{address if address in reserved else mac} is reserved twice; reserve it once")
        cards.add(mac)
        reserved.add(address)
        name = f",{_word('name', reservation.name)}" if reservation.name else ""
        yield f"dhcp-host={mac},{f'[{address}]' if net.version == 6 else address}{name}"


def _place(one: Reservation) -> tuple[IPv4Address, str]:
    return IPv4Address(_address("reservation", one.address)), one.mac


def _reservations(settings: DhcpSettings, network: IPv4Network) -> Iterator[str]:
    seen: set[str] = set()
    for one in sorted(settings.reservations, key=_place):
        words = [_word("mac", one.mac), _inside("reservation", one.address, network)]
        for word in words:
            if word in seen:
                raise BadDhcpValue(f"{word} is reserved twice; a MAC or an address can be reserved once")
            seen.add(word)
        yield f"dhcp-host={','.join(words)}" + (f",{_word('name', one.name)}" if one.name else "")


def _proxy_range(settings: DhcpSettings, network: IPv4Network) -> Iterator[str]:
    if settings.reservations:
        raise BadDhcpValue("addresses are reserved, but mode 'proxy' gives out none; reserve them in the other DHCP server")
    yield f"dhcp-range={network.network_address},proxy,{network.netmask}"
    # Firmware that boots by HTTP calls itself HTTPClient, and only takes an answer that says so too.
    yield "dhcp-pxe-vendor=PXEClient,HTTPClient"


def _advertisement(settings: DhcpSettings) -> Iterator[str]:
    if not settings.ra_prefix:
        return
    try:
        prefix = IPv6Network(settings.ra_prefix)
    except ValueError:
        raise BadDhcpValue(f"ra_prefix {settings.ra_prefix!r} is no IPv6 prefix; it must look like fd00::/64") from None
    if prefix.prefixlen != 64:
        raise BadDhcpValue(f"ra_prefix {prefix} has a length other than 64; cards need a /64")
    yield "enable-ra"
    yield f"dhcp-range={prefix.network_address},ra-only"
    yield f"ra-param={_word('interface', settings.interface)},high,0,0"


def _matches() -> Iterator[str]:
    yield "dhcp-match=set:ipxe,175"
    yield "dhcp-userclass=set:ipxe,iPXE"
    for arch in ARCHITECTURES:
        yield f"dhcp-match=set:{arch.tag},option:client-arch,{arch.code}"


def _by_tag() -> list[ClientArch]:
    return list({arch.tag: arch for arch in reversed(ARCHITECTURES)}.values())[::-1]


def _boot(settings: DhcpSettings) -> Iterator[str]:
    url, server = _word("http_url", settings.http_url), _address("server_address", settings.server_address)
    yield _ipxe(url, server)
    # iPXE is told that there is no proxy-DHCP server to wait for.
    yield "dhcp-option=tag:ipxe,encap:175,176,1b"
    for arch in _by_tag():
        if arch.protocol == "http":
            # Such firmware only takes an answer that calls itself what it calls itself.
            yield f"dhcp-option-force=tag:{arch.tag},tag:!ipxe,60,HTTPClient"
        yield f"dhcp-boot=tag:{arch.tag},tag:!ipxe,{boot_file(arch, url)},,{server}"


def _ipxe(url: str, server: str) -> str:
    # The script is a URL, and still iPXE overlooks it in a proxy's offer that names no next server.
    return f"dhcp-boot=tag:ipxe,{script_url(url)},,{server}"


def _proxy_boot(settings: DhcpSettings) -> Iterator[str]:
    url, server = _word("http_url", settings.http_url), _address("server_address", settings.server_address)
    yield _ipxe(url, server)
    for arch in ARCHITECTURES:
        if arch.protocol == "tftp":
            # One service for an architecture is started without a menu.
            yield f"pxe-service=tag:!ipxe,{arch.code},OCI,{arch.loader},{server}"
    for arch in _by_tag():
        if arch.protocol == "http":
            yield f"dhcp-boot=tag:{arch.tag},tag:!ipxe,{boot_file(arch, url)},,{server}"
