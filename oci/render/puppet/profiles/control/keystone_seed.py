"""profile::keystone::seed: what services find in Keystone of each other."""

from __future__ import annotations

from typing import Any

from oci.domain.cluster.fleet import Fleet, Member
from oci.domain.cluster.profiles import Profile, Secret
from oci.render.puppet.profiles.cloud import cloud

KEYSTONE = "profile::keystone"
# By profile: name, title and path below the front. Of which type each is, its class knows.
SERVICES = {
    "profile::glance": ("glance", "Images", "/image"),
    "profile::placement": ("placement", "Placement", "/placement"),
    "profile::nova": ("nova", "Compute", "/compute/v2.1"),
    "profile::neutron": ("neutron", "Network", "/network"),
}


def parameters(fleet: Fleet, member: Member) -> dict[str, Any]:
    """The services that some member of the cluster runs."""
    return {
        "cloud": cloud(fleet, member, KEYSTONE),
        "admin_password": Secret("keystone.admin"),
        "services": {
            name: {"description": title, "path": path, "password": Secret(f"keystone.{name}")}
            for profile, (name, title, path) in SERVICES.items()
            if fleet.with_profile(profile)
        },
    }


PROFILE = Profile(
    parameters,
    secrets=("keystone.admin", *(f"keystone.{name}" for name, *_rest in SERVICES.values())),
    checks=("keystone.catalogue",),
    packages=("python3-openstackclient",),
)
