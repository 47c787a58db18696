"""What the profiles of one cloud have in common: its front, its members by profile, its certificates.

No profile knows a role's name: it asks who has a profile. Members speak with each other by address, because a name needs
the appliance's DNS, and a cloud works without the appliance; the one name that all use, that of the front, is in the hosts
file that profile::base writes.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from oci.domain.cluster.fleet import API, Fleet, Member, Vip
from oci.domain.cluster.profiles import BadProfile, Secret
from oci.domain.cluster.sizes import processes

MANAGEMENT = "management"
"""Purpose of the network that services speak with each other on; where there is none, that of the install is it."""

DATABASES = {
    "profile::keystone": ("keystone",),
    "profile::glance": ("glance",),
    "profile::placement": ("placement",),
    "profile::nova": ("nova", "nova_api", "nova_cell0"),
    "profile::neutron": ("neutron",),
}
"""The databases of a profile; the first name is also that of the user who owns them all."""

QUEUES = {"profile::nova::common": "nova", "profile::neutron::common": "neutron"}
"""The user of the message queue that a profile is."""


def address(member: Member) -> str:
    """The address by which other members reach `member`."""
    return member.address(MANAGEMENT) or member.address()


def addresses(fleet: Fleet, profile: str) -> list[str]:
    """Those of all members with `profile`, in their order."""
    return [address(member) for member in fleet.with_profile(profile)]


def is_first(fleet: Fleet, profile: str, member: Member) -> bool:
    """Whether `member` is the one of those with `profile` that does what is done once."""
    return fleet.with_profile(profile)[:1] == (member,)


def front(fleet: Fleet) -> tuple[Vip, ...]:
    """The virtual addresses of the cluster's front, never none. Raises BadProfile."""
    if not fleet.api:
        raise BadProfile(
            f"the cluster {fleet.cluster} has no virtual address called {API}, by which its services are reached; give it "
            "one on one of its networks"
        )
    return fleet.api


def cloud(fleet: Fleet, member: Member, profile: str) -> dict[str, Any]:
    """What every service of OpenStack is told, as Profile::Cloud has it. Raises BadProfile for a cluster without a front."""
    site = fleet.site_of(member)
    return {
        "api": front(fleet)[0].fqdn,
        "region": site.region,
        "address": address(member),
        "memcached": [f"{_in_url(text)}:11211" for text in addresses(fleet, "profile::memcached")],
        "rabbits": [_in_url(text) for text in addresses(fleet, "profile::rabbitmq")],
        "first": is_first(fleet, profile, member),
        "workers": processes(member.memory_bytes, member.cores, site.api_workers),
        "debug": site.log_level == "debug",
    }


def _in_url(text: str) -> str:
    """An address as it stands before a port. RFC 3986, section 3.2.2."""
    return f"[{text}]" if ":" in text else text


def certificate(name: str) -> dict[str, Secret]:
    """Marks of a certificate, as Profile::Certificate has them: its key, its chain, and who signed it."""
    return {"key": Secret(f"{name}.key"), "crt": Secret(f"{name}.crt"), "ca": Secret("cluster.ca")}


def passwords(kind: str, users: Iterable[str]) -> dict[str, Secret]:
    """Marks of one password for each of `users`."""
    return {user: Secret(f"{kind}.{user}") for user in users}
