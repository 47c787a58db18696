"""Proofs of a cloud: the button, and one proof while it goes on."""

from __future__ import annotations

from flask import Blueprint, flash, redirect, url_for
from werkzeug.wrappers import Response

from oci.problems import Problem
from oci.schemas.cloud.checks import ProofIn
from oci.services.cloud import checks
from webui.live import live
from webui.session import ctx
from webui.submit import NUMBER, done, needs


@needs(checks.order)
def order(name: str) -> Response:
    """Order a proof on every compute. A reason for none is told on the cluster's page."""
    try:
        made = checks.order(ctx(), name, ProofIn())
    except Problem as refused:
        if refused.status == 404:
            raise
        flash(str(refused))
        return redirect(url_for("webui.cluster", name=name), 303)
    return done(f"Check {made.id} is ordered.", url_for("webui.check", name=name, number=made.id))


def check(name: str, number: int) -> Response | str:
    """One proof, step by step."""
    return live(
        "cloud/check",
        lambda: checks.cursor(ctx(), name, number),
        lambda: {"k": checks.show_check(ctx(), name, number)},
    )


def routes(bp: Blueprint) -> None:
    bp.post("/clusters/<name>/checks", endpoint="order_check")(order)
    bp.get(f"/clusters/<name>/checks/<{NUMBER}:number>", endpoint="check")(check)
