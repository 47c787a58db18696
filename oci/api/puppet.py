"""What the Puppet server asks, on a unix socket only: docs/reference/machine-protocol.md, section 4."""

from __future__ import annotations

import json
from typing import Any

from flask import Flask, Response, current_app, request

from oci.api import errors
from oci.services import puppet
from oci.services.context import Actor, Ctx, Problem

PUPPET = Actor("puppet", "appliance")


def _ctx() -> Ctx:
    ctx: Ctx = current_app.extensions["oci"].ctx(PUPPET)
    return ctx


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
        try:
            data = json.loads(request.get_data())
        except (ValueError, RecursionError):
            raise Problem("a Puppet report is a JSON object") from None
        if not isinstance(data, dict):
            raise Problem("a Puppet report is a JSON object")
        puppet.report(_ctx(), certname, data)
        return "", 204

    return app
