"""What would happen to a cluster: drawn as waves, with all that is lost, and the button that has exactly that done."""

from __future__ import annotations

from itertools import groupby

from flask import Blueprint, render_template, request

from oci.problems import Problem
from oci.schemas.deploy.plans import PlanIn
from oci.services.clusters import clusters
from oci.services.deploy import plans
from webui.session import ctx
from webui.submit import Answer

MOST_SHOWN = 500
"""Steps that a page lists; `ocicli cluster plan` has all."""


def plan(name: str) -> Answer:
    """The plan as it is now."""
    every = request.args.get("every") == "1"
    shown = clusters.show_cluster(ctx(), name)
    try:
        found = plans.show_plan(ctx(), name, PlanIn(every=every))
    except Problem as refused:
        return render_template("deploy/plan.html", c=shown, problem=str(refused)), refused.status
    waves = [(one, [step for step in found.steps if step.wave == one.wave]) for one in found.waves]
    drawn = [
        (wave, [(role, list(group)) for role, group in groupby(steps, key=lambda step: step.role)]) for wave, steps in waves
    ]
    return render_template("deploy/plan.html", c=shown, p=found, every=every, drawn=drawn, most=MOST_SHOWN), 200


def routes(bp: Blueprint) -> None:
    bp.get("/clusters/<name>/plan", endpoint="plan")(plan)
