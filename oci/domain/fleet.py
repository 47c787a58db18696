"""The frozen snapshot of what is wanted: the input of every renderer."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from oci.domain.roles import Role


@dataclass(frozen=True)
class Member:
    """One machine of a cluster, as the renderers see it. `address` has no prefix length."""

    machine_id: int
    hostname: str
    fqdn: str
    role: str
    number: int
    address: str


@dataclass(frozen=True)
class Site:
    """What is the same for every machine of this appliance."""

    ntp_servers: tuple[str, ...]
    ca_certificates: tuple[tuple[str, str], ...]  # name, PEM
    ssh_authorized_keys: tuple[str, ...]
    apt_uri: str
    apt_suite: str
    apt_components: str
    puppet_server: str
    puppet_address: str
    environment: str = "production"


@dataclass(frozen=True)
class Fleet:
    """One cluster: its members in a fixed order (role order, number), its roles, and the site."""

    cluster: str
    domain: str
    members: tuple[Member, ...]
    roles: Mapping[str, Role]
    site: Site


def in_order(members: Iterable[Member], roles: Mapping[str, Role]) -> tuple[Member, ...]:
    """Members by role order, role and number; those whose role has no file any more come last."""
    return tuple(
        sorted(members, key=lambda m: (m.role not in roles, roles[m.role].order if m.role in roles else 0, m.role, m.number))
    )
