"""Drift: what differs on the machines of a cluster, a form to accept some of it, and a look that is ordered now."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, render_template, request, url_for
from werkzeug.wrappers import Response

from oci.domain.deploy.drift import ACCEPTANCES
from oci.domain.quantities import counted
from oci.problems import Problem
from oci.schemas.deploy.drift import RefuseDriftIn
from oci.services.clusters import clusters
from oci.services.deploy import drift, looks
from webui.deploy.forms import AcceptDrift
from webui.filters import cursor as word_of
from webui.live import POLL_SECONDS, live
from webui.session import ctx
from webui.submit import Answer, done, needs


def _build(name: str) -> dict[str, Any]:
    return {"c": clusters.show_cluster(ctx(), name), "d": drift.cluster_drift(ctx(), name), "meaning": ACCEPTANCES}


def _form() -> AcceptDrift:
    """The form, filled in with what the address says."""
    asked = {field: request.args.get(field, "")[:300] for field in ("resource", "property", "machine", "role")}
    return AcceptDrift(formdata=None, data={**asked, "days": 30})


def page(name: str) -> Response | str:
    """What differs on a cluster's machines."""
    return live("deploy/drift", lambda: drift.cursor(ctx(), name), lambda: {**_build(name), "form": _form()})


@needs(drift.accept)
def accept(name: str) -> Answer:
    """Accept what the form says, or show it again with what is wrong."""
    form, problem, status = AcceptDrift(), "", 400
    order = form.read()
    if order is not None:
        try:
            drift.accept(ctx(), name, order)
            return done(f"{order.name} is accepted for {counted(order.days, 'day')}.", url_for("webui.drift", name=name))
        except Problem as refused:
            problem, status = str(refused), refused.status
    seen = word_of(drift.cursor(ctx(), name))
    told = {"seen": seen, "poll": f"every {POLL_SECONDS}s", "form": form, "problem": problem}
    return render_template("deploy/drift.html", **told, **_build(name)), status


@needs(drift.refuse)
def refuse(name: str, accepted: str) -> Response:
    """Accept something no longer."""
    drift.refuse(ctx(), name, RefuseDriftIn(name=accepted))
    return done(f"{accepted} is accepted no longer.", url_for("webui.drift", name=name))


@needs(looks.look)
def look(name: str) -> Response:
    """Order a look at one machine."""
    made = looks.look(ctx(), name)
    words = f"{made.name} is looked at as soon as it asks for its orders."
    return done(words, url_for("webui.machine", name=made.name, tab="puppet"))


def routes(bp: Blueprint) -> None:
    bp.get("/clusters/<name>/drift", endpoint="drift")(page)
    bp.post("/clusters/<name>/drift", endpoint="accept_drift")(accept)
    bp.post("/clusters/<name>/drift/<accepted>/end", endpoint="refuse_drift")(refuse)
    bp.post("/machines/<name>/look", endpoint="look")(look)
