"""What OCI knows of one Puppet profile: its parameters, and the secrets, certificates and checks that go with it.

A parameter function never sees a secret. It says where one belongs by a mark, `Secret("rabbitmq.cookie")`; whoever shows
parameters conceals the marks, and only the listener of the Puppet server has them resolved, each for a profile that
declared it. So a machine is given the secrets of its own profiles and no others, whatever a parameter function does.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from oci.domain.cloud.certificates import CERTIFICATES, marks_of
from oci.domain.cluster.fleet import Fleet, Member

CONCEALED = "***"
_NAME = re.compile(r"[a-z][a-z0-9]*([._-][a-z0-9]+)*")
# Debian Policy Manual, 5.6.1 Source.
_PACKAGE = re.compile(r"[a-z0-9][a-z0-9+.-]+")


class BadProfile(ValueError):
    """A profile that contradicts itself; the text says which, why, and what to write instead."""


@dataclass(frozen=True)
class Secret:
    """The mark of a secret in parameters: its name, never its value. Any view of it but the Puppet server's is ***."""

    name: str

    def __str__(self) -> str:
        return CONCEALED


@dataclass(frozen=True)
class Profile:
    """One Puppet profile.

    `parameters` computes what its class is given: JSON-like data, with marks. `secrets` are the names of all marks that it
    may give, `certificates` those of CERTIFICATES that a machine with it needs, which adds the marks of their keys and
    chains; `checks` the names of what must be seen to work once it has converged; `packages` what its class installs,
    names of Debian, which the image of a role may hold beforehand. Raises BadProfile for a name that is none, or is there
    twice, and for a certificate that nobody makes.
    """

    parameters: Callable[[Fleet, Member], Mapping[str, Any]]
    secrets: tuple[str, ...] = ()
    certificates: tuple[str, ...] = ()
    checks: tuple[str, ...] = ()
    packages: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        for what in ("secrets", "certificates", "checks"):
            names: tuple[str, ...] = getattr(self, what)
            wrong = [name for name in names if not _NAME.fullmatch(name) or names.count(name) > 1]
            if wrong:
                raise BadProfile(
                    f"{what} of a profile has {wrong[0]!r}; each is written once, in lower case, like rabbitmq.cookie"
                )
        strange = [name for name in self.packages if not _PACKAGE.fullmatch(name) or self.packages.count(name) > 1]
        if strange:
            raise BadProfile(f"packages of a profile has {strange[0]!r}; each is a package of Debian, named once")
        unknown = [name for name in self.certificates if name not in CERTIFICATES]
        if unknown:
            raise BadProfile(f"a profile has the certificate {unknown[0]!r}; there are {', '.join(CERTIFICATES)}")

    @property
    def marks(self) -> frozenset[str]:
        """The names of all marks that it may give."""
        return frozenset(self.secrets) | marks_of(self.certificates)


def packages_of(names: Iterable[str], profiles: Mapping[str, Profile]) -> tuple[str, ...]:
    """The packages that the profiles `names` install, by name. Those that are not of `profiles` are a site's own: what they
    install is not known here."""
    return tuple(sorted({package for name in names if name in profiles for package in profiles[name].packages}))


def marks(value: Any) -> Iterator[Secret]:
    """Every mark in `value`. Keys are not looked at: one that is no text cannot be written."""
    if isinstance(value, Secret):
        yield value
    elif isinstance(value, (Mapping, list, tuple)):
        for held in value.values() if isinstance(value, Mapping) else value:
            yield from marks(held)


def fill(value: Any, give: Callable[[Secret], Any]) -> Any:
    """`value` with `give(mark)` in the place of each mark."""
    if isinstance(value, Secret):
        return give(value)
    if isinstance(value, Mapping):
        return {key: fill(held, give) for key, held in value.items()}
    return [fill(held, give) for held in value] if isinstance(value, (list, tuple)) else value


def conceal(value: Any) -> Any:
    """`value` as anybody may see it: *** in the place of each mark."""
    return fill(value, str)


def parameters_of(name: str, profile: Profile, fleet: Fleet, member: Member) -> dict[str, Any]:
    """The parameters of the class `name` for `member`, with marks. Raises BadProfile for a mark that the profile did not
    declare."""
    parameters = dict(profile.parameters(fleet, member))
    for parameter, value in parameters.items():
        for mark in marks(value):
            if mark.name not in profile.marks:
                raise BadProfile(
                    f"{name} gives its parameter {parameter} the secret {mark.name!r}, which it does not declare, so no "
                    "machine is given it; name it in `secrets` of the profile, or take it out of the parameter"
                )
    return parameters
