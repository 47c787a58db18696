"""What is wrong with all networks and ranges together: what they share, and what is somebody else's."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import combinations

from oci.domain.networks.claims import Claims, Ip
from oci.domain.networks.networks import Mistake, Network, Range, meet, mistakes, net_of, one_wire, parsed, range_mistakes


def set_mistakes(
    networks: Sequence[Network], ranges: Sequence[Range] = (), claims: Claims | None = None
) -> tuple[Mistake, ...]:
    """Everything that is wrong with all `networks` and their `ranges` together, each by itself first.

    `claims` is who else holds addresses: the appliance, controllers, virtual addresses. Who holds an address that a range
    gives out would have it given to somebody else. What is `lent` there is asked for too.
    """
    named = {network.name: network for network in networks}
    found = [mistake for network in networks for mistake in mistakes(network)]
    for one in ranges:
        if one.network in named:
            found += range_mistakes(one, named[one.network])
        else:
            found.append(Mistake(str(one), "network", f"there is no network {one.network[:63]!r}; name one that exists"))
    found += _pairs(networks)
    found += _crossing(named, ranges)
    found += [mistake for one in ranges if one.network in named for mistake in _held(one, named[one.network], claims)]
    return tuple(dict.fromkeys(found))


def _pairs(networks: Sequence[Network]) -> Iterator[Mistake]:
    for one, other in combinations(networks, 2):
        subject = f"network {other.name[:63]}"
        if one.name == other.name:
            yield Mistake(subject, "name", "two networks have this name; choose another for one of them")
        nets = net_of(one), net_of(other)
        if nets[0] and nets[1] and meet(nets[0], nets[1]):
            yield Mistake(
                subject,
                "cidr",
                f"{other.cidr} shares addresses with {one.cidr} of network {one.name}; choose other addresses",
            )
        if one.vlan and (one.vlan, one.place) == (other.vlan, other.place) and not one_wire(one, other):
            yield Mistake(
                subject,
                "vlan",
                f"VLAN {other.vlan} in {other.place or 'every place'} is network {one.name} already; choose another VLAN. "
                "Two networks are one wire only as IPv4 and IPv6 of the same purpose, cluster and MTU",
            )


def _ends(one: Range) -> tuple[Ip, Ip] | None:
    first, last = parsed(one.first), parsed(one.last)
    return (first, last) if first is not None and last is not None and first.version == last.version else None


def _crossing(named: Mapping[str, Network], ranges: Sequence[Range]) -> Iterator[Mistake]:
    """In order of their first address only neighbours can cross unseen, so the furthest end so far is enough to know."""
    placed = [(one, ends) for one in ranges if one.network in named and (ends := _ends(one))]
    placed.sort(key=lambda item: (item[0].network, item[1][0].version, int(item[1][0]), int(item[1][1])))
    widest: tuple[Range, tuple[Ip, Ip]] | None = None
    for one, ends in placed:
        if widest and widest[0].network == one.network and widest[1][0].version == ends[0].version:
            if int(ends[0]) <= int(widest[1][1]):
                yield Mistake(
                    f"{one} of network {one.network}",
                    "first",
                    f"it shares addresses with the {widest[0]} ({widest[0].use}); let one end before the other begins",
                )
            if int(ends[1]) <= int(widest[1][1]):
                continue
        widest = one, ends


def _held(one: Range, network: Network, claims: Claims | None) -> Iterator[Mistake]:
    """What a range would give away though it is somebody's. A reserved range gives nothing away."""
    ends = _ends(one)
    if ends is None or one.use == "reserved":
        return
    subject = f"{one} of network {network.name}"
    routers = [("the gateway", network.gateway), *((f"the router to {route.to}", route.via) for route in network.routes)]
    for what, text in dict.fromkeys(routers):
        address = parsed(text)
        if address is not None and address.version == ends[0].version and int(ends[0]) <= int(address) <= int(ends[1]):
            yield Mistake(subject, "first", f"it holds {what} {address}; let the range begin or end beside it")
    claim = claims.within(*ends) if claims else None
    if claim and not (one.use == "vip" and claim.holder.startswith(VIP)):
        told = str(claim.first) if claim.first == claim.last else f"{claim.first} to {claim.last}"
        yield Mistake(subject, "first", f"it holds {claim.holder} ({told}); choose a range without it")


VIP = "the virtual address"
"""How the holder of a virtual address is told in a claim; `addresses.Address.holder` begins so."""
