"""What the Puppet server asks, on a unix socket only: docs/reference/machine-protocol.md, section 4."""

from __future__ import annotations

import json
import math
from typing import Any

from flask import Flask, Response, current_app, request

from oci.api import errors
from oci.context import Actor, Ctx
from oci.domain.levels import APPLIANCE
from oci.problems import Problem
from oci.services.path import puppet

PUPPET = Actor("puppet", APPLIANCE)


def _ctx() -> Ctx:
    ctx: Ctx = current_app.extensions["oci"].ctx(PUPPET)
    return ctx


def _plain(value: Any) -> Any:
    """What every reader of JSON takes. Python's also takes NaN, Infinity and half a character, which no other gives
    back and no database stores: numbers become null, characters a question mark."""
    if isinstance(value, str):
        return value.encode("utf-8", "replace").decode()
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, list):
        return [_plain(one) for one in value]
    return {_plain(k): _plain(v) for k, v in value.items()} if isinstance(value, dict) else value


def _report(body: bytes) -> dict[str, Any]:
    """The report in `body`. Raises Problem."""
    try:
        data = _plain(json.loads(body))
    except (ValueError, RecursionError):
        raise Problem("a Puppet report is a JSON object") from None
    if not isinstance(data, dict):
        raise Problem("a Puppet report is a JSON object")
    return data


def create(made: Any) -> Flask:
    """The WSGI application of the Puppet socket for the appliance `made`. Bind it to nothing but a unix socket."""
    app = Flask("oci.puppet", static_folder=None)
    app.extensions["oci"] = made
    app.config["MAX_CONTENT_LENGTH"] = 1 << 20
    errors.register(app)

    @app.get("/enc/<certname>")
    def enc(certname: str) -> Response:
        text = puppet.classify(_ctx(), certname)
        puppet.asked(_ctx(), certname)
        return Response(text, mimetype="application/yaml")

    @app.post("/autosign/<certname>")
    def autosign(certname: str) -> tuple[str, int]:
        puppet.autosign(_ctx(), certname, request.get_data())
        return "", 204

    @app.post("/puppet-report/<certname>")
    def report(certname: str) -> tuple[str, int]:
        puppet.report(_ctx(), certname, _report(request.get_data()))
        return "", 204

    return app
