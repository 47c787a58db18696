"""Routes of what a cluster is declared to be, and of its secrets."""

from __future__ import annotations

from flask import Response
from flask_openapi3 import OpenAPI

from oci.api.operators.clusters.clusters import CLUSTER
from oci.api.operators.parts.access import ctx
from oci.api.operators.parts.bodies import answers, out
from oci.api.operators.parts.told import operation
from oci.schemas.cloud.declarations import ApplyIn, ApplyOut, DocumentOut, SecretList
from oci.schemas.clusters.clusters import ClusterName
from oci.services.cloud import declarations, secrets

ONE = "/v1/clusters/<name>"


def add(app: OpenAPI) -> None:
    """Add the routes to `app`."""

    @app.post("/v1/declarations", **operation(CLUSTER, "apply", answers(ApplyOut, 403, 422), "--file cloud.yaml"))
    def cluster_apply(body: ApplyIn) -> Response:
        """Make a cluster as a document says, or change it to that"""
        return out(declarations.apply(ctx(), body))

    @app.get(f"{ONE}/declaration", **operation(CLUSTER, "export", answers(DocumentOut, 404), "demo"))
    def cluster_export(path: ClusterName) -> Response:
        """Print the document that declares a cluster as it is"""
        return out(declarations.export(ctx(), path.name))

    @app.get(f"{ONE}/secrets", **operation(CLUSTER, "secrets", answers(SecretList, 403, 404), "demo"))
    def cluster_secrets(path: ClusterName) -> Response:
        """List the secrets and certificates of a cluster by name and age, never their values"""
        return out(secrets.list_secrets(ctx(), path.name))
