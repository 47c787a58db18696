"""Whether settings can work together: addresses, the DHCP range, names. What a type alone does not say."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Interface, IPv4Network, IPv6Network
from typing import Any

from oci.domain.words import DNS_NAME_ANY_CASE, INTERFACE, URL

_INTERFACE, _NAME, _URL = map(re.compile, (INTERFACE, DNS_NAME_ANY_CASE, URL))
MODES = ("dhcp", "proxy")
APPLY = "Correct it in the configuration file, then run `oci-admin apply`"


@dataclass(frozen=True)
class Wrong:
    """A setting that cannot be used: its name, why, and what would do."""

    setting: str
    why: str
    instead: str

    def __str__(self) -> str:
        return f"setting {self.setting}: {self.why}. {self.instead}"


def _address(name: str, value: str) -> tuple[IPv4Address | None, list[Wrong]]:
    try:
        return IPv4Address(value), []
    except ValueError:
        return None, [Wrong(name, f"{value!r} is no IPv4 address", "It must look like 10.0.0.1")]


def _network(values: Mapping[str, Any]) -> tuple[IPv4Network | None, list[Wrong]]:
    server, wrong = _address("server_address", values["server_address"])
    if server is None:
        return None, wrong
    try:
        place = IPv4Interface(f"{server}/{values['dhcp_netmask']}")
    except ValueError:
        return None, [Wrong("dhcp_netmask", f"{values['dhcp_netmask']!r} is no netmask", "It must look like 255.255.255.0")]
    network = place.network
    if network.prefixlen < 31 and server in (network.network_address, network.broadcast_address):
        return network, [
            Wrong(
                "server_address",
                f"{server} is not an address for a host in {network}",
                f"Take another one, such as {network.network_address + 1}",
            )
        ]
    return network, []


def _inside(name: str, value: str, network: IPv4Network) -> tuple[IPv4Address | None, list[Wrong]]:
    address, wrong = _address(name, value)
    if address is not None and address not in network:
        return None, [
            Wrong(
                name,
                f"{address} is not in the provisioning network {network}, which server_address and dhcp_netmask say",
                f"Take an address of {network}",
            )
        ]
    if address in (network.network_address, network.broadcast_address) and network.prefixlen < 31:
        return None, [Wrong(name, f"{address} is no address for a host in {network}", "Take one between its ends")]
    return address, wrong


def _range(values: Mapping[str, Any], network: IPv4Network) -> Iterator[Wrong]:
    first, wrong = _inside("dhcp_first", values["dhcp_first"], network)
    last, more = _inside("dhcp_last", values["dhcp_last"], network)
    yield from (*wrong, *more)
    if first is None or last is None:
        return
    if first > last:
        yield Wrong(
            "dhcp_last", f"the range ends at {last}, before it begins at {first}", "Exchange dhcp_first and dhcp_last"
        )
        return
    server = IPv4Address(values["server_address"])
    if first <= server <= last:
        yield Wrong(
            "dhcp_first",
            f"the range {first} to {last} holds the appliance's own address {server}",
            "Take a range without it",
        )
    if values["dhcp_gateway"]:
        gateway, wrong = _inside("dhcp_gateway", values["dhcp_gateway"], network)
        yield from wrong
        if gateway is not None and first <= gateway <= last:
            yield Wrong(
                "dhcp_gateway", f"the range {first} to {last} holds the gateway {gateway}", "Take a range without it"
            )


def _dhcp(values: Mapping[str, Any], network: IPv4Network) -> Iterator[Wrong]:
    if values["dhcp_config"] == "off":
        return
    if not _INTERFACE.fullmatch(values["dhcp_interface"]):
        yield Wrong(
            "dhcp_interface",
            f"{values['dhcp_interface']!r} is no name of an interface",
            "`ip -br link` lists the names of this host's",
        )
    if values["dhcp_mode"] == "dhcp":
        yield from _range(values, network)
    elif values["dhcp_mode"] not in MODES:
        yield Wrong("dhcp_mode", f"there is no mode {values['dhcp_mode']!r}", f"Take {' or '.join(MODES)}")
    if values["dhcp_ra_prefix"]:
        try:
            if IPv6Network(values["dhcp_ra_prefix"]).prefixlen != 64:
                raise ValueError
        except ValueError:
            yield Wrong(
                "dhcp_ra_prefix", f"{values['dhcp_ra_prefix']!r} is no IPv6 prefix of 64 bits", "It must look like fd00::/64"
            )


def _names(values: Mapping[str, Any]) -> Iterator[Wrong]:
    for name in ("operators_address", "puppet_address"):
        if values[name]:
            yield from _address(name, values[name])[1]
    for address in values["dns_servers"]:
        yield from _address("dns_servers", address)[1]
    for word in (values["puppet_server"], *values["operators_names"], *values["ntp_servers"]):
        if not isinstance(word, str) or not _NAME.fullmatch(word):
            owner = (
                "puppet_server"
                if word is values["puppet_server"]
                else "operators_names"
                if word in values["operators_names"]
                else "ntp_servers"
            )
            yield Wrong(owner, f"{word!r} is no host name", "It must look like oci.example.net")
    for name in ("http_url", "https_url", "apt_uri", "apt_upstream", "apt_security_upstream"):
        if values[name] and values[name] != "off" and not _URL.fullmatch(values[name]):
            yield Wrong(
                name, f"{values[name]!r} is no URL that can be used", "It must look like http://mirror.example.net/debian"
            )


def _database(values: Mapping[str, Any]) -> Iterator[Wrong]:
    # It may hold a password, so it is not repeated.
    if not values["database_url"].startswith(("sqlite:///", "postgresql://", "postgresql+psycopg://")):
        yield Wrong(
            "database_url",
            "it names no database that can be used",
            "It must look like sqlite:////PATH or postgresql://USER@HOST/NAME; empty: SQLite in state_dir",
        )


def _times(values: Mapping[str, Any]) -> Iterator[Wrong]:
    for name in ("tick_seconds", "heartbeat_seconds", "pulse_seconds", "session_hours"):
        if values[name] <= 0:
            yield Wrong(name, f"{values[name]} is no time", "It must be greater than 0")


def _limits(values: Mapping[str, Any]) -> Iterator[Wrong]:
    for name in ("installs_at_once", "installs_per_place", "installs_per_server"):
        if values[name] < 0:
            yield Wrong(name, f"{values[name]} is no number of installs", "It must be 0 for no limit, or greater")


def wrong(values: Mapping[str, Any]) -> list[Wrong]:
    """Everything that keeps `values` (all settings, by name) from working; empty when they can be used."""
    network, found = _network(values)
    if network is not None:
        found += _dhcp(values, network)
    return [*found, *_names(values), *_database(values), *_times(values), *_limits(values)]
