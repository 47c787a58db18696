"""Who holds an address: what is given to no machine, network range or controller."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterable
from dataclasses import dataclass
from urllib.parse import urlsplit

Ip = ipaddress.IPv4Address | ipaddress.IPv6Address
_NUMERIC = re.compile(r"[0-9.]+|(0[xX][0-9a-fA-F]+|[0-9]+)(\.(0[xX][0-9a-fA-F]+|[0-9]+))*\.?|.*:.*")


class BadAddress(ValueError):
    """Text that is neither an address nor a name; the text says why."""


@dataclass(frozen=True)
class Claim:
    """The addresses from `first` to `last` belong to `holder`, in words. `lent`: OCI may meet it inside a range that it
    gives out from, and leaves it out there (a gateway); anything else is refused where the range is stored."""

    first: Ip
    last: Ip
    holder: str
    lent: bool = False


@dataclass(frozen=True)
class Appliance:
    """What the settings say of the appliance and of what it needs. URLs are (setting, URL)."""

    server_address: str
    puppet_server: str
    puppet_address: str
    urls: tuple[tuple[str, str], ...] = ()
    dhcp: tuple[str, str] | None = None  # None: another server gives addresses out
    gateway: str = ""
    dns: tuple[str, ...] = ()
    host_names: tuple[str, ...] = ()  # of the appliance itself


def parse(text: str) -> Ip | None:
    """The address in `text`, or None when it is none."""
    try:
        return ipaddress.ip_address(text.strip())
    except ValueError:
        return None


def claim(first: str, holder: str, last: str = "", lent: bool = False) -> list[Claim]:
    """A claim of `holder` on one address or a range of them; none when `first` or `last` is no address."""
    begin, end = parse(first), parse(last or first)
    if begin is None or end is None or begin.version != end.version:
        return []
    return [Claim(begin, end, holder, lent)]


def host_of(url: str) -> str:
    """The host of `url`; empty when there is none."""
    try:
        return urlsplit(url).hostname or ""
    except ValueError:
        return ""


def of_dhcp(site: Appliance) -> list[Claim]:
    """What this appliance lends to machines that boot; nothing when another server does."""
    return claim(site.dhcp[0], "the DHCP range for machines that are not installed", site.dhcp[1]) if site.dhcp else []


def of_appliance(site: Appliance) -> list[Claim]:
    """What the appliance holds, the most telling first."""
    found = claim(site.server_address, "the appliance's own address")
    found += claim(site.puppet_address, "the address of the Puppet server (setting puppet_address)")
    found += claim(host_of(f"//{site.puppet_server}"), "the address of the Puppet server (setting puppet_server)")
    for setting, url in site.urls:
        found += claim(host_of(url), f"the address of the setting {setting}")
    found += of_dhcp(site)
    found += claim(site.gateway, "the address of the gateway (setting dhcp_gateway)")
    for server in site.dns:
        found += claim(server, "the address of a DNS server (setting dns_servers)")
    return found


def of_network(name: str, cidr: str, gateway: str, dns: Iterable[str], routers: Iterable[str] = ()) -> list[Claim]:
    """What a network keeps for itself."""
    net = ipaddress.ip_network(cidr)
    found = claim(gateway, f"the gateway of the network {name}", lent=True)
    for server in dns:
        found += claim(server, f"a DNS server of the network {name}", lent=True)
    for router in routers:
        found += claim(router, f"a router of the network {name}", lent=True)
    found += claim(str(net.network_address), f"the address of the network {name} itself", lent=True)
    if net.version == 6:  # which has no broadcast; its first address is that of any router (RFC 4291 section 2.6.1)
        return found
    return found + claim(str(net.broadcast_address), f"the broadcast address of the network {name}", lent=True)


def names_of(site: Appliance) -> list[tuple[str, str]]:
    """Names that the appliance and the Puppet server have, each with its holder in words."""
    found = [(site.puppet_server, "the Puppet server (setting puppet_server)")]
    found += [(host_of(url), f"the host of the setting {setting}") for setting, url in site.urls]
    found += [(name, "the appliance") for name in (site.server_address, *site.host_names)]
    return [(name, holder) for name, holder in found if name and parse(name) is None]


class Claims:
    """Claims that can be asked for one address or a range; the claim that was named first answers."""

    def __init__(self, claims: Iterable[Claim] = ()) -> None:
        self._points: dict[Ip, Claim] = {}
        self._ranges: list[Claim] = []
        for one in claims:
            if one.first == one.last:
                self._points.setdefault(one.first, one)
            elif one.first.version == one.last.version:
                self._ranges.append(one)

    def on(self, address: Ip) -> Claim | None:
        """Who holds `address`."""
        around = (
            r for r in self._ranges if r.first.version == address.version and int(r.first) <= int(address) <= int(r.last)
        )
        return self._points.get(address) or next(around, None)

    def within(self, first: Ip, last: Ip) -> Claim | None:
        """A claim in the range that it may not hold: one that is not `lent`."""
        for one in (*self._points.values(), *self._ranges):
            if (
                not one.lent
                and one.first.version == first.version
                and int(one.first) <= int(last)
                and int(first) <= int(one.last)
            ):
                return one
        return None


def canonical_host(text: str) -> str:
    """An address or a host name as it is stored and compared. Raises BadAddress.

    `010.0.0.1` is 8.0.0.1 to some programs and 10.0.0.1 to others (inet_aton(3)): such text is refused.
    """
    address = parse(text)
    if address is None and _NUMERIC.fullmatch(text.strip()):
        raise BadAddress(f"{text[:64]!r} is no address; write it like 10.0.0.11, without leading zeros, or fd00::11")
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped:
        address = address.ipv4_mapped
    return str(address) if address else text.strip().lower().rstrip(".")
