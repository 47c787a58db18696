"""Who asks: a bearer token, or the session cookie of a browser. One actor for each request."""

from __future__ import annotations

from flask import current_app, g, request, session
from flask_wtf.csrf import validate_csrf
from wtforms.validators import ValidationError

from oci.context import Actor, Ctx
from oci.domain import levels
from oci.problems import Problem, Unauthorised
from oci.services.people import people

NOBODY = Actor(levels.NOBODY, levels.NOBODY)
READS = ("GET", "HEAD", "OPTIONS")
# Signing in and reading the contract need no sign-in.
OPEN = ("session_create",)


def ctx() -> Ctx:
    """A context for one use case, acting as whoever asks."""
    made: Ctx = current_app.extensions["oci"].ctx(g.get("actor", NOBODY))
    return made


def source() -> str:
    """The caller's address, for the rate limit. nginx, the only one who can reach this listener, sets the header."""
    return request.headers.get("X-Real-IP", request.remote_addr or "")[:64]


def _bearer() -> str | None:
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" else None


def _by_session() -> Actor | None:
    name, stamp = session.get("person"), session.get("stamp")
    if not isinstance(name, str) or not isinstance(stamp, str):
        return None
    return people.session_actor(ctx(), name, stamp)


def _check_csrf() -> None:
    """A browser sends its cookie along with what other sites make it send; the header only our pages can set."""
    hours = current_app.extensions["oci"].config.session_hours
    try:
        validate_csrf(request.headers.get("X-CSRFToken"), time_limit=hours * 3600)
    except ValidationError as error:
        raise Problem(
            f"a request with a session cookie needs the header X-CSRFToken ({error}); reload the page, "
            "or send a token as Authorization: Bearer instead"
        ) from None


def guard() -> None:
    """Before every request under /v1: who is it, may they come in, and did they mean it."""
    g.actor = NOBODY
    if request.endpoint in OPEN:
        return
    token = _bearer()
    if token is not None:
        g.actor = people.authenticate_token(ctx(), token)
        return
    g.actor = _by_session() or NOBODY
    if g.actor is NOBODY:
        raise Unauthorised("this needs a sign-in or a token; sign in at /signin or send Authorization: Bearer")
    if request.method not in READS:
        _check_csrf()
