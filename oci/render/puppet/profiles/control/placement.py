"""profile::placement: what computes have, and what of it is taken."""

from __future__ import annotations

from typing import Any

from oci.domain.cluster.fleet import Fleet, Member
from oci.domain.cluster.profiles import Profile, Secret
from oci.render.puppet.profiles.cloud import certificate, cloud

NAME = "profile::placement"


def parameters(fleet: Fleet, member: Member) -> dict[str, Any]:
    """As Profile::Cloud has it, with the passwords of its own users."""
    return {
        "cloud": cloud(fleet, member, NAME),
        "certificate": certificate("host"),
        "password": Secret("keystone.placement"),
        "database_password": Secret("mariadb.placement"),
    }


PROFILE = Profile(
    parameters,
    secrets=("keystone.placement", "mariadb.placement"),
    certificates=("host",),
    checks=("placement.answers",),
    packages=("placement-api", "placement-common", "python3-placement"),
)
