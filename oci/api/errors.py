"""The one shape of every error, for every listener."""

from __future__ import annotations

import logging
import secrets
from collections.abc import Sequence

from flask import Flask, Response, request
from werkzeug.exceptions import HTTPException

from oci.ports import OutsideError
from oci.problems import Mistaken, Problem
from oci.schemas.words import ErrorOut, MistakeOut

log = logging.getLogger("oci.api")

WORDS = {
    400: "bad-request",
    401: "unauthorised",
    403: "forbidden",
    404: "not-found",
    405: "not-allowed",
    409: "conflict",
    413: "too-large",
    415: "unsupported-type",
    429: "too-many",
}
MESSAGES = {
    404: "nothing is here; GET /openapi.json lists what is",
    405: "this address does not know that method; GET /openapi.json lists those that it knows",
    413: "the request is larger than what is read; send less",
    415: "the request is of a type that is not read; send application/json",
}


def answer(status: int, code: str, message: str, mistakes: Sequence[MistakeOut] = ()) -> Response:
    """An error in its one shape; its id is in the log, the query string, which may hold anything, is not."""
    id_ = secrets.token_hex(4)
    log.log(
        logging.ERROR if status >= 500 else logging.INFO,
        "%s %d %s %r: %s",
        id_,
        status,
        request.method,
        request.path[:200],
        message.encode("unicode_escape").decode()[:500],
    )
    body = ErrorOut(error=code, message=message, id=id_, mistakes=list(mistakes))
    text = body.model_dump_json(exclude=None if mistakes else {"mistakes"})
    made = Response(text + "\n", status, mimetype="application/json")
    if status == 401:
        made.headers["WWW-Authenticate"] = 'Bearer realm="oci"'
    return made


def _problem(error: Problem) -> Response:
    found = error.mistakes if isinstance(error, Mistaken) else ()
    mistakes = [MistakeOut(line=line, where=where, text=text) for line, where, text in found]
    return answer(error.status, error.code, str(error), mistakes)


def _http(error: HTTPException) -> Response:
    """What Flask and werkzeug refuse by themselves; a redirect and its like pass as they are."""
    status = error.code or 500
    if error.response is not None or status < 400:
        return error.get_response()  # type: ignore[return-value]
    made = answer(status, WORDS.get(status, "failed"), MESSAGES.get(status) or error.description or error.name)
    valid = getattr(error, "valid_methods", None)
    if valid:
        made.headers["Allow"] = ", ".join(sorted(valid))
    return made


def _outside(error: OutsideError) -> Response:
    return answer(503, "outside-failed", str(error))


def _defect(error: Exception) -> Response:
    log.exception("a defect in %s %r", request.method, request.path[:200])
    return answer(
        500,
        "defect",
        "the appliance has a defect here; nothing was changed. Tell its admin the id of this answer, the log holds the rest",
    )


def register(app: Flask) -> None:
    """Answer every error of `app` in the one shape. A listener may replace single handlers afterwards."""
    app.register_error_handler(Problem, _problem)
    app.register_error_handler(HTTPException, _http)
    app.register_error_handler(OutsideError, _outside)
    app.register_error_handler(Exception, _defect)
