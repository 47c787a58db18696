"""profile::glance: images, in files of each member."""

from __future__ import annotations

from typing import Any

from oci.domain.cluster.fleet import Fleet, Member
from oci.domain.cluster.profiles import Profile, Secret
from oci.render.puppet.profiles.cloud import cloud

NAME = "profile::glance"


def parameters(fleet: Fleet, member: Member) -> dict[str, Any]:
    """No certificate of its own: profile::haproxy of the same machine speaks TLS for it."""
    return {
        "cloud": cloud(fleet, member, NAME),
        "password": Secret("keystone.glance"),
        "database_password": Secret("mariadb.glance"),
    }


PROFILE = Profile(
    parameters, secrets=("keystone.glance", "mariadb.glance"), checks=("glance.answers",), packages=("glance-api",)
)
