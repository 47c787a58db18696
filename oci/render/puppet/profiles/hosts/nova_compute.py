"""profile::nova::compute: servers of users, by libvirt and QEMU."""

from __future__ import annotations

from typing import Any

from oci.domain.cluster.fleet import Fleet, Member
from oci.domain.cluster.profiles import Profile
from oci.render.puppet.profiles.cloud import certificate, cloud

NAME = "profile::nova::compute"


def parameters(fleet: Fleet, member: Member) -> dict[str, Any]:
    """No password of a database: a compute asks the conductor."""
    return {
        "cloud": cloud(fleet, member, NAME),
        "certificate": certificate("host"),
        "virt_type": fleet.site_of(member).virt_type,
    }


PROFILE = Profile(
    parameters,
    certificates=("host",),
    checks=("nova.compute",),
    packages=(
        "nova-compute",
        "nova-compute-kvm",
        "libvirt-daemon-system",
        "libvirt-daemon-plugin-lockd",
        "libvirt-clients",
        "ovmf",
    ),
)
