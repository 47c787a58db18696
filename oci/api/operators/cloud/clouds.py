"""Routes of the cloud that a cluster becomes: the way in."""

from __future__ import annotations

from flask import Response
from flask_openapi3 import OpenAPI

from oci.api.operators.cloud.declarations import ONE
from oci.api.operators.clusters.clusters import CLUSTER
from oci.api.operators.parts.access import ctx
from oci.api.operators.parts.bodies import answers, out
from oci.api.operators.parts.told import operation
from oci.schemas.cloud.credentials import CredentialsIn, CredentialsOut
from oci.schemas.clusters.clusters import ClusterName
from oci.services.cloud import credentials


def add(app: OpenAPI) -> None:
    """Add the routes to `app`."""

    @app.post(
        f"{ONE}/credentials",
        **operation(CLUSTER, "credentials", answers(CredentialsOut, 403, 404, 409), "demo --directory ~/.config/openstack"),
    )
    def cluster_credentials(path: ClusterName, body: CredentialsIn) -> Response:
        """Give out clouds.yaml and the CA, to use a cluster's cloud as its administrator"""
        return out(credentials.give(ctx(), path.name, body))
