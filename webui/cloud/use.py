"""The way in to a cloud, as files to save."""

from __future__ import annotations

from flask import Blueprint, Response, flash, redirect, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from oci.problems import Problem
from oci.schemas.cloud.credentials import CredentialsIn
from oci.services.cloud import credentials
from webui.session import ctx
from webui.submit import needs

FOLDER = "~/.config/openstack"
"""Where OpenStack's client looks for clouds.yaml, and where the page says that the files go."""


@needs(credentials.give)
def give(name: str) -> AnyResponse:
    """One of the two files, which the form names. A reason for none is told on the cluster's page."""
    try:
        told = credentials.give(ctx(), name, CredentialsIn(directory=FOLDER))
    except Problem as refused:
        if refused.status == 404:
            raise
        flash(str(refused))
        return redirect(url_for("webui.cluster", name=name), 303)
    is_ca = request.form.get("file") == "ca.pem"
    answer = Response(told.ca if is_ca else told.clouds, mimetype="application/x-pem-file" if is_ca else "application/yaml")
    answer.headers["Content-Disposition"] = f"attachment; filename={'ca.pem' if is_ca else 'clouds.yaml'}"
    answer.headers["Cache-Control"] = "no-store"
    return answer


def routes(bp: Blueprint) -> None:
    bp.post("/clusters/<name>/credentials", endpoint="credentials")(give)
