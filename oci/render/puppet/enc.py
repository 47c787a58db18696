"""The classification of one machine for Puppet: pure and totally ordered."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from oci.domain.cluster.fleet import Fleet, Member
from oci.domain.cluster.profiles import Secret, fill, parameters_of
from oci.domain.cluster.roles import named
from oci.render.puppet.profiles import PROFILES
from oci.render.puppet.psych import write


def enc(fleet: Fleet, member: Member) -> dict[str, Any]:
    """The external node classification of `member`: classes with parameters, environment, parameters.

    Its classes are the profiles of its role, in their order; a role has no class of its own, so that one of an operator's
    is worth as much as one of the product's. A profile that OCI computes nothing for is given without parameters: Hiera
    has them. Secrets are marks in it. Raises BadRole when the role of `member` itself is not known, those of others do not
    matter; BadProfile for a secret that its profile did not declare.
    Source of the format: Puppet, "Writing external node classifiers".
    """
    role = named(fleet.roles, member.role)
    classes = {
        profile: parameters_of(profile, PROFILES[profile], fleet, member) if profile in PROFILES else {}
        for profile in role.profiles
    }
    return {
        "classes": classes,
        "environment": fleet.site.environment,
        "parameters": {"oci_cluster": fleet.cluster, "oci_role": role.name, "oci_machine": member.machine_id},
    }


def text(fleet: Fleet, member: Member, reveal: Callable[[str], str]) -> str:
    """`enc` as the YAML that is handed to the Puppet server and to nobody else: `reveal` gives the value of the secret of
    a name. Raises BadRole, BadProfile, Unwritable, and what `reveal` raises."""

    def value(mark: Secret) -> str:
        return reveal(mark.name)

    return write(fill(enc(fleet, member), value))
