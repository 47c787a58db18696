"""The operators' listener: REST under /v1, its contract at /openapi.json. The pages join as a blueprint."""

from __future__ import annotations

import functools
import hashlib
import os
import secrets
from datetime import timedelta
from pathlib import Path
from typing import Any

from flask import Flask, Response, jsonify, request
from flask_openapi3 import Info, OpenAPI

from oci.api import errors
from oci.api.operators.activity import events, health, jobs
from oci.api.operators.cloud import clouds, declarations
from oci.api.operators.clusters import clusters, networks, roles, settings
from oci.api.operators.deploy import deployments, drift, explained, revisions
from oci.api.operators.machines import conflicts, machines
from oci.api.operators.parts import access, bodies
from oci.api.operators.parts.extensions import extend
from oci.api.operators.people import people
from oci.schemas.words import ErrorOut

API_VERSION = "1.0"
PARTS = (
    *(machines, conflicts, clusters, networks, roles, settings, declarations, deployments, revisions),
    *(drift, explained, clouds),
    *(events, jobs, people, health),
)
SECURITY: dict[str, Any] = {
    "token": {"type": "http", "scheme": "bearer", "description": "a token made by `ocicli login` or `ocicli token make`"},
    "session": {
        "type": "apiKey",
        "in": "cookie",
        "name": "session",
        "description": "a browser's session; what changes something needs the header X-CSRFToken too",
    },
}
HEADERS = {
    "Content-Security-Policy": "default-src 'self'; img-src 'self' data:; object-src 'none'; base-uri 'none'; "
    "form-action 'self'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
}


def session_key(path: Path) -> str:
    """The key that signs session cookies; made on first use, readable by its owner alone."""
    if not path.exists():
        draft = path.with_name(f"{path.name}.{secrets.token_hex(4)}")
        with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            file.write(secrets.token_hex(32))
        try:
            os.link(draft, path)  # several processes start at once; the first one's key is everybody's
        except FileExistsError:
            pass
        finally:
            draft.unlink()
    key = path.read_text().strip()
    if len(key) < 32:
        raise ValueError(f"{path} holds no session key; remove the file and start again")
    return key


def _configure(app: Flask, config: Any) -> None:
    app.config.update(
        SECRET_KEY=session_key(config.path("state_dir", "session.key")),
        MAX_CONTENT_LENGTH=bodies.BODY_BYTES,
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        SESSION_COOKIE_SECURE=config.secure_cookies,
        PERMANENT_SESSION_LIFETIME=timedelta(hours=config.session_hours),
        SESSION_REFRESH_EACH_REQUEST=False,
    )
    app.json = bodies.StrictJson(app)
    app.url_map.merge_slashes = False


def _is_api() -> bool:
    return request.path == "/v1" or request.path.startswith("/v1/")


def _before() -> None:
    if _is_api():
        access.guard()
        bodies.check_body()


def _after(response: Response) -> Response:
    for name, value in HEADERS.items():
        response.headers.setdefault(name, value)
    if _is_api():
        response.headers.setdefault("Cache-Control", "no-store")
    return response


def _contract(app: OpenAPI) -> None:
    """Serve the contract, with an ETag, so that clients fetch it only when it changed. It is made once."""

    @functools.cache
    def document() -> dict[str, Any]:
        return extend(app.api_doc, app)

    @app.route("/openapi.json")
    def contract() -> Response:
        answer = jsonify(document())
        answer.set_etag(hashlib.sha256(answer.get_data()).hexdigest()[:16])
        answer.headers["Cache-Control"] = "no-cache"
        answer.make_conditional(request)
        return answer


def create(made: Any) -> Flask:
    """The WSGI application for people and programs, for the appliance `made` (its config and ctx are used)."""
    info = Info(
        title="OCI",
        version=API_VERSION,
        description="OpenStack Cluster Installer: from powered-off "
        "machines to a running cloud. Times are seconds since the epoch, sizes are bytes.",
    )
    app = OpenAPI(
        "oci.operators",
        info=info,
        security_schemes=SECURITY,
        doc_ui=False,
        static_folder=None,
        validation_error_status=400,
        validation_error_model=ErrorOut,
        validation_error_callback=bodies.invalid,
        openapi_extensions={"security": [{"token": []}, {"session": []}]},
    )
    app.extensions["oci"] = made
    _configure(app, made.config)
    errors.register(app)
    app.before_request(_before)
    app.after_request(_after)
    for part in PARTS:
        part.add(app)
    _contract(app)
    return app
