"""profile::nova: the control side of compute: API, metadata, conductor, scheduler, consoles, cells."""

from __future__ import annotations

from typing import Any

from oci.domain.cluster.fleet import Fleet, Member
from oci.domain.cluster.profiles import Profile, Secret
from oci.render.puppet.profiles.cloud import certificate, cloud

NAME = "profile::nova"


def parameters(fleet: Fleet, member: Member) -> dict[str, Any]:
    """One cell beside cell0; each further service whose user nova is brings that user's password."""
    return {
        "cloud": cloud(fleet, member, NAME),
        "certificate": certificate("host"),
        "password": Secret("keystone.nova"),
        "placement_password": Secret("keystone.placement"),
        "neutron_password": Secret("keystone.neutron"),
        "database_password": Secret("mariadb.nova"),
        "rabbitmq_password": Secret("rabbitmq.nova"),
        "metadata_secret": Secret("neutron.metadata"),
    }


PROFILE = Profile(
    parameters,
    secrets=(
        "keystone.nova",
        "keystone.placement",
        "keystone.neutron",
        "mariadb.nova",
        "rabbitmq.nova",
        "neutron.metadata",
    ),
    certificates=("host",),
    checks=("nova.services",),
)
