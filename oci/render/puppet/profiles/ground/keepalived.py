"""profile::keepalived: the virtual addresses of a cluster, on one of the members that have it (VRRP, RFC 9568)."""

from __future__ import annotations

from typing import Any

from oci.domain.cluster.fleet import Fleet, Member, Vip
from oci.domain.cluster.profiles import BadProfile, Profile
from oci.domain.networks.claims import parse

NAME = "profile::keepalived"
MOST_PRIORITY = 200  # of 254 for those who do not own the address (RFC 9568, section 5.2.4)


def router_id(address: str) -> int:
    """A number of a virtual router (1 to 255) that another cluster on the same wire hardly has: by the address itself."""
    found = parse(address)
    return int(found) % 255 + 1 if found else 1


def _prefix(fleet: Fleet, vip: Vip) -> int:
    """The prefix length of the network of `vip`; that of a single address, when nobody knows its network."""
    found = parse(vip.address)
    whole = found.max_prefixlen if found else 32
    return next((int(one.cidr.partition("/")[2]) for one in fleet.networks if one.purpose == vip.purpose), whole)


def _on(member: Member, vip: Vip) -> str:
    """The address of `member` beside `vip`: of the network of the same purpose, or the one it was installed over."""
    family = getattr(parse(vip.address), "version", 0)
    both = [text for purpose in (vip.purpose, "") for its, text in member.addresses if purpose in (its, "")]
    return next((text for text in both if getattr(parse(text), "version", 0) == family), "")


def parameters(fleet: Fleet, member: Member) -> dict[str, Any]:
    """Raises BadProfile for a virtual address that is not of a family that the member has."""
    members = fleet.with_profile(NAME)
    routers = {}
    for vip in fleet.vips:
        own = _on(member, vip)
        if not own:
            raise BadProfile(
                f"{member.fqdn} has no address of the family of {vip.address}, which is {vip.fqdn}; give it one, or take "
                "the virtual address away"
            )
        routers[vip.address] = {
            "prefix": _prefix(fleet, vip),
            "id": router_id(vip.address),
            "own": own,
            "peers": [_on(one, vip) for one in members if one is not member and _on(one, vip)],
        }
    priority = MOST_PRIORITY - members.index(member) if member in members else 1
    return {"hostname": member.hostname, "priority": max(priority, 1), "routers": routers}


PROFILE = Profile(parameters, checks=("vip.held",), packages=("keepalived",))
