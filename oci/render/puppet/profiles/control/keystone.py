"""profile::keystone: identity. What is in it (projects, users, endpoints) is seeded by the appliance, not by Puppet."""

from __future__ import annotations

from typing import Any

from oci.domain.cluster.fleet import Fleet, Member
from oci.domain.cluster.profiles import Profile, Secret
from oci.render.puppet.profiles.cloud import certificate, cloud

NAME = "profile::keystone"
FERNET = ("0", "1")
"""Numbers of the keys: the highest signs, 0 is the one that comes after it (Keystone's administrator guide, "Fernet")."""
CREDENTIAL = ("0", "1")
"""Keys of stored credentials: 1 encrypts, 0 only decrypts. `keystone-manage credential_setup` makes these two."""


def parameters(fleet: Fleet, member: Member) -> dict[str, Any]:
    """The same keys on every member: a token of one is a token of all."""
    return {
        "cloud": cloud(fleet, member, NAME),
        "certificate": certificate("host"),
        "database_password": Secret("mariadb.keystone"),
        "admin_password": Secret("keystone.admin"),
        "fernet_keys": {number: Secret(f"keystone.fernet.{number}") for number in FERNET},
        "credential_keys": {number: Secret(f"keystone.credential.{number}") for number in CREDENTIAL},
    }


PROFILE = Profile(
    parameters,
    secrets=(
        "mariadb.keystone",
        "keystone.admin",
        *(f"keystone.fernet.{number}" for number in FERNET),
        *(f"keystone.credential.{number}" for number in CREDENTIAL),
    ),
    certificates=("host",),
    checks=("keystone.token",),
    packages=("keystone", "python3-pymysql", "python3-mysqldb", "uwsgi-core", "uwsgi-plugin-python3"),
)
