"""profile::ovn::central: OVN's databases, north and south, clustered over all members that have it (Raft)."""

from __future__ import annotations

from typing import Any

from oci.domain.cluster.fleet import Fleet, Member
from oci.domain.cluster.profiles import Profile
from oci.render.puppet.profiles.cloud import address, addresses, certificate

NAME = "profile::ovn::central"


def parameters(fleet: Fleet, member: Member) -> dict[str, Any]:
    """The first begins the cluster, and the others join it. A database of one is a cluster of one."""
    return {
        "address": address(member),
        "members": addresses(fleet, NAME),
        "certificate": certificate("host"),
    }


PROFILE = Profile(parameters, certificates=("host",), checks=("ovn.leader",), packages=("ovn-central",))
