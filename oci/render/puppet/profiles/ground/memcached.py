"""profile::memcached: tokens and catalogues that services remember; each member has its own, and clients know all."""

from __future__ import annotations

from typing import Any

from oci.domain.cluster.fleet import Fleet, Member
from oci.domain.cluster.profiles import Profile
from oci.domain.cluster.sizes import database_pool
from oci.render.puppet.profiles.cloud import address


def parameters(fleet: Fleet, member: Member) -> dict[str, Any]:
    """As much memory as half of the database's cache: it holds what is asked for again and again, and may lose it."""
    return {"address": address(member), "memory_mib": database_pool(member.memory_bytes) // 2}


PROFILE = Profile(parameters, checks=("memcached.answers",), packages=("memcached",))
