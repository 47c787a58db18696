"""Roles: data, read from YAML, checked here. No code compares a role's name."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

_NAME = re.compile(r"[a-z][a-z0-9]{0,31}")
_PROFILE = re.compile(r"profile::[a-z][a-z0-9_]*(::[a-z][a-z0-9_]*)*")
_KEYS = {"name", "title", "order", "needs", "networks", "disks", "hostname", "profiles"}


class BadRole(ValueError):
    """A role file that cannot be used; the text says where and why."""


@dataclass(frozen=True)
class Role:
    """What a machine is for. `hostname` is a pattern with {role} and {number}."""

    name: str
    title: str
    order: int
    hostname: str
    profiles: tuple[str, ...]
    networks: tuple[str, ...] = ("provisioning",)
    needs: tuple[tuple[str, int], ...] = ()
    disks: str = "plain"


def parse(stem: str, data: Any) -> Role:
    """The role in `data` (a parsed YAML mapping) of the file named `stem`. Raises BadRole."""
    if not isinstance(data, Mapping):
        raise BadRole(f"{stem}.yaml does not hold a mapping; start it with 'name: {stem}'")
    unknown = set(data) - _KEYS
    if unknown:
        raise BadRole(f"{stem}.yaml has unknown keys {sorted(map(str, unknown))}; known are {sorted(_KEYS)}")
    name = str(data.get("name", ""))
    if name != stem or not _NAME.fullmatch(name):
        raise BadRole(f"{stem}.yaml names the role {name!r}; it must be the file's own name, lower case")
    profiles = tuple(map(str, data.get("profiles") or ()))
    if not profiles or not all(_PROFILE.fullmatch(p) for p in profiles):
        raise BadRole(f"{stem}.yaml needs profiles such as profile::base; it has {list(profiles)}")
    pattern = str(data.get("hostname", "{role}{number}"))
    if not re.fullmatch(r"[a-z0-9-]*(\{role\})?[a-z0-9-]*\{number\}[a-z0-9-]*", pattern):
        raise BadRole(f"{stem}.yaml: hostname pattern {pattern!r} must hold {{number}} and only a-z, 0-9 and -")
    return Role(
        name=name,
        title=str(data.get("title", name)),
        order=int(data.get("order", 50)),
        hostname=pattern,
        profiles=profiles,
        networks=tuple(map(str, data.get("networks") or ("provisioning",))),
        needs=tuple((str(k), int(v)) for k, v in (data.get("needs") or {}).items()),
        disks=str(data.get("disks", "plain")),
    )


def hostname(role: Role, number: int) -> str:
    """The short host name of the `number`-th machine of `role`."""
    return role.hostname.format(role=role.name, number=number)


def next_number(taken: Collection[int]) -> int:
    """The lowest free number from 1 upwards."""
    number = 1
    while number in taken:
        number += 1
    return number
