"""The roles that this tree ships, read once for all tests."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from pathlib import Path

from oci.adapters.files import roles as role_files
from oci.domain.cluster.roles import Role


@cache
def shipped_roles() -> dict[str, Role]:
    """The roles of this tree, read once for all worlds, without the services of a cloud: what becomes of a machine is not
    about them, and each of them wants secrets and a virtual address. Who tests them has `cloud_roles`."""
    return {name: replace(role, profiles=("profile::base",)) for name, role in cloud_roles().items()}


@cache
def cloud_roles() -> dict[str, Role]:
    """The roles of this tree as they are."""
    return role_files.load(Path("none"))
