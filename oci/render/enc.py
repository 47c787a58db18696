"""The classification of one machine for Puppet: pure and totally ordered."""

from __future__ import annotations

from typing import Any

from oci.domain.fleet import Fleet, Member
from oci.domain.roles import named
from oci.render.profiles import PARAMETERS
from oci.render.psych import write


def enc(fleet: Fleet, member: Member) -> dict[str, Any]:
    """The external node classification of `member`: classes with parameters, environment, parameters.

    A profile that OCI computes nothing for is given without parameters: Hiera has them. The class `role::NAME` is
    named for the product's roles only; a role of the operator's own is its profiles. Raises BadRole when the role of
    `member` itself is not known; those of others do not matter.
    Source of the format: Puppet, "Writing external node classifiers".
    """
    role = named(fleet.roles, member.role)
    classes: dict[str, Any] = {} if role.own else {f"role::{role.name}": {}}
    for profile in role.profiles:
        classes[profile] = PARAMETERS[profile](fleet, member) if profile in PARAMETERS else {}
    return {
        "classes": classes,
        "environment": fleet.site.environment,
        "parameters": {"oci_cluster": fleet.cluster, "oci_role": role.name, "oci_machine": member.machine_id},
    }


def text(fleet: Fleet, member: Member) -> str:
    """`enc` as the YAML that is handed to Puppet. Raises BadRole, Unwritable."""
    return write(enc(fleet, member))
