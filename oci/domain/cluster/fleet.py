"""The frozen snapshot of what is wanted: the input of every renderer.

A snapshot is made once for each revision of its cluster and read by many; what is looked up by key is found without
going through all members, so that one classification costs the same in a large cluster as in a small one.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

from oci.domain.cluster.roles import Role
from oci.domain.cluster.settings import Stored

INSTALLED_OVER = "provisioning"
"""Purpose of the network that a machine is installed over, and by which it is known in DNS."""

API = "api"
"""Name of the virtual address by which a cluster's services are reached, by users and by each other."""

Held = tuple[tuple[str, str], ...]
"""What is held for which purpose or use: (purpose, address) or (use, device), in a fixed order. One purpose may have
several. A tuple and no mapping: a snapshot has ten thousand of them, and most hold one pair."""


def first_for(held: Held, purpose: str) -> str:
    """The first that is held for `purpose`; empty when there is none."""
    return next((what for its, what in held if its == purpose), "")


def all_for(held: Held, purpose: str) -> tuple[str, ...]:
    """All that are held for `purpose`, in their order."""
    return tuple(what for its, what in held if its == purpose)


@dataclass(frozen=True, slots=True)
class Member:
    """One machine of a cluster, as the renderers see it.

    `addresses` are by purpose of their network and have no prefix length; `disks` are by use and named as their last
    install was ordered; `place` is where it stands, for people, empty when nobody said it. What was never reported is 0.
    """

    machine_id: int
    hostname: str
    fqdn: str
    role: str
    number: int
    addresses: Held = ()
    disks: Held = ()
    memory_bytes: int = 0
    cores: int = 0
    place: str = ""

    def address(self, purpose: str = INSTALLED_OVER) -> str:
        """Its first address on a network of `purpose`; empty when it has none."""
        return first_for(self.addresses, purpose)


@dataclass(frozen=True, slots=True)
class Vip:
    """An address of the cluster that moves between machines, the name it has in DNS, and the purpose of its network."""

    fqdn: str
    purpose: str
    address: str


OUTSIDE = "external"
"""Purpose of a network that is outside of a cloud; one that is kept for a cluster is where its servers are reached."""


@dataclass(frozen=True, slots=True)
class Network:
    """A network that members stand on, or that is outside. `cidr`, `gateway` and `dns` are text; an empty gateway is none.

    `mtu` in octets; VLAN 0: without a tag. `pools` are the ends of ranges that servers of users have addresses of, of a
    network that is outside.
    """

    name: str
    purpose: str
    cidr: str
    gateway: str = ""
    dns: tuple[str, ...] = ()
    vlan: int = 0
    mtu: int = 1500
    pools: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class Site:
    """What the appliance's configuration says for every machine; `Fleet.site_of` is what holds for one of them.

    A field that is called like a setting is replaced by what its cluster, its role or the machine itself says.
    `appliance_names` are those by which machines are told to reach it, at `appliance_address`; none when they are told
    its address.
    """

    ntp_servers: tuple[str, ...]
    ca_certificates: tuple[tuple[str, str], ...]  # name, PEM
    ssh_authorized_keys: tuple[str, ...]
    apt_uri: str
    apt_suite: str
    apt_components: str
    puppet_server: str
    puppet_address: str
    appliance_address: str = ""
    appliance_names: tuple[str, ...] = ()
    environment: str = "production"
    region: str = "RegionOne"
    virt_type: str = "kvm"
    datapath_type: str = "system"
    external_interface: str = ""
    flavors: tuple[str, ...] = ()
    log_level: str = "info"
    api_workers: int = 0


@dataclass(frozen=True)
class Fleet:
    """One cluster at one revision: its members in a fixed order (role order, number), its roles, and the site.

    `release` is the release of what the cluster runs, empty as long as no table holds it. `settings` are those that a
    classification shows, as they are set for the cluster, its roles and its machines. `root` is the root certificate of the
    cluster's own CA (PEM), which its machines trust.
    """

    cluster: str
    domain: str
    members: tuple[Member, ...]
    roles: Mapping[str, Role]
    site: Site
    revision: int = 0
    networks: tuple[Network, ...] = ()
    vips: tuple[Vip, ...] = ()
    release: str = ""
    root: str = ""
    settings: Stored = field(default_factory=Stored)

    @cached_property
    def _by_machine(self) -> dict[int, Member]:
        return {member.machine_id: member for member in self.members}

    @cached_property
    def _by_role(self) -> dict[str, tuple[Member, ...]]:
        found: dict[str, list[Member]] = {}
        for member in self.members:
            found.setdefault(member.role, []).append(member)
        return {role: tuple(members) for role, members in found.items()}

    def member(self, machine_id: int) -> Member | None:
        """The member that is the machine `machine_id`, or None."""
        return self._by_machine.get(machine_id)

    @cached_property
    def _sites(self) -> dict[tuple[str, int], Site]:
        return {}

    def site_of(self, member: Member) -> Site:
        """The site as it is for `member`, with the settings in force there. Members without any of their own share one."""
        role = member.role if member.role in self.settings.roles else ""
        own = member.machine_id if member.machine_id in self.settings.machines else 0
        found = self._sites.get((role, own))
        if found is None:
            # Two threads may both make it; they make the same.
            changes: dict[str, Any] = self.settings.values(role, own)
            found = self._sites[role, own] = replace(self.site, **changes) if changes else self.site
        return found

    @cached_property
    def _by_profile(self) -> dict[str, tuple[Member, ...]]:
        found: dict[str, list[Member]] = {}
        for member in self.members:
            role = self.roles.get(member.role)
            for profile in role.profiles if role else ():
                found.setdefault(profile, []).append(member)
        return {profile: tuple(members) for profile, members in found.items()}

    def with_profile(self, profile: str) -> tuple[Member, ...]:
        """The members whose role has the Puppet class `profile`, by role order and number. Asked by key, as all here: a
        member whose role has no file any more has none."""
        return self._by_profile.get(profile, ())

    def but(self, **changes: Any) -> Fleet:
        """The same with other facts than members and roles: those are looked up as here, and not anew."""
        made = replace(self, **changes)
        made.__dict__.update(_by_profile=self._by_profile, _by_machine=self._by_machine, _by_role=self._by_role)
        return made

    def as_if(self, profiles: Mapping[str, tuple[Member, ...]]) -> Fleet:
        """The same, as if each of `profiles` were that of just these members."""
        made = self.but()
        made.__dict__.update(_by_profile={**self._by_profile, **profiles})
        return made

    @cached_property
    def api(self) -> tuple[Vip, ...]:
        """The virtual addresses called `api`, one for each family; none as long as nobody holds one for the cluster."""
        return tuple(vip for vip in self.vips if vip.fqdn == f"{API}.{self.domain}")

    @property
    def outside(self) -> tuple[Network, ...]:
        """The networks outside that servers of this cloud's users are reached on, by name."""
        return tuple(network for network in self.networks if network.purpose == OUTSIDE and network.pools)

    def with_role(self, role: str) -> tuple[Member, ...]:
        """The members that have `role`, by number."""
        return self._by_role.get(role, ())


def in_order(members: Iterable[Member], roles: Mapping[str, Role]) -> tuple[Member, ...]:
    """Members by role order, role and number; those whose role has no file any more come last."""
    return tuple(
        sorted(members, key=lambda m: (m.role not in roles, roles[m.role].order if m.role in roles else 0, m.role, m.number))
    )
