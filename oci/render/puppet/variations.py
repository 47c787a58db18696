"""What of a snapshot could be otherwise, one thing at a time: settings, the site, members, virtual addresses, networks, the
machine's own facts, the cluster's.

Each thing comes with a few ways in which it is otherwise, and each way is a snapshot that is made when it is asked for.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import fields, replace
from functools import partial
from typing import Any

from oci.domain.cluster.fleet import OUTSIDE, Fleet, Held, Member, Network, Site
from oci.domain.cluster.setting_types import Value
from oci.domain.cluster.settings import SETTINGS, Stored, others, text_of
from oci.domain.deploy.explained import CLUSTER, MACHINE, MEMBERS, NETWORK, SETTING, SITE, VIRTUAL, Input
from oci.domain.networks.claims import parse
from oci.domain.quantities import counted
from oci.render.puppet.profiles import PROFILES

MOST_OF_A_KIND = 100
"""So many members' profiles, virtual addresses and networks are tried; who has more is told of these."""

# Nobody's: RFC 5737, RFC 3849, RFC 2606.
_V4, _V6, _NAME = "192.0.2.77", "2001:db8::77", "other.example.net"


Way = Callable[[], tuple[Fleet, Member]]
"""A snapshot in which one thing is otherwise, and the member in it."""


def variations(fleet: Fleet, member: Member) -> Iterator[tuple[Input, list[Way]]]:
    """Everything of the snapshot that could be otherwise for `member`, with the ways in which it is."""
    for part in (_settings, _site, _members, _virtual, _networks, _machine, _cluster):
        yield from part(fleet, member)


# -- settings and site


def _in_force(fleet: Fleet, name: str, value: Any) -> Fleet:
    """The snapshot as if `value` were in force everywhere."""

    def rest(values: Mapping[str, Value]) -> dict[str, Value]:
        return {key: held for key, held in values.items() if key != name}

    stored = fleet.settings
    less = Stored(
        rest(stored.cluster),
        {role: rest(values) for role, values in stored.roles.items()},
        {machine: rest(values) for machine, values in stored.machines.items()},
    )
    return fleet.but(site=replace(fleet.site, **{name: value}), settings=less)


def _settings(fleet: Fleet, member: Member) -> Iterator[tuple[Input, list[Way]]]:
    site = fleet.site_of(member)
    for one in fields(Site):
        if one.name in SETTINGS:
            known, value = SETTINGS[one.name], getattr(site, one.name)
            ways: list[Way] = [
                partial(lambda name, other: (_in_force(fleet, name, other), member), one.name, other)
                for other in others(known, value)
            ]
            yield Input(SETTING, one.name, text_of(known, value)), ways


def _other_texts(text: str) -> list[str]:
    """An address becomes another of its family; any other text becomes others, so that a place for an address has one."""
    address = parse(text)
    return [_V6 if address and address.version == 6 else _V4, *([] if address else [_NAME]), ""]


def _site(fleet: Fleet, member: Member) -> Iterator[tuple[Input, list[Way]]]:
    for one in fields(Site):
        if one.name in SETTINGS:
            continue
        value, pairs = getattr(fleet.site, one.name), "tuple[tuple" in str(one.type)
        changed: list[Any] = [(*value, ("other", "PEM") if pairs else _NAME), ()] if isinstance(value, tuple) else []
        changed = changed or _other_texts(value)
        told = [held[0] if pairs else held for held in value] if isinstance(value, tuple) else [value]
        ways: list[Way] = [
            partial(lambda name, other: (fleet.but(site=replace(fleet.site, **{name: other})), member), one.name, other)
            for other in changed
        ]
        yield Input(SITE, one.name, " ".join(told)), ways


# -- members, addresses and networks


def _made_up(fleet: Fleet, like: Member) -> Member:
    addresses = tuple((purpose, _other_texts(address)[0]) for purpose, address in like.addresses)
    return replace(like, machine_id=0, hostname="other", fqdn=f"other.{fleet.domain}", number=9999, addresses=addresses)


def _members(fleet: Fleet, member: Member) -> Iterator[tuple[Input, list[Way]]]:
    wired = (profile for role in fleet.roles.values() for profile in role.profiles)
    for profile in sorted({*PROFILES, *wired})[:MOST_OF_A_KIND]:
        have = fleet.with_profile(profile)
        rest = tuple(one for one in have if one != member)
        sets = [(*have, _made_up(fleet, have[-1] if have else member)), (member, *rest), rest[:-1], have[::-1], rest, ()]
        ways: list[Way] = [
            partial(lambda profile, these: (fleet.as_if({profile: these}), member), profile, each)
            for each in dict.fromkeys(sets)
            if each != have
        ]
        some = ", ".join(one.hostname for one in have[:5]) + (", ..." if len(have) > 5 else "")
        yield Input(MEMBERS, profile, f"{counted(len(have), 'member')}: {some}" if have else "no member"), ways


