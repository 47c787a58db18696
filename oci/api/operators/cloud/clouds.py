"""Routes of the cloud that a cluster becomes: the way in, and its proofs."""

from __future__ import annotations

from flask import Response
from flask_openapi3 import OpenAPI

from oci.api.operators.cloud.declarations import ONE
from oci.api.operators.clusters.clusters import CLUSTER
from oci.api.operators.parts.access import ctx
from oci.api.operators.parts.bodies import answers, out
from oci.api.operators.parts.told import CHECKED, operation
from oci.schemas.cloud.checks import ProofIn, ProofList, ProofName, ProofOut
from oci.schemas.cloud.credentials import CredentialsIn, CredentialsOut
from oci.schemas.clusters.clusters import ClusterName
from oci.services.cloud import checks, credentials


def add(app: OpenAPI) -> None:
    """Add the routes to `app`."""

    @app.post(
        f"{ONE}/credentials",
        **operation(CLUSTER, "credentials", answers(CredentialsOut, 403, 404, 409), "demo --directory ~/.config/openstack"),
    )
    def cluster_credentials(path: ClusterName, body: CredentialsIn) -> Response:
        """Give out clouds.yaml and the CA, to use a cluster's cloud as its administrator"""
        return out(credentials.give(ctx(), path.name, body))

    @app.post(
        f"{ONE}/checks",
        **operation(CLUSTER, "check", answers(ProofOut, 403, 404, 409, status=202), "demo --wait", **CHECKED),
    )
    def cluster_check(path: ClusterName, body: ProofIn) -> Response:
        """Prove a cluster's cloud from here: sign in, boot a server on each compute, delete it"""
        return out(checks.order(ctx(), path.name, body), 202)

    @app.get(f"{ONE}/checks", **operation(CLUSTER, "checks", answers(ProofList, 404), "demo"))
    def cluster_checks(path: ClusterName) -> Response:
        """List the last proofs of a cluster's cloud, newest first"""
        return out(checks.list_checks(ctx(), path.name))

    @app.get(f"{ONE}/checks/<id>", **operation(CLUSTER, "show-check", answers(ProofOut, 404), "demo --id 3"))
    def cluster_show_check(path: ProofName) -> Response:
        """Show one proof of a cluster's cloud, step by step"""
        return out(checks.show_check(ctx(), path.name, path.id))
