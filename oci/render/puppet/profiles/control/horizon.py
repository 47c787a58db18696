"""profile::horizon: the dashboard."""

from __future__ import annotations

from typing import Any

from oci.domain.cluster.fleet import Fleet, Member
from oci.domain.cluster.profiles import Profile, Secret
from oci.render.puppet.profiles.cloud import certificate, cloud

NAME = "profile::horizon"


def parameters(fleet: Fleet, member: Member) -> dict[str, Any]:
    """One secret for all members, so that a session of one is a session of all."""
    return {
        "cloud": cloud(fleet, member, NAME),
        "certificate": certificate("host"),
        "session_secret": Secret("horizon.session"),
    }


PROFILE = Profile(
    parameters,
    secrets=("horizon.session",),
    certificates=("host",),
    checks=("horizon.signin",),
    packages=("openstack-dashboard-apache", "libapache2-mod-wsgi-py3", "python3-pymemcache"),
)
