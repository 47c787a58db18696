"""Errors as pages: what, why, what instead, with the status kept."""

from __future__ import annotations

import logging
import secrets

from flask import Blueprint, Response, g, render_template, request
from pydantic import ValidationError
from werkzeug.exceptions import HTTPException, NotFound

from oci.api import errors
from oci.api.operators.parts.access import NOBODY
from oci.ports import OutsideError
from oci.problems import Problem
from webui.session import who

log = logging.getLogger("oci.webui")
TITLES = {
    400: "Not understood",
    401: "Sign in first",
    403: "Not allowed",
    404: "Not found",
    405: "Not possible here",
    409: "Not possible now",
    410: "Gone",
    413: "Too large",
    429: "Too many tries",
    503: "Not possible just now",
}
Answer = tuple[str, int]


def page(status: int, message: str) -> Answer:
    """The page that says what went wrong; a fragment gets only the words. The id is in the log."""
    if "actor" not in g:
        g.actor = who() or NOBODY
    id = secrets.token_hex(4)
    level = logging.ERROR if status >= 500 else logging.INFO
    log.log(level, "%s %d %s %r", id, status, request.method, request.path[:200])
    name = "parts/alert.html" if request.headers.get("HX-Request") else "trouble.html"
    return render_template(name, title=TITLES.get(status, "It did not work"), message=message, id=id), status


def problem(error: Problem) -> Answer:
    return page(error.status, str(error))


def outside(error: OutsideError) -> Answer:
    return page(503, str(error))


def http(error: HTTPException) -> Answer | Response:
    if error.response is not None or (error.code or 500) < 400:
        return error.get_response()  # type: ignore[return-value]
    return page(error.code or 500, error.description or error.name)


def invalid(error: ValidationError) -> Answer:
    """What no form or link of ours sends; the words are the schema's."""
    first = error.errors(include_url=False, include_input=False)[0]
    return page(400, f"{'.'.join(map(str, first['loc']))}: {first['msg']}; correct it and send it again")


def defect(error: Exception) -> Answer:
    """A mistake of ours: the reader gets an id, the log gets the rest."""
    log.exception("a defect in the page %r", request.path[:200])
    return page(
        500, "the appliance has a defect here; nothing was changed. Tell its admin the id below, the log holds the rest"
    )


def nowhere(error: NotFound) -> Answer | Response:
    """An address that nothing has: a browser gets a page, a program the one shape of errors."""
    if request.path.startswith("/v1") or "text/html" not in request.headers.get("Accept", ""):
        return errors.answer(404, "not-found", errors.MESSAGES[404])
    return page(404, "nothing is at this address; the links above lead to everything there is")


def install(bp: Blueprint) -> None:
    bp.register_error_handler(Problem, problem)
    bp.register_error_handler(OutsideError, outside)
    bp.register_error_handler(ValidationError, invalid)
    bp.register_error_handler(HTTPException, http)
    bp.register_error_handler(Exception, defect)
    bp.app_errorhandler(404)(nowhere)
