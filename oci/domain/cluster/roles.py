"""Roles: data, read from YAML, checked here. No code compares a role's name."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Any

from oci.domain.machines.hostnames import bad_host
from oci.domain.networks.networks import PURPOSES
from oci.domain.promise.layouts import LAYOUTS

_NAME = re.compile(r"[a-z][a-z0-9]{0,31}")
# A class of Puppet: Puppet language reference, "Reserved words and acceptable names".
_CLASS = re.compile(r"[a-z][a-z0-9_]*(::[a-z][a-z0-9_]*)*")
_NOT_PROFILES = ("role", "oci", "main", "settings")
_PERCENT = re.compile(r"([1-9][0-9]?|100)%")
_HOST = re.compile(r"[a-z0-9-]*(\{role\})?[a-z0-9-]*\{number\}[a-z0-9-]*")
_ROLLING = ("first_alone", "quorum", "canary", "max_unavailable")
_KEYS = {"name", "title", "order", "needs", "networks", "disks", "hostname", "profiles", *_ROLLING}
MOST_NUMBER = 99999


class BadRole(ValueError):
    """A role file that cannot be used; the text says where and why, `field` which key of it."""

    def __init__(self, text: str, field: str = "") -> None:
        super().__init__(text)
        self.field = field


@dataclass(frozen=True)
class Role:
    """What a machine is for. `hostname` is a pattern with {role} and {number}. `first_alone`: a deployment brings its first
    member up before the others, because that one does what is done once. `quorum`: more than half of its members must stay
    in service, whatever is changed; `canary`: a change is tried on one of them first; `max_unavailable`: how many of those
    in service are changed at once, a number or a percentage ('' any number)."""

    name: str
    title: str
    order: int
    hostname: str
    profiles: tuple[str, ...]
    networks: tuple[str, ...] = ("provisioning",)
    needs: tuple[tuple[str, int], ...] = ()
    disks: str = "plain"
    first_alone: bool = False
    quorum: bool = False
    canary: bool = False
    max_unavailable: str = ""


def _text(stem: str, data: Mapping[Any, Any], key: str, default: str) -> str:
    value = data.get(key, default)
    if not isinstance(value, str) or not value.strip() or not value.isprintable() or len(value) > 100:
        raise BadRole(f"{stem}.yaml: {key} is {value!r}; it must be text of one line, in quotes if need be", key)
    return value


def _words(stem: str, data: Mapping[Any, Any], key: str, default: tuple[str, ...]) -> tuple[str, ...]:
    value = data.get(key) or default
    if not isinstance(value, (list, tuple)) or not all(isinstance(word, str) for word in value):
        raise BadRole(f"{stem}.yaml: {key} is {value!r}; it must be a list of words, like [{', '.join(default)}]", key)
    if len(set(value)) < len(value):
        raise BadRole(f"{stem}.yaml: {key} names one thing twice: {', '.join(value)}", key)
    return tuple(value)


def _profiles(stem: str, data: Mapping[Any, Any]) -> tuple[str, ...]:
    profiles = _words(stem, data, "profiles", ())
    wrong = [p for p in profiles if not _CLASS.fullmatch(p) or p.split("::")[0] in _NOT_PROFILES]
    if wrong or not profiles:
        raise BadRole(
            f"{stem}.yaml needs profiles such as profile::base, each the name of a Puppet class outside of "
            f"{', '.join(_NOT_PROFILES)}; it has {wrong or list(profiles)}",
            "profiles",
        )
    return profiles


def _hostname(stem: str, data: Mapping[Any, Any]) -> str:
    pattern = _text(stem, data, "hostname", "{role}{number}")
    if not _HOST.fullmatch(pattern):
        raise BadRole(f"{stem}.yaml: hostname pattern {pattern!r} must hold {{number}} and only a-z, 0-9 and -", "hostname")
    for number in (1, MOST_NUMBER):
        made = pattern.format(role=stem, number=number)
        why = bad_host(made)
        if why:
            raise BadRole(f"{stem}.yaml: hostname pattern {pattern!r} would name a machine {made}: {why}", "hostname")
    return pattern


def _order(stem: str, data: Mapping[Any, Any]) -> int:
    order = data.get("order", 50)
    if not isinstance(order, int) or isinstance(order, bool):
        raise BadRole(f"{stem}.yaml: order is {order!r}; it must be a whole number", "order")
    return order


def _flag(stem: str, data: Mapping[Any, Any], key: str) -> bool:
    value = data.get(key, False)
    if not isinstance(value, bool):
        raise BadRole(f"{stem}.yaml: {key} is {value!r}; it must be true or false", key)
    return value


def _max_unavailable(stem: str, data: Mapping[Any, Any]) -> str:
    value = data.get("max_unavailable", "")
    if value == "" or (isinstance(value, int) and not isinstance(value, bool) and 1 <= value <= MOST_NUMBER):
        return str(value)
    if isinstance(value, str) and _PERCENT.fullmatch(value):
        return value
    raise BadRole(
        f"{stem}.yaml: max_unavailable is {value!r}; it must be a number from 1, or a percentage from 1% to 100%",
        "max_unavailable",
    )


def _needs(stem: str, data: Mapping[Any, Any]) -> tuple[tuple[str, int], ...]:
    needs = data.get("needs") or {}
    if not isinstance(needs, Mapping) or not all(
        isinstance(k, str) and isinstance(v, int) and not isinstance(v, bool) and v > 0 for k, v in needs.items()
    ):
        raise BadRole(
            f"{stem}.yaml: needs is {needs!r}; it must give a number of machines for each role, like {{controller: 1}}",
            "needs",
        )
    return tuple(needs.items())


def _known(stem: str, key: str, found: tuple[str, ...], known: tuple[str, ...]) -> None:
    wrong = [word for word in found if word not in known]
    if wrong:
        raise BadRole(
            f"{stem}.yaml: {key} has {', '.join(wrong)[:100]}, which is not known; known are {', '.join(known)}", key
        )


def parse(stem: str, data: Any) -> Role:
    """The role in `data` (a parsed YAML mapping) of the file named `stem`. Raises BadRole."""
    if not isinstance(data, Mapping):
        raise BadRole(f"{stem}.yaml does not hold a mapping; start it with 'name: {stem}'")
    unknown = sorted(map(str, set(data) - _KEYS))
    if unknown:
        raise BadRole(f"{stem}.yaml has unknown keys {unknown}; known are {sorted(_KEYS)}", unknown[0])
    name = data.get("name", "")
    if name != stem or not _NAME.fullmatch(stem):
        raise BadRole(f"{stem}.yaml names the role {name!r}; it must be the file's own name, lower case", "name")
    networks = _words(stem, data, "networks", ("provisioning",))
    _known(stem, "networks", networks, PURPOSES)
    disks = _text(stem, data, "disks", "plain")
    _known(stem, "disks", (disks,), tuple(LAYOUTS))
    return Role(
        name=name,
        title=_text(stem, data, "title", name),
        order=_order(stem, data),
        hostname=_hostname(stem, data),
        profiles=_profiles(stem, data),
        networks=networks,
        needs=_needs(stem, data),
        disks=disks,
        first_alone=_flag(stem, data, "first_alone"),
        quorum=_flag(stem, data, "quorum"),
        canary=_flag(stem, data, "canary"),
        max_unavailable=_max_unavailable(stem, data),
    )


def named(roles: Mapping[str, Role], name: str) -> Role:
    """The role called `name`. Raises BadRole when its file is gone or cannot be used."""
    if name not in roles:
        raise BadRole(
            f"the role {name[:63]!r} has no role file that can be used; put {name[:63]}.yaml back into "
            "/etc/oci/roles.d as it was"
        )
    return roles[name]


def unmet(roles: Mapping[str, Role]) -> list[str]:
    """What roles need and no role gives, in words."""
    return [
        f"{role.name}.yaml: needs has {name}, and no role is called so"
        for role in roles.values()
        for name, _count in role.needs
        if name not in roles
    ]


def hostname(role: Role, number: int) -> str:
    """The short host name of the `number`-th machine of `role`."""
    return role.hostname.format(role=role.name, number=number)


def next_number(taken: Collection[int], refused: Callable[[int], bool] = lambda number: False) -> int:
    """The lowest free number from 1 upwards that is not `refused`. Raises BadRole when none of five digits is left."""
    number = next((n for n in range(1, MOST_NUMBER + 1) if n not in taken and not refused(n)), None)
    if number is None:
        raise BadRole(f"no number up to {MOST_NUMBER} is free for a machine of this role; give a host name by hand")
    return number
