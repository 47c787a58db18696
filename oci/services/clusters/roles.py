"""The roles that a cluster can give."""

from __future__ import annotations

from oci.context import Ctx
from oci.schemas.clusters.roles import RoleList, RoleOut
from oci.services.usecase import usecase


@usecase("role.list", "viewer", reads=True)
def list_roles(ctx: Ctx) -> RoleList:
    """What a machine can be for, in the order in which a cluster is built."""
    roles = sorted(ctx.outside.roles.values(), key=lambda role: (role.order, role.name))
    return RoleList(
        roles=[
            RoleOut(name=role.name, title=role.title, order=role.order, needs=dict(role.needs), profiles=list(role.profiles))
            for role in roles
        ]
    )
