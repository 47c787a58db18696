"""profile::ovn::central: OVN's databases, north and south, clustered over all members that have it (Raft)."""

from __future__ import annotations

from typing import Any

from oci.domain.cluster.fleet import Fleet, Member
from oci.domain.cluster.profiles import Profile
from oci.render.puppet.profiles.cloud import address, addresses, certificate, is_first
from oci.render.puppet.profiles.ovn import CENTRAL


def parameters(fleet: Fleet, member: Member) -> dict[str, Any]:
    """The first begins the cluster, the others join it through the first. A database of one is a cluster of one."""
    first = is_first(fleet, CENTRAL, member)
    return {
        "address": address(member),
        "join": "" if first else addresses(fleet, CENTRAL)[0],
        "certificate": certificate("host"),
    }


PROFILE = Profile(parameters, certificates=("host",), checks=("ovn.leader",))
