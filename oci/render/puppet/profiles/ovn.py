"""OVN as the profiles around it are told of it: where its databases are, and what its one physical network is called."""

from __future__ import annotations

from oci.domain.cluster.fleet import Fleet, Member
from oci.render.puppet.profiles.cloud import address, addresses

CENTRAL = "profile::ovn::central"
TUNNEL = "tunnel"
PHYSICAL = "external"
"""The name by which Neutron knows the network that is outside of the cloud; the bridge to it is br-ex."""

# Ports of the two databases for clients: ovn-architecture(7), ovn-ctl(8).
NORTH, SOUTH = 6641, 6642


def databases(fleet: Fleet) -> dict[str, list[str]]:
    """Parameters `north` and `south`: connections to all members of each database, as OVSDB writes them."""
    hosts = [f"[{text}]" if ":" in text else text for text in addresses(fleet, CENTRAL)]
    return {"north": [f"ssl:{host}:{NORTH}" for host in hosts], "south": [f"ssl:{host}:{SOUTH}" for host in hosts]}


def encapsulation(member: Member) -> str:
    """The address that tunnels between machines end at."""
    return member.address(TUNNEL) or address(member)
