"""Route of the question why Puppet is told what it is told."""

from __future__ import annotations

from flask import Response
from flask_openapi3 import OpenAPI

from oci.api.operators.machines.machines import ONE, TAG
from oci.api.operators.parts.access import ctx
from oci.api.operators.parts.bodies import answers, out
from oci.api.operators.parts.told import operation
from oci.schemas.deploy.explained import ExplainedOut, ExplainQuery
from oci.schemas.machines.machines import MachineName
from oci.services.deploy import explained


def add(app: OpenAPI) -> None:
    """Add the route to `app`."""

    @app.get(
        f"{ONE}/explained",
        **operation(
            TAG, "explain", answers(ExplainedOut, 404, 409), "compute1 --parameter profile::nova::common::cloud.region"
        ),
    )
    def machine_explain(path: MachineName, query: ExplainQuery) -> Response:
        """Say what a parameter that Puppet is given for a machine is made of"""
        return out(explained.explain(ctx(), path.name, query))
