"""Routes of revisions: what a cluster was declared to be, and going back to that."""

from __future__ import annotations

from flask import Response
from flask_openapi3 import OpenAPI

from oci.api.operators.clusters.clusters import CLUSTER
from oci.api.operators.parts.access import ctx
from oci.api.operators.parts.bodies import answers, out
from oci.api.operators.parts.told import operation
from oci.schemas.clusters.clusters import ClusterName
from oci.schemas.deploy.revisions import (
    CompareQuery,
    RevertIn,
    RevertOut,
    RevisionDetail,
    RevisionList,
    RevisionName,
    RevisionQuery,
)
from oci.services.deploy import revisions

ALL = "/v1/clusters/<name>/revisions"


def add(app: OpenAPI) -> None:
    """Add the routes to `app`."""

    @app.get(ALL, **operation(CLUSTER, "revisions", answers(RevisionList, 404), "demo"))
    def cluster_revisions(path: ClusterName, query: RevisionQuery) -> Response:
        """List the revisions of a cluster's declaration, newest first"""
        return out(revisions.list_revisions(ctx(), path.name, query))

    @app.get(f"{ALL}/<id>", **operation(CLUSTER, "revision", answers(RevisionDetail, 404), "demo --id 4"))
    def cluster_revision(path: RevisionName, query: CompareQuery) -> Response:
        """Show one revision: what it changed, how it differs from another, and its document"""
        return out(revisions.show_revision(ctx(), path.name, path.id, query))

    @app.post(
        f"{ALL}/<id>/revert", **operation(CLUSTER, "revert", answers(RevertOut, 403, 404, 409, 422), "demo --id 4 --dry-run")
    )
    def cluster_revert(path: RevisionName, body: RevertIn) -> Response:
        """Go back to a revision: apply its document as a new one"""
        return out(revisions.revert(ctx(), path.name, path.id, body))
