"""A cluster that is brought up in waves: how far each machine is and what it waits for, and buttons to begin and to stop."""

from __future__ import annotations

from itertools import groupby
from typing import Any, TypeVar

from flask import Blueprint, request, url_for
from pydantic import BaseModel, ValidationError
from werkzeug.wrappers import Response

from oci.domain.deploy.deployments import DEPLOYMENTS, FAILED, PAUSED, RUNNING
from oci.domain.deploy.plans import CONVERGE
from oci.problems import Problem
from oci.schemas.deploy.deployments import DeployIn, SkipIn, StepIn, StepOut, WhyIn
from oci.services.clusters import clusters
from oci.services.deploy import deployments
from webui.filters import cursor as word_of
from webui.filters import now
from webui.live import POLL_SECONDS, live
from webui.session import ctx
from webui.submit import done, needs

Ordered = TypeVar("Ordered", bound=BaseModel)
MOST_BARS = 60
"""Machines in the chart; with more it says nothing to anybody."""


def _order(model: type[Ordered], *names: str) -> Ordered:
    """What a button ordered. Raises Problem."""
    try:
        return model(**{name: request.form.get(name, "").strip() for name in names})
    except ValidationError as wrong:
        said = "; ".join(f"{one['loc'][0]}: {one['msg']}" for one in wrong.errors())
        raise Problem(f"this could not be ordered ({said}); go back, look at it, and try again") from None


def _bars(steps: list[StepOut], until: float) -> dict[str, Any]:
    """Where the bars of the chart of machines and seconds begin and end, in thousandths of its width."""
    begun = [one for one in steps if one.since is not None]
    if not begun:
        return {}
    first = min(one.since or 0.0 for one in begun)
    last = max([first + 1.0, *(one.ended or until for one in begun)])

    def at(when: float | None) -> int:
        return round(1000 * ((when or last) - first) / (last - first))

    shown = sorted(begun, key=lambda one: (one.wave, -((one.ended or until) - (one.since or 0.0))))[:MOST_BARS]
    bars = []
    for one in shown:
        ends = [one.installed, one.converged, one.ended or until]
        parts, begin = [], one.since or first
        for what, ending in zip(("install", "puppet", "checks"), ends, strict=True):
            if ending is not None and ending >= begin and (what != "install" or one.kind != CONVERGE):
                parts.append((what, at(begin), max(2, at(ending) - at(begin)), ending - begin))
                begin = ending
        bars.append((one, parts))
    return {"bars": bars, "left_out": len(begun) - len(shown), "span": last - first}


def _build(name: str) -> dict[str, Any]:
    newest = deployments.list_deployments(ctx(), name).deployments[:1]
    found = deployments.show_deployment(ctx(), name, newest[0].id) if newest else None
    steps = found.steps if found else []
    return {
        "chart": _bars(steps, found.ended or now()) if found else {},
        "open": found is not None and found.ended is None,
        "failed": [step for step in steps if step.state == FAILED],
        "paused": found is not None and found.state == PAUSED,
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
    """Carry out the plan that was read, and nothing else."""
    made = deployments.deploy(ctx(), name, _order(DeployIn, "plan"))
    return done(f"The plan {made.plan} of {made.cluster} is carried out.", url_for("webui.cluster", name=name))


@needs(deployments.pause)
def pause(name: str) -> Response:
    """Begin nothing more."""
    made = deployments.pause(ctx(), name, _order(WhyIn, "reason"))
    return done(f"The deployment of {made.cluster} is paused.", url_for("webui.cluster", name=name))


@needs(deployments.resume)
def resume(name: str) -> Response:
    """Go on."""
    made = deployments.resume(ctx(), name)
    return done(f"The deployment of {made.cluster} goes on.", url_for("webui.cluster", name=name))


@needs(deployments.abort)
def abort(name: str) -> Response:
    """End it."""
    deployments.abort(ctx(), name, _order(WhyIn, "reason"))
    return done("The deployment is stopped; what runs on machines goes on.", url_for("webui.cluster", name=name))


@needs(deployments.retry)
def retry(name: str) -> Response:
    """Try a machine that failed once more."""
    order = _order(StepIn, "machine")
    deployments.retry(ctx(), name, order)
    return done(f"{order.machine} is tried once more.", url_for("webui.cluster", name=name))


@needs(deployments.skip)
def skip(name: str) -> Response:
    """Leave a machine out."""
    order = _order(SkipIn, "machine", "reason")
    deployments.skip(ctx(), name, order)
    return done(f"{order.machine} is left out; it stays in the next plan.", url_for("webui.cluster", name=name))


VERBS = {"deploy": deploy, "pause": pause, "resume": resume, "abort": abort, "retry": retry, "skip": skip}


def routes(bp: Blueprint) -> None:
    bp.get("/clusters/<name>/waves", endpoint="waves")(waves)
    for verb, act in VERBS.items():
        bp.post(f"/clusters/<name>/{verb}", endpoint=f"deployment_{verb}")(act)
