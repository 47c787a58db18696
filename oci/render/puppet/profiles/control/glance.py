"""profile::glance: images, in files of each member."""

from __future__ import annotations

from typing import Any

from oci.domain.cluster.fleet import Fleet, Member
from oci.domain.cluster.profiles import Profile, Secret
from oci.render.puppet.profiles.cloud import certificate, cloud

NAME = "profile::glance"


def parameters(fleet: Fleet, member: Member) -> dict[str, Any]:
    """As Profile::Cloud has it, with the passwords of its own user in Keystone, database and queue."""
    return {
        "cloud": cloud(fleet, member, NAME),
        "certificate": certificate("host"),
        "password": Secret("keystone.glance"),
        "database_password": Secret("mariadb.glance"),
        "rabbitmq_password": Secret("rabbitmq.glance"),
    }


PROFILE = Profile(
    parameters,
    secrets=("keystone.glance", "mariadb.glance", "rabbitmq.glance"),
    certificates=("host",),
    checks=("glance.answers",),
)
