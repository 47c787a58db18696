"""profile::neutron::common: what every machine with a part of Neutron has."""

from __future__ import annotations

from typing import Any

from oci.domain.cluster.fleet import Fleet, Member
from oci.domain.cluster.profiles import Profile, Secret
from oci.render.puppet.profiles.cloud import certificate, cloud

NAME = "profile::neutron::common"


def parameters(fleet: Fleet, member: Member) -> dict[str, Any]:
    """Its name there is its short one, as Nova's and OVN's."""
    return {
        "cloud": cloud(fleet, member, NAME),
        "certificate": certificate("host"),
        "hostname": member.hostname,
        "rabbitmq_password": Secret("rabbitmq.neutron"),
    }


PROFILE = Profile(parameters, secrets=("rabbitmq.neutron",), certificates=("host",), packages=("neutron-common",))
