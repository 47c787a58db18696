"""Routes of clusters, networks, roles, events and jobs."""

from __future__ import annotations

from typing import Any

from flask import Response
from flask_openapi3 import OpenAPI, Tag

from oci.api.operators.access import ctx
from oci.api.operators.bodies import answers, out
from oci.api.operators.told import FOLLOWED
from oci.schemas.site import (
    ClusterIn,
    ClusterList,
    ClusterName,
    ClusterOut,
    EventList,
    EventQuery,
    JobList,
    JobQuery,
    NetworkIn,
    NetworkList,
    NetworkOut,
    RoleList,
)
from oci.services.activity import events
from oci.services.clusters import clusters, networks, roles

CLUSTER = Tag(name="cluster", description="machines that form one deployment")
NETWORK = Tag(name="network", description="an IP network with a purpose")
ROLE = Tag(name="role", description="what a machine is for")
EVENT = Tag(name="event", description="an immutable line of history")
JOB = Tag(name="job", description="one piece of background work")


def _told(tag: Tag, verb: str, responses: dict[Any, Any], example: str, **more: Any) -> dict[str, Any]:
    return {
        "tags": [tag],
        "operation_id": f"{tag.name}.{verb}",
        "responses": responses,
        "openapi_extensions": {"x-example": f"ocicli {tag.name} {verb} {example}".strip(), **more},
    }


def _clusters(app: OpenAPI) -> None:
    @app.get("/v1/clusters", **_told(CLUSTER, "list", answers(ClusterList), ""))
    def cluster_list() -> Response:
        """List clusters"""
        return out(clusters.list_clusters(ctx()))

    @app.post(
        "/v1/clusters",
        **_told(
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

    @app.get("/v1/clusters/<name>", **_told(CLUSTER, "show", answers(ClusterOut, 404), "demo"))
    def cluster_show(path: ClusterName) -> Response:
        """Show one cluster"""
        return out(clusters.show_cluster(ctx(), path.name))


def _networks(app: OpenAPI) -> None:
    @app.get("/v1/networks", **_told(NETWORK, "list", answers(NetworkList), ""))
    def network_list() -> Response:
        """List networks, with how many of their addresses are given out"""
        return out(networks.list_networks(ctx()))

    @app.post(
        "/v1/networks",
        **_told(
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


def _history(app: OpenAPI) -> None:
    @app.get("/v1/roles", **_told(ROLE, "list", answers(RoleList), ""))
    def role_list() -> Response:
        """List roles, in the order in which a cluster is built"""
        return out(roles.list_roles(ctx()))

    @app.get("/v1/events", **_told(EVENT, "list", answers(EventList, 404, 409), "--machine compute1 --limit 20", **FOLLOWED))
    def event_list(query: EventQuery) -> Response:
        """List events, oldest first: the latest ones, or those after an id"""
        return out(events.list_events(ctx(), query))

    @app.get("/v1/jobs", **_told(JOB, "list", answers(JobList, 404, 409), "--state failed"))
    def job_list(query: JobQuery) -> Response:
        """List background work, newest first"""
        return out(events.list_jobs(ctx(), query))


def add(app: OpenAPI) -> None:
    """Add the routes to `app`."""
    _clusters(app)
    _networks(app)
    _history(app)
