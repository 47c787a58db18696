"""profile::nova::common: what every machine with a part of Nova has."""

from __future__ import annotations

from typing import Any

from oci.domain.cluster.fleet import Fleet, Member
from oci.domain.cluster.profiles import Profile, Secret
from oci.render.puppet.profiles.cloud import certificate, cloud

NAME = "profile::nova::common"


def parameters(fleet: Fleet, member: Member) -> dict[str, Any]:
    """Of users of other services it is given those that Nova is when it asks them."""
    return {
        "cloud": cloud(fleet, member, NAME),
        "certificate": certificate("host"),
        "hostname": member.hostname,
        "password": Secret("keystone.nova"),
        "placement_password": Secret("keystone.placement"),
        "neutron_password": Secret("keystone.neutron"),
        "rabbitmq_password": Secret("rabbitmq.nova"),
    }


PROFILE = Profile(
    parameters,
    secrets=("keystone.nova", "keystone.placement", "keystone.neutron", "rabbitmq.nova"),
    certificates=("host",),
    packages=("nova-common", "python3-nova"),
)
