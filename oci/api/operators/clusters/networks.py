"""Routes of networks."""

from __future__ import annotations

from flask import Response
from flask_openapi3 import OpenAPI, Tag

from oci.api.operators.parts.access import ctx
from oci.api.operators.parts.bodies import answers, out
from oci.api.operators.parts.told import operation
from oci.schemas.clusters.networks import NetworkIn, NetworkList, NetworkOut
from oci.services.clusters import networks

NETWORK = Tag(name="network", description="an IP network with a purpose")


def add(app: OpenAPI) -> None:
    """Add the routes to `app`."""

    @app.get("/v1/networks", **operation(NETWORK, "list", answers(NetworkList), ""))
    def network_list() -> Response:
        """List networks, with how many of their addresses are given out"""
        return out(networks.list_networks(ctx()))

    @app.post(
        "/v1/networks",
        **operation(
            NETWORK,
            "create",
            answers(NetworkOut, 403, 409, status=201),
            "provisioning --cidr 10.0.0.0/24 --first 10.0.0.11 --last 10.0.0.90",
            **{"x-name": "name"},
        ),
    )
    def network_create(body: NetworkIn) -> Response:
        """Make a network whose addresses OCI gives out"""
        return out(networks.create_network(ctx(), body), 201)
