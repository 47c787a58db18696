"""The classification of one machine for Puppet: pure and totally ordered."""

from __future__ import annotations

from typing import Any

from oci.domain.fleet import Fleet, Member
from oci.render.profiles import PARAMETERS


def enc(fleet: Fleet, member: Member) -> dict[str, Any]:
    """The external node classification of `member`: classes with parameters, environment, parameters.

    Source of the format: Puppet, "Writing external node classifiers".
    """
    role = fleet.roles[member.role]
    classes: dict[str, Any] = {f"role::{role.name}": {}}
    for profile in role.profiles:
        classes[profile] = PARAMETERS[profile](fleet, member)
    return {
        "classes": classes,
        "environment": fleet.site.environment,
        "parameters": {"oci_cluster": fleet.cluster, "oci_role": role.name, "oci_machine": member.machine_id},
    }
