"""Certificates of a cluster: which a profile may ask for, whom each names, and when one is made anew."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from oci.domain.cluster.fleet import Fleet, Member

DAY = 86400.0
AUTHORITY_DAYS = 3650
LEAF_DAYS = 397
"""What browsers take at most (CA/Browser Forum, Baseline Requirements 6.3.2)."""
RENEW_DAYS = 120
"""A certificate that is good for less is made anew at the next classification."""

API = "api"
"""The virtual address by which a cluster is reached."""
ROOT = "cluster.ca"
"""The mark of the cluster's own root certificate, in PEM. No secret, but the same for all of its members."""


def _host(fleet: Fleet, member: Member) -> tuple[str, ...]:
    return (member.fqdn, member.hostname, *dict.fromkeys(address for _purpose, address in member.addresses))


def _api(fleet: Fleet, member: Member) -> tuple[str, ...]:
    """The names and addresses of the cluster's virtual address; a cluster without one is reached by its name alone."""
    name = f"{API}.{fleet.domain}"
    return (name, *dict.fromkeys(vip.address for vip in fleet.vips if vip.fqdn == name))


@dataclass(frozen=True)
class Certificate:
    """One kind of certificate. `names` are DNS names and addresses, the first is its subject.

    `shared`: all members have the same; else each has its own.
    """

    meaning: str
    names: Callable[[Fleet, Member], tuple[str, ...]]
    shared: bool = False


CERTIFICATES = {
    "host": Certificate("the machine itself, by its names and all its addresses", _host),
    "api": Certificate("the cluster's services, by the name and address of its virtual address api", _api, shared=True),
}


def marks_of(certificates: tuple[str, ...]) -> set[str]:
    """The marks that a profile with `certificates` may give: key and chain of each (PEM), and the root of the cluster."""
    return {f"{name}.{part}" for name in certificates for part in ("key", "crt")} | ({ROOT} if certificates else set())


def is_stale(names: tuple[str, ...], wanted: tuple[str, ...], until: float, now: float) -> bool:
    """Whether a certificate for `names`, good `until`, has to be made anew at `now`; both in seconds since the epoch."""
    return names != wanted or until - now < RENEW_DAYS * DAY
