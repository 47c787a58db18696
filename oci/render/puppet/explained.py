"""What a parameter that Puppet is given is made of: found by trying, and not by a table that somebody would have to keep.

The function that computes a profile's parameters is pure. So it is asked again with a snapshot in which one thing is
otherwise: what then gives another value is what the parameter hangs on.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from oci.domain.cloud.certificates import CERTIFICATES, ROOT
from oci.domain.cluster.fleet import Fleet, Member
from oci.domain.cluster.profiles import Profile, conceal, marks, parameters_of
from oci.domain.cluster.roles import named
from oci.domain.deploy.explained import CERTIFICATE, PROFILE, SECRET, Input
from oci.render.puppet.profiles import PROFILES
from oci.render.puppet.variations import variations

SAME = "the same on every machine that has it"
LONGEST = 1 << 16
"""Characters of a value that are told."""
NAMED = 60
"""Parameters, or parts of one, that are named."""
_NOTHING = object()


class Unknown(LookupError):
    """No such parameter is given to the machine; the text says which are."""


@dataclass(frozen=True)
class Explained:
    """One parameter, or a part of it: the class that is given it, its value as JSON with *** for each secret, what it is
    made of, and the names of its parts, where it has some.

    `needs` are inputs without which the whole class could not be given.
    """

    name: str
    profile: str
    value: str
    inputs: tuple[Input, ...]
    needs: tuple[Input, ...] = ()
    parts: tuple[str, ...] = ()


def names(fleet: Fleet, member: Member) -> tuple[str, ...]:
    """Every parameter that `member` is given, like profile::base::domain. Raises BadRole, BadProfile."""
    return tuple(f"{one}::{key}" for one in _profiles(fleet, member) for key in _given(one, fleet, member))


def _profiles(fleet: Fleet, member: Member) -> list[str]:
    return [name for name in named(fleet.roles, member.role).profiles if name in PROFILES]


def _given(profile: str, fleet: Fleet, member: Member) -> dict[str, Any]:
    return parameters_of(profile, PROFILES[profile], fleet, member)


def _part(value: Any, path: str) -> Any:
    """What is at `path` of a value, such as cloud.region; a key may hold points itself. _NOTHING where there is nothing."""
    if not path:
        return value
    pairs = value.items() if isinstance(value, Mapping) else enumerate(value) if isinstance(value, list | tuple) else ()
    for key, held in pairs:
        if path == str(key):
            return held
        if path.startswith(f"{key}.") and (found := _part(held, path[len(str(key)) + 1 :])) is not _NOTHING:
            return found
    return _NOTHING


def _some(found: list[str]) -> str:
    return ", ".join(found[:NAMED]) + (f" and {len(found) - NAMED} more" if len(found) > NAMED else "")


def _found(name: str, fleet: Fleet, member: Member) -> tuple[str, str, Any]:
    """The profile that is given `name`, the path in its parameters, and what is there. Raises Unknown, BadRole,
    BadProfile."""
    have = _profiles(fleet, member)
    near = sorted((one for one in have if name.startswith(f"{one}::")), key=len, reverse=True)
    for profile in near:
        path = name.removeprefix(f"{profile}::")
        if path and (value := _part(_given(profile, fleet, member), path)) is not _NOTHING:
            return profile, path, value
    if not near:
        raise Unknown(
            f"{name[:200]!r} is a parameter of no class that OCI gives parameters; they are {_some(have) or 'none'}"
        )
    given = [f"{near[0]}::{key}" for key in _given(near[0], fleet, member)]
    raise Unknown(f"{near[0]} is given no parameter {name[:200]!r}; it is given {_some(given) or 'none'}")


def _marked(value: Any) -> tuple[Input, ...]:
    found: dict[Input, None] = {}
    for mark in marks(value):
        stem, _, part = mark.name.rpartition(".")
        if mark.name == ROOT:
            found[Input(CERTIFICATE, ROOT, "the root of the cluster's own CA")] = None
        elif stem in CERTIFICATES and part in ("key", "crt"):
            found[Input(CERTIFICATE, stem, CERTIFICATES[stem].meaning)] = None
        else:
            found[Input(SECRET, mark.name, "***")] = None
    return tuple(found)


def _hangs_on(profile: Profile, path: str, value: Any, fleet: Fleet, member: Member) -> tuple[list[Input], list[Input]]:
    """The inputs that change what is at `path`; and those without which there are no parameters at all."""
    inputs, needs = [], []
    for one, ways in variations(fleet, member):
        fails = False
        for way in ways:
            try:
                other = _part(profile.parameters(*way()), path)
            except ValueError:  # BadProfile, or a value that some function does not take
                fails = True
            except (LookupError, TypeError, AttributeError):
                continue  # a snapshot that cannot be: it says nothing
            else:
                if other != value:
                    inputs.append(one)
                    break
        else:
            needs += [one] if fails else []
    return inputs, needs


def _text(value: Any) -> str:
    text = json.dumps(conceal(value), ensure_ascii=False)
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}... ({len(text)} characters in all)"


def explain(fleet: Fleet, member: Member, name: str) -> Explained:
    """What the parameter `name` of `member`, like profile::nova::common::cloud, or a part of it, like
    profile::nova::common::cloud.region, is and is made of. Raises Unknown, BadRole, BadProfile.

    It costs some hundred calls of one profile's function.
    """
    profile, path, value = _found(name, fleet, member)
    inputs, needs = _hangs_on(PROFILES[profile], path, value, fleet, member)
    made_of = (*inputs, *_marked(value))
    parts = [f"{name}.{key}" for key in value][:NAMED] if isinstance(value, Mapping) else []
    return Explained(name, profile, _text(value), made_of or (Input(PROFILE, profile, SAME),), tuple(needs), tuple(parts))
