"""profile::neutron: the control side of networks: API and what works for it, ML2 with OVN."""

from __future__ import annotations

from typing import Any

from oci.domain.cluster.fleet import Fleet, Member
from oci.domain.cluster.profiles import Profile, Secret
from oci.render.puppet.profiles.cloud import certificate, cloud
from oci.render.puppet.profiles.ovn import PHYSICAL, databases

NAME = "profile::neutron"


def parameters(fleet: Fleet, member: Member) -> dict[str, Any]:
    """OVN's databases are named by the addresses of all their members; the driver finds the leader among them."""
    return {
        "cloud": cloud(fleet, member, NAME),
        "certificate": certificate("host"),
        "password": Secret("keystone.neutron"),
        "nova_password": Secret("keystone.nova"),
        "placement_password": Secret("keystone.placement"),
        "database_password": Secret("mariadb.neutron"),
        "rabbitmq_password": Secret("rabbitmq.neutron"),
        "physical": [PHYSICAL],
        **databases(fleet),
    }


PROFILE = Profile(
    parameters,
    secrets=("keystone.neutron", "keystone.nova", "keystone.placement", "mariadb.neutron", "rabbitmq.neutron"),
    certificates=("host",),
    checks=("neutron.agents",),
)
