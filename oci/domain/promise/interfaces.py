"""Interfaces: what the network of one machine is made of, in a form that can be stored, compared and hashed."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import MISSING, dataclass, fields
from typing import Any, TypeVar

R = TypeVar("R")
USUAL_MTU = 1500
MODES = ("802.3ad", "active-backup", "balance-xor", "balance-alb", "balance-tlb", "balance-rr", "broadcast")
"""Of a bond: Documentation/networking/bonding.rst of the kernel, "mode"."""
HASHED = ("802.3ad", "balance-xor")
HASHES = ("layer2", "layer2+3", "layer3+4", "encap2+3", "encap3+4", "vlan+srcmac")
"""Of a bond of a mode in HASHED: bonding.rst, "xmit_hash_policy"."""
KINDS = ("card", "bond", "vlan", "bridge")


class BadInterface(ValueError):
    """Stored data that is no interface; the text says where and why."""


@dataclass(frozen=True)
class Bond:
    """How a bond shares its cards. `hash` counts in modes that hash, `fast` (LACP every second) in 802.3ad.

    `least` is how many of its cards must have a link for it to have one.
    """

    mode: str = "802.3ad"
    hash: str = "layer3+4"
    fast: bool = True
    least: int = 1


@dataclass(frozen=True)
class Way:
    """A route to the network `to` (CIDR) by the router `via`."""

    to: str
    via: str


@dataclass(frozen=True)
class Place:
    """What an interface is on one network. `address` has its prefix length; it is empty where the machine has none there.

    `gateway` is set on the one network of each family that leads everywhere. `mtu` in octets is that of the network,
    which can be less than the interface's.
    """

    network: str
    address: str = ""
    mtu: int = USUAL_MTU
    gateway: str = ""
    dns: tuple[str, ...] = ()
    routes: tuple[Way, ...] = ()


@dataclass(frozen=True)
class Interface:
    """One interface of the installed system.

    `kind`: `card`, `bond`, `vlan` or `bridge`. `mac`: the permanent MAC of a card, by which alone it is found again;
    its `name` is for people. `parent`: what a VLAN is made on. `master`: the bond or bridge of which it is a part.
    `mtu` in octets. `required`: a start waits for it.
    """

    name: str
    kind: str
    mac: str = ""
    mtu: int = USUAL_MTU
    parent: str = ""
    vlan: int = 0
    master: str = ""
    bond: Bond | None = None
    places: tuple[Place, ...] = ()
    required: bool = False

    def to_dict(self) -> dict[str, Any]:
        """The interface as JSON-safe objects.

        What has its default is left out: so a field that a later version adds does not change what was stored and hashed.
        """
        told = plain(self)
        assert isinstance(told, dict)
        return told

    @classmethod
    def from_dict(cls, stored: Mapping[str, Any]) -> Interface:
        """The interface that `to_dict` gave. Raises BadInterface for what it cannot have given.

        An unknown key is refused rather than dropped: a promise that is carried out without a part of it is another one.
        """
        bond = stored.get("bond") if isinstance(stored, Mapping) else None
        return _record(
            cls,
            stored,
            bond=None if bond is None else _record(Bond, bond),
            places=tuple(
                _record(Place, row, routes=tuple(_record(Way, way) for way in _rows(row, "routes")))
                for row in _rows(stored, "places")
            ),
        )


def plain(value: object) -> Any:
    """A record as JSON-safe objects, without what has its default."""
    if isinstance(value, tuple):
        return [plain(item) for item in value]
    if not hasattr(value, "__dataclass_fields__"):
        return value
    told = ((f, getattr(value, f.name)) for f in fields(value))  # type: ignore[arg-type]
    return {f.name: plain(item) for f, item in told if f.default is MISSING or item != f.default}


def canonical(value: object) -> bytes:
    """The one text of JSON-safe `value`, as bytes: keys in order, no blanks, ASCII (the idea of RFC 8785).

    Raises ValueError for a number that JSON cannot say.
    """
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=True, allow_nan=False).encode("ascii")


def _rows(row: object, key: str) -> list[Any]:
    found = row.get(key, []) if isinstance(row, Mapping) else None
    if not isinstance(found, list):
        raise BadInterface(f"{key} is {str(found)[:80]!r}; it must be a list")
    return found


def _record(cls: type[R], row: object, **inner: object) -> R:
    if not isinstance(row, Mapping):
        raise BadInterface(f"{cls.__name__} is {str(row)[:80]!r}; it must be an object")
    known = {f.name: f for f in fields(cls)}  # type: ignore[arg-type]
    unknown = sorted(map(str, set(row) - set(known)))
    if unknown:
        raise BadInterface(
            f"{cls.__name__} has {', '.join(unknown)[:80]}, which this version of OCI does not know; upgrade it"
        )
    values: dict[str, object] = {}
    for name, kept in known.items():
        if name in inner:
            values[name] = inner[name]
        elif name in row:
            values[name] = _typed(cls.__name__, name, str(kept.type), row[name])
        elif kept.default is MISSING:
            raise BadInterface(f"{cls.__name__} has no {name}, which it must have")
    return cls(**values)


_TYPES: dict[str, type] = {"str": str, "int": int, "bool": bool}


def _typed(owner: str, name: str, kind: str, value: object) -> object:
    if kind == "tuple[str, ...]" and isinstance(value, list) and all(isinstance(item, str) for item in value):
        return tuple(value)
    if type(value) is not _TYPES.get(kind):
        raise BadInterface(f"{name} of {owner} is {str(value)[:80]!r}; it must be {kind}")
    return value


def vlan_name(number: int) -> str:
    """What the interface of a VLAN is called."""
    return f"vlan{number}"
