"""Routes of plans and deployments: what would be done to a cluster, and that it is done."""

from __future__ import annotations

from flask import Response
from flask_openapi3 import OpenAPI

from oci.api.operators.clusters.clusters import CLUSTER
from oci.api.operators.parts.access import ctx
from oci.api.operators.parts.bodies import answers, out
from oci.api.operators.parts.told import DEPLOYED, GOES_ON, operation
from oci.schemas.clusters.clusters import ClusterName
from oci.schemas.deploy.deployments import (
    DeployIn,
    DeploymentList,
    DeploymentName,
    DeploymentOut,
    SkipIn,
    StepIn,
    WhyIn,
)
from oci.schemas.deploy.plans import PlanIn, PlanOut
from oci.services.deploy import deployments, plans

ONE = "/v1/clusters/<name>"
ALL = f"{ONE}/deployments"


def add(app: OpenAPI) -> None:
    """Add the routes to `app`."""

    @app.get(f"{ONE}/plan", **operation(CLUSTER, "plan", answers(PlanOut, 404, 409), "demo"))
    def cluster_plan(path: ClusterName, query: PlanIn) -> Response:
        """Show what would be done to a cluster: waves, changes, and what is lost"""
        return out(plans.show_plan(ctx(), path.name, query))

    @app.post(ALL, **operation(CLUSTER, "deploy", answers(DeploymentOut, 403, 404, 409), "demo --wait", **DEPLOYED))
    def cluster_deploy(path: ClusterName, body: DeployIn) -> Response:
        """Carry out the plan of a cluster that is approved: exactly that, wave after wave"""
        return out(deployments.deploy(ctx(), path.name, body))

    @app.post(f"{ONE}/pause", **operation(CLUSTER, "pause", answers(DeploymentOut, 403, 404, 409), "demo"))
    def cluster_pause(path: ClusterName, body: WhyIn) -> Response:
        """Have a deployment begin nothing more until it is resumed"""
        return out(deployments.pause(ctx(), path.name, body))

    @app.post(
        f"{ONE}/resume", **operation(CLUSTER, "resume", answers(DeploymentOut, 403, 404, 409), "demo --wait", **GOES_ON)
    )
    def cluster_resume(path: ClusterName) -> Response:
        """Go on with a deployment that is paused"""
        return out(deployments.resume(ctx(), path.name))

    @app.post(f"{ONE}/abort", **operation(CLUSTER, "abort", answers(DeploymentOut, 403, 404, 409), "demo"))
    def cluster_abort(path: ClusterName, body: WhyIn) -> Response:
        """End a deployment where it is; what runs on machines goes on"""
        return out(deployments.abort(ctx(), path.name, body))

    @app.post(
        f"{ONE}/retry",
        **operation(CLUSTER, "retry", answers(DeploymentOut, 403, 404, 409), "demo --machine compute1 --wait", **GOES_ON),
    )
    def cluster_retry(path: ClusterName, body: StepIn) -> Response:
        """Try a machine that failed in a deployment once more, as it was approved"""
        return out(deployments.retry(ctx(), path.name, body))

    @app.post(
        f"{ONE}/skip",
        **operation(
            CLUSTER,
            "skip",
            answers(DeploymentOut, 403, 404, 409),
            "demo --machine compute1 --reason 'its disk is being replaced' --wait",
            **GOES_ON,
        ),
    )
    def cluster_skip(path: ClusterName, body: SkipIn) -> Response:
        """Leave a machine out of a deployment; it stays in the next plan"""
        return out(deployments.skip(ctx(), path.name, body))

    @app.get(ALL, **operation(CLUSTER, "deployments", answers(DeploymentList, 404), "demo"))
    def cluster_deployments(path: ClusterName) -> Response:
        """List the deployments of a cluster, newest first"""
        return out(deployments.list_deployments(ctx(), path.name))

    @app.get(f"{ALL}/<id>", **operation(CLUSTER, "deployment", answers(DeploymentOut, 404), "demo --id 1"))
    def cluster_deployment(path: DeploymentName) -> Response:
        """Show one deployment with its machines, wave by wave"""
        return out(deployments.show_deployment(ctx(), path.name, path.id))
