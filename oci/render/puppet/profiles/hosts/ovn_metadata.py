"""profile::ovn::metadata: answers servers that ask who they are."""

from __future__ import annotations

from typing import Any

from oci.domain.cluster.fleet import Fleet, Member
from oci.domain.cluster.profiles import Profile, Secret
from oci.render.puppet.profiles.cloud import cloud
from oci.render.puppet.profiles.ovn import databases

NAME = "profile::ovn::metadata"


def parameters(fleet: Fleet, member: Member) -> dict[str, Any]:
    """It asks through the front, and signs with the secret that nova knows."""
    return {
        "cloud": cloud(fleet, member, NAME),
        "south": databases(fleet)["south"],
        "metadata_secret": Secret("neutron.metadata"),
    }


PROFILE = Profile(
    parameters, secrets=("neutron.metadata",), checks=("ovn.metadata",), packages=("neutron-ovn-metadata-agent",)
)