def _virtual(fleet: Fleet, member: Member) -> Iterator[tuple[Input, list[Way]]]:
    for vip in fleet.vips[:MOST_OF_A_KIND]:
        other = replace(vip, address=_other_texts(vip.address)[0])
        with_other = tuple(other if one is vip else one for one in fleet.vips)
        without = tuple(one for one in fleet.vips if one is not vip)
        ways: list[Way] = [partial(lambda vips: (fleet.but(vips=vips), member), vips) for vips in (with_other, without)]
        yield Input(VIRTUAL, f"{vip.fqdn} ({vip.purpose})", vip.address), ways


def _otherwise(network: Network, name: str) -> list[Any]:
    value = getattr(network, name)
    if isinstance(value, int):
        return [value + 1, 0]
    if isinstance(value, tuple):
        return [(*value, (_V4, _V4) if name == "pools" else _V4), ()]
    return {"cidr": ["192.0.2.0/24", "2001:db8::/64"], "gateway": [_V4, _V6, ""]}.get(name, ["other"])


def _networks(fleet: Fleet, member: Member) -> Iterator[tuple[Input, list[Way]]]:
    for network in fleet.networks[:MOST_OF_A_KIND]:
        for one in fields(Network):
            value = getattr(network, one.name)
            ways: list[Way] = [
                partial(_with_network, fleet, member, network, replace(network, **{one.name: other}))
                for other in _otherwise(network, one.name)
            ]
            yield Input(NETWORK, f"{one.name} of {network.name}", _words(value)), ways

    if not fleet.outside:
        made_up = Network("other", OUTSIDE, "192.0.2.0/24", _V4, pools=((_V4, _V4),))
        yield Input(NETWORK, "networks outside", "none"), [lambda: (fleet.but(networks=(*fleet.networks, made_up)), member)]


def _with_network(fleet: Fleet, member: Member, old: Network, new: Network) -> tuple[Fleet, Member]:
    return fleet.but(networks=tuple(new if one is old else one for one in fleet.networks)), member


def _words(value: Any) -> str:
    if isinstance(value, tuple):
        return ", ".join(" ".join(map(str, one)) if isinstance(one, tuple) else str(one) for one in value)
    return str(value)


# -- the machine itself, and the cluster


def _as(fleet: Fleet, member: Member, other: Member) -> tuple[Fleet, Member]:
    """The snapshot in which `member` is `other`."""
    role = fleet.roles.get(member.role)
    have = {profile: fleet.with_profile(profile) for profile in (role.profiles if role else ())}
    return fleet.as_if({name: tuple(other if m == member else m for m in these) for name, these in have.items()}), other


def _other_addresses(held: Held) -> list[Held]:
    """One after the other is another address, and then none."""
    changed = [_other_texts(address)[0] for _purpose, address in held]
    found = [(*held[:n], (held[n][0], other), *held[n + 1 :]) for n, other in enumerate(changed)]
    return [*found, *((*held[:n], *held[n + 1 :]) for n in range(len(held)))]


def _machine(fleet: Fleet, member: Member) -> Iterator[tuple[Input, list[Way]]]:
    sizes = (0, 1 << 30, 8 << 30, 64 << 30, 1 << 40)
    facts: dict[str, tuple[str, str, Iterable[Any]]] = {
        "memory_bytes": ("memory", f"{member.memory_bytes / 2**30:.3g} GiB", sizes),
        "cores": ("cores", str(member.cores), (0, 1, 4, 16, 256)),
        "hostname": ("host name", member.hostname, ("other",)),
        "fqdn": ("full name", member.fqdn, (_NAME,)),
        "number": ("number in its role", str(member.number), (member.number + 1, 1)),
        "addresses": ("addresses", _words(member.addresses), _other_addresses(member.addresses)),
        "disks": ("disks", _words(member.disks), ((("system", "other"),), ())),
        "place": ("place", member.place, ("elsewhere",)),
    }
    for name, (words, value, changed) in facts.items():
        ways: list[Way] = [partial(_as, fleet, member, replace(member, **{name: other})) for other in changed]
        yield Input(MACHINE, words, value), ways


def _moved(fleet: Fleet, member: Member) -> tuple[Fleet, Member]:
    """The cluster in another domain, with its names."""

    def other(fqdn: str) -> str:
        return f"{fqdn.removesuffix(fleet.domain)}{_NAME}" if fqdn.endswith(f".{fleet.domain}") else fqdn

    vips = tuple(replace(vip, fqdn=other(vip.fqdn)) for vip in fleet.vips)
    moved, itself = _as(fleet, member, replace(member, fqdn=other(member.fqdn)))
    return moved.but(domain=_NAME, vips=vips), itself


def _cluster(fleet: Fleet, member: Member) -> Iterator[tuple[Input, list[Way]]]:
    yield Input(CLUSTER, "domain", fleet.domain), [partial(_moved, fleet, member)]
    told = {"cluster": ("name", fleet.cluster), "release": ("release", fleet.release)}
    told["root"] = ("root certificate", "of its own CA" if fleet.root else "none")
    for name, (words, value) in told.items():
        yield Input(CLUSTER, words, value), [partial(lambda name: (fleet.but(**{name: "other"}), member), name)]
