"""Why Puppet is told what it is told: the parameters of a machine, and what one of them is made of."""

from __future__ import annotations

import json

from flask import Blueprint, render_template, request
from pydantic import ValidationError

from oci.domain.deploy.explained import KINDS
from oci.problems import NotFound, Problem
from oci.schemas.deploy.explained import ExplainedOut, ExplainQuery
from oci.services.deploy import explained
from oci.services.path import puppet
from webui.session import ctx
from webui.submit import Answer


def _pretty(value: str) -> str:
    """JSON over several lines; what was cut off is shown as it is."""
    try:
        return json.dumps(json.loads(value), indent=2, ensure_ascii=False)
    except ValueError:
        return value


def _asked(name: str, text: str) -> ExplainedOut:
    """Raises NotFound for what is no parameter, Conflict, Unavailable."""
    try:
        query = ExplainQuery(parameter=text)
    except ValidationError:
        raise NotFound("no parameter is called so; choose one of those below") from None
    return explained.explain(ctx(), name, query)


def explain(name: str) -> Answer:
    """The parameters of a machine; of the one that is asked for, its value and what it is made of."""
    given = puppet.preview_classification(ctx(), name)
    text, found, problem, status = request.args.get("parameter", "").strip(), None, "", 200
    if text:
        try:
            found = _asked(str(given.machine), text)
        except Problem as refused:
            problem, status = str(refused), refused.status
    shown = {"machine": given.machine, "names": given.parameters, "e": found, "kinds": KINDS, "asked": text}
    value = _pretty(found.value) if found else ""
    return render_template("deploy/explained.html", problem=problem, value=value, **shown), status


def routes(bp: Blueprint) -> None:
    bp.get("/machines/<name>/explained", endpoint="explained")(explain)
