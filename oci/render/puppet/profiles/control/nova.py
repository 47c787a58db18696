"""profile::nova: the control side of compute: API, metadata, conductor, scheduler, consoles, cells."""

from __future__ import annotations

from typing import Any

from oci.domain.cluster.fleet import Fleet, Member
from oci.domain.cluster.profiles import Profile, Secret
from oci.render.puppet.profiles.cloud import cloud

NAME = "profile::nova"


def parameters(fleet: Fleet, member: Member) -> dict[str, Any]:
    """Beside what profile::nova::common is given."""
    return {
        "cloud": cloud(fleet, member, NAME),
        "password": Secret("keystone.nova"),
        "database_password": Secret("mariadb.nova"),
        "metadata_secret": Secret("neutron.metadata"),
    }


PROFILE = Profile(
    parameters,
    secrets=("keystone.nova", "mariadb.nova", "neutron.metadata"),
    checks=("nova.services",),
    packages=("nova-api", "nova-conductor", "nova-scheduler", "nova-consoleproxy", "novnc"),
)
