"""One file for each Puppet profile of the product, named like its class: `profile::rabbitmq::cluster` is
`rabbitmq_cluster.py`. Each exports PROFILE."""

from __future__ import annotations

from oci.domain.cluster.profiles import Profile
from oci.render.puppet.profiles import base

PROFILES: dict[str, Profile] = {
    "profile::base": base.PROFILE,
}
