"""The route of the appliance's own health."""

from __future__ import annotations

from flask import Response
from flask_openapi3 import OpenAPI, Tag

from oci.api.operators.parts.access import ctx
from oci.api.operators.parts.bodies import answers, out
from oci.schemas.activity.health import HealthOut
from oci.services.activity import health as service

HEALTH = Tag(name="health", description="whether the appliance itself works")


def add(app: OpenAPI) -> None:
    """Add the route to `app`."""

    @app.get(
        "/v1/health",
        tags=[HEALTH],
        operation_id="health",
        responses=answers(HealthOut),
        openapi_extensions={"x-example": "ocicli health"},
    )
    def health() -> Response:
        """Show whether the appliance itself works: worker, DHCP, images, certificates, Puppet"""
        return out(service.show(ctx()))
