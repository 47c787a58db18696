"""One builder of fleets: what golden classifications, catalogs and the bench are made from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from oci.adapters.files.roles import load
from oci.domain.cluster.fleet import INSTALLED_OVER, Fleet, Member, Network, Site, Vip, in_order
from oci.domain.cluster.roles import Role

ROLES: Mapping[str, Role] = load(Path("/nonexistent"))
DOMAIN = "lab.test"
SITE = Site(
    ntp_servers=("10.77.0.1",),
    ca_certificates=(("oci", "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n"),),
    ssh_authorized_keys=("ssh-ed25519 AAAA olga@example",),
    apt_uri="http://10.77.0.1/debian",
    apt_suite="trixie",
    apt_components="main",
    puppet_server="puppet.lab.test",
    puppet_address="10.77.0.1",
    appliance_address="10.77.0.1",
)
NETWORKS = (Network("one", INSTALLED_OVER, "10.77.0.0/16"),)
VIPS = (Vip(f"api.{DOMAIN}", INSTALLED_OVER, "10.77.0.100"),)
# Which roles the machines of a fleet of that size have, in the order in which they were assigned.
SIZES: Mapping[str, Sequence[str]] = {
    "one": ("controller",),
    "three": ("compute", "controller", "compute"),
    "ten": (
        "controller",
        "compute",
        "controller",
        "cephmon",
        "compute",
        "controller",
        "cephosd",
        "compute",
        "volume",
        "network",
    ),
}


def member(machine_id: int, role: str, number: int) -> Member:
    """The `number`-th machine of `role`."""
    host = f"{role}{number}"
    addresses = ((INSTALLED_OVER, f"10.77.{1 + machine_id // 250}.{1 + machine_id % 250}"),)
    return Member(machine_id, host, f"{host}.{DOMAIN}", role, number, addresses)


def fleet(given: Sequence[str], roles: Mapping[str, Role] = ROLES, site: Site = SITE, cluster: str = "demo") -> Fleet:
    """A cluster whose machines have the roles `given`, in that order."""
    members = [member(i + 1, role, 1 + list(given[:i]).count(role)) for i, role in enumerate(given)]
    return Fleet(cluster, DOMAIN, in_order(members, roles), roles, site, revision=1, networks=NETWORKS, vips=VIPS)


def sized(size: str) -> Fleet:
    """The fleet of SIZES called `size`."""
    return fleet(SIZES[size])
