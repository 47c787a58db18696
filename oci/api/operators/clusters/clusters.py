"""Routes of clusters."""

from __future__ import annotations

from flask import Response
from flask_openapi3 import OpenAPI, Tag

from oci.api.operators.parts.access import ctx
from oci.api.operators.parts.bodies import answers, out
from oci.api.operators.parts.told import operation
from oci.schemas.clusters.clusters import ClusterIn, ClusterList, ClusterName, ClusterOut
from oci.services.clusters import clusters

CLUSTER = Tag(name="cluster", description="machines that form one deployment")


def add(app: OpenAPI) -> None:
    """Add the routes to `app`."""

    @app.get("/v1/clusters", **operation(CLUSTER, "list", answers(ClusterList), ""))
    def cluster_list() -> Response:
        """List clusters"""
        return out(clusters.list_clusters(ctx()))

    @app.post(
        "/v1/clusters",
        **operation(
            CLUSTER,
            "create",
            answers(ClusterOut, 403, 404, 409, status=201),
            "demo --domain example.net --network provisioning",
            **{"x-name": "name"},
        ),
    )
    def cluster_create(body: ClusterIn) -> Response:
        """Make a cluster on a provisioning network"""
        return out(clusters.create_cluster(ctx(), body), 201)

    @app.get("/v1/clusters/<name>", **operation(CLUSTER, "show", answers(ClusterOut, 404), "demo"))
    def cluster_show(path: ClusterName) -> Response:
        """Show one cluster"""
        return out(clusters.show_cluster(ctx(), path.name))
