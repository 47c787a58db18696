"""The configuration of dnsmasq: who gets which address, and which loader.

dnsmasq serves no files: loaders come from a TFTP server at the same address, all else over HTTP.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Network, ip_address

from oci.domain.netboot import ARCHITECTURES, ClientArch, boot_file, script_url

_WORDS = {
    "interface": (re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,14}"), "br0"),
    "lease": (re.compile(r"[1-9][0-9]{0,5}[mhd]?|infinite"), "1h"),
    "domain": (re.compile(r"[A-Za-z0-9][A-Za-z0-9-]{0,62}(?:\.[A-Za-z0-9][A-Za-z0-9-]{0,62}){0,126}\.?"), "example.com"),
    "name": (re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"), "compute-1"),
    "mac": (re.compile(r"[0-9a-f]{2}(?::[0-9a-f]{2}){5}"), "52:54:00:12:34:56"),
    "path": (re.compile(r"(?:/[A-Za-z0-9_.-]+)+"), "/run/oci/leases"),
    "http_url": (re.compile(r"http://[a-z0-9.-]+(?::[0-9]{1,5})?"), "http://10.0.0.1"),
    "mode": (re.compile(r"dhcp|proxy"), "dhcp or proxy"),
}


class BadDhcpValue(ValueError):
    """A value that must not get into dnsmasq's configuration; says which, why and what would do."""


@dataclass(frozen=True)
class Reservation:
    """A fixed address: MAC with colons, lower case; IPv4 address; short host name or empty."""

    mac: str
    address: str
    name: str = ""


@dataclass(frozen=True)
class DhcpSettings:
    """What the configuration is made from. Addresses are IPv4 as text; an empty one is left out.

    mode 'dhcp': addresses from range_start to range_end for `lease`. mode 'proxy': another server
    gives out the addresses, dnsmasq adds the boot answers. `ra_prefix` is an IPv6 /64 in which
    `interface` has an address: its advertisement (no router) spares iPXE a wait of 15 s.
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
    local_domains: tuple[str, ...] = ()  # answered here and by nobody else
    records: tuple[tuple[str, str], ...] = ()  # name, address: answered forward and reverse
    reservations: tuple[Reservation, ...] = ()
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


def _either(what: str, value: str) -> str:
    try:
        return str(ip_address(value))
    except ValueError:
        raise BadDhcpValue(f"{what} {value!r} is no address; it must look like 10.0.0.1 or fd00::1") from None


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
    ranges = _proxy_range if settings.mode == "proxy" else _range
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
    yield f"interface={_word('interface', settings.interface)}"
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
        for domain in dict.fromkeys((*([settings.domain] if settings.domain else []), *settings.local_domains)):
            yield f"local=/{_word('domain', domain)}/"
        for name, address in settings.records:
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
