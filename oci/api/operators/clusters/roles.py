"""Routes of roles."""

from __future__ import annotations

from flask import Response
from flask_openapi3 import OpenAPI, Tag

from oci.api.operators.parts.access import ctx
from oci.api.operators.parts.bodies import answers, out
from oci.api.operators.parts.told import operation
from oci.schemas.clusters.roles import RoleList
from oci.services.clusters import roles

ROLE = Tag(name="role", description="what a machine is for")


def add(app: OpenAPI) -> None:
    """Add the routes to `app`."""

    @app.get("/v1/roles", **operation(ROLE, "list", answers(RoleList), ""))
    def role_list() -> Response:
        """List roles, in the order in which a cluster is built"""
        return out(roles.list_roles(ctx()))
