"""profile::nova: the control side of compute: API, metadata, conductor, scheduler, consoles, cells."""

from __future__ import annotations

from typing import Any

from oci.domain.cluster import flavors
from oci.domain.cluster.fleet import Fleet, Member
from oci.domain.cluster.profiles import BadProfile, Profile, Secret
from oci.render.puppet.profiles.cloud import cloud, is_first

NAME = "profile::nova"


def parameters(fleet: Fleet, member: Member) -> dict[str, Any]:
    """Beside what profile::nova::common is given. Flavors are made by the first alone. Raises BadProfile."""
    return {
        "cloud": cloud(fleet, member, NAME),
        "password": Secret("keystone.nova"),
        "database_password": Secret("mariadb.nova"),
        "metadata_secret": Secret("neutron.metadata"),
        "flavors": _flavors(fleet, member) if is_first(fleet, NAME, member) else {},
    }


def _flavors(fleet: Fleet, member: Member) -> dict[str, dict[str, Any]]:
    """By name, as Profile::Flavor has them."""
    try:
        declared = flavors.flavors(fleet.site_of(member).flavors)
    except ValueError as wrong:  # of the configuration: what is set for a cluster was read before
        raise BadProfile(f"the setting flavors cannot be used: {wrong}. It must be {flavors.LOOK}") from None
    return {
        each.name: {"id": str(each.id), "vcpus": each.vcpus, "ram": each.memory_mib, "disk": each.disk_gib}
        for each in declared
    }


PROFILE = Profile(
    parameters,
    secrets=("keystone.nova", "mariadb.nova", "neutron.metadata"),
    checks=("nova.services",),
    packages=("nova-api", "nova-conductor", "nova-scheduler", "nova-consoleproxy", "novnc"),
)
