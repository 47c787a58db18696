"""Routes of deployments: a cluster is brought up in waves."""

from __future__ import annotations

from flask import Response
from flask_openapi3 import OpenAPI

from oci.api.operators.clusters.clusters import CLUSTER
from oci.api.operators.parts.access import ctx
from oci.api.operators.parts.bodies import answers, out
from oci.api.operators.parts.told import DEPLOYED, operation
from oci.schemas.clusters.clusters import ClusterName
from oci.schemas.deploy.deployments import DeployIn, DeploymentList, DeploymentName, DeploymentOut
from oci.services.deploy import deployments

ALL = "/v1/clusters/<name>/deployments"


def add(app: OpenAPI) -> None:
    """Add the routes to `app`."""

    @app.post(ALL, **operation(CLUSTER, "deploy", answers(DeploymentOut, 403, 404, 409), "demo --wait", **DEPLOYED))
    def cluster_deploy(path: ClusterName, body: DeployIn) -> Response:
        """Bring a cluster up: install its machines and run Puppet on them, wave after wave"""
        return out(deployments.deploy(ctx(), path.name, body))

    @app.get(ALL, **operation(CLUSTER, "deployments", answers(DeploymentList, 404), "demo"))
    def cluster_deployments(path: ClusterName) -> Response:
        """List the deployments of a cluster, newest first"""
        return out(deployments.list_deployments(ctx(), path.name))

    @app.get(f"{ALL}/<id>", **operation(CLUSTER, "deployment", answers(DeploymentOut, 404), "demo --id 1"))
    def cluster_deployment(path: DeploymentName) -> Response:
        """Show one deployment with its machines, wave by wave"""
        return out(deployments.show_deployment(ctx(), path.name, path.id))
