"""A cluster that is brought up in waves: how far each machine is and what it waits for, and buttons to begin and to stop."""

from __future__ import annotations

from itertools import groupby
from typing import Any

from flask import Blueprint, request, url_for
from werkzeug.wrappers import Response

from oci.domain.deploy.deployments import DEPLOYMENTS, RUNNING
from oci.schemas.deploy.deployments import DeployIn
from oci.services.clusters import clusters
from oci.services.deploy import deployments
from webui.filters import cursor as word_of
from webui.live import POLL_SECONDS, live
from webui.session import ctx
from webui.submit import done, needs


def _build(name: str) -> dict[str, Any]:
    newest = deployments.list_deployments(ctx(), name).deployments[:1]
    found = deployments.show_deployment(ctx(), name, newest[0].id) if newest else None
    steps = found.steps if found else []
    return {
        "c": clusters.show_cluster(ctx(), name),
        "d": found,
        "runs": found is not None and found.state == RUNNING,
        "meaning": DEPLOYMENTS[found.state] if found else "",
        "waves": [(number, list(group)) for number, group in groupby(steps, key=lambda step: step.wave)],
    }


def section(name: str) -> dict[str, Any]:
    """What the section of a cluster's page shows, which then asks for itself."""
    seen = word_of(deployments.cursor(ctx(), name))
    return {"seen": seen, "poll": f"every {POLL_SECONDS}s", **_build(name)}


def waves(name: str) -> Response | str:
    """The last deployment of a cluster, wave by wave."""
    return live("deploy/waves", lambda: deployments.cursor(ctx(), name), lambda: _build(name))


@needs(deployments.deploy)
def deploy(name: str) -> Response:
    """Begin a deployment, or end the one that runs."""
    stop = bool(request.form.get("stop"))
    made = deployments.deploy(ctx(), name, DeployIn(stop=stop))
    words = "The deployment is stopped; what runs on machines goes on." if stop else f"{made.cluster} is being brought up."
    return done(words, url_for("webui.cluster", name=name))


def routes(bp: Blueprint) -> None:
    bp.get("/clusters/<name>/waves", endpoint="waves")(waves)
    bp.post("/clusters/<name>/deploy", endpoint="deploy")(deploy)
