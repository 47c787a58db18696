"""profile::neutron: the control side of networks: API and what works for it, ML2 with OVN."""

from __future__ import annotations

from typing import Any

from oci.domain.cluster.fleet import Fleet, Member
from oci.domain.cluster.profiles import Profile, Secret
from oci.render.puppet.profiles.cloud import cloud
from oci.render.puppet.profiles.ovn import PHYSICAL, databases

NAME = "profile::neutron"


def parameters(fleet: Fleet, member: Member) -> dict[str, Any]:
    """Beside what profile::neutron::common is given. OVN's databases are named by all their members."""
    return {
        "cloud": cloud(fleet, member, NAME),
        "password": Secret("keystone.neutron"),
        "nova_password": Secret("keystone.nova"),
        "placement_password": Secret("keystone.placement"),
        "database_password": Secret("mariadb.neutron"),
        "physical": [PHYSICAL],
        "outside": {
            network.name: {
                "cidr": network.cidr,
                "gateway": network.gateway,
                "pools": [list(ends) for ends in network.pools],
                "vlan": network.vlan,
                "mtu": network.mtu,
            }
            for network in fleet.outside
        },
        **databases(fleet),
    }


PROFILE = Profile(
    parameters,
    secrets=("keystone.neutron", "keystone.nova", "keystone.placement", "mariadb.neutron"),
    checks=("neutron.agents",),
    packages=("neutron-api", "neutron-periodic-workers", "neutron-ovn-maintenance-worker"),
)
