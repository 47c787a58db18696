"""profile::mariadb: one Galera cluster of all members that have it, and the databases of the services that there are."""

from __future__ import annotations

from typing import Any

from oci.domain.cluster.fleet import Fleet, Member
from oci.domain.cluster.profiles import Profile, Secret
from oci.domain.cluster.sizes import database_pool
from oci.render.puppet.profiles.cloud import DATABASES, address, addresses, certificate, is_first

NAME = "profile::mariadb"
OWNERS = tuple(names[0] for names in DATABASES.values())


def parameters(fleet: Fleet, member: Member) -> dict[str, Any]:
    """Its certificate is that of the front: clients reach it through there, and compare the name."""
    wanted = [names for profile, names in DATABASES.items() if fleet.with_profile(profile)]
    return {
        "cluster": fleet.cluster,
        "address": address(member),
        "members": addresses(fleet, NAME),
        "first": is_first(fleet, NAME, member),
        "pool_mib": database_pool(member.memory_bytes),
        "owners": {names[0]: {"databases": list(names), "password": Secret(f"mariadb.{names[0]}")} for names in wanted},
        "certificate": certificate("api"),
    }


PROFILE = Profile(
    parameters,
    secrets=tuple(f"mariadb.{owner}" for owner in OWNERS),
    certificates=("api",),
    checks=("mariadb.synced",),
    packages=("mariadb-server", "mariadb-backup", "galera-4", "rsync", "socat", "stunnel4"),
)
