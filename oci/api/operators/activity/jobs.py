"""Routes of jobs."""

from __future__ import annotations

from flask import Response
from flask_openapi3 import OpenAPI, Tag

from oci.api.operators.parts.access import ctx
from oci.api.operators.parts.bodies import answers, out
from oci.api.operators.parts.told import operation
from oci.schemas.activity.jobs import JobList, JobQuery
from oci.services.activity import events

JOB = Tag(name="job", description="one piece of background work")


def add(app: OpenAPI) -> None:
    """Add the routes to `app`."""

    @app.get("/v1/jobs", **operation(JOB, "list", answers(JobList, 404, 409), "--state failed"))
    def job_list(query: JobQuery) -> Response:
        """List background work, newest first"""
        return out(events.list_jobs(ctx(), query))
