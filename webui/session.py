"""Who looks at a page: the cookie holds a name, the account behind it is asked for on each request."""

from __future__ import annotations

from urllib.parse import urlsplit

from flask import Blueprint, Response, current_app, g, make_response, redirect, request, session, url_for
from flask_wtf.csrf import generate_csrf, validate_csrf
from werkzeug.wrappers import Response as AnyResponse
from wtforms.validators import ValidationError

from oci.api.operators.parts.access import NOBODY, READS
from oci.context import Actor, Ctx
from oci.domain.levels import covers
from oci.problems import Problem
from oci.services.people import people
from oci.services.usecase import OPERATIONS

OPEN = ("webui.sign_in", "webui.sign_in_form", "webui.static_file")


def ctx(actor: Actor | None = None) -> Ctx:
    """A context for one use case, acting as `actor` or as the person who is signed in."""
    made: Ctx = current_app.extensions["oci"].ctx(actor or g.actor)
    return made


def may(name: str) -> bool:
    """True when the reader may do the operation `name`, such as machine.assign. Raises KeyError for any other word."""
    return covers(g.actor.level, OPERATIONS[name].level)


def remember(name: str) -> None:
    """Sign `name` in. What the session held before is dropped, so that nobody can plant a session."""
    stamp = people.session_stamp(ctx(NOBODY), name)
    session.clear()
    session["person"], session["stamp"] = name, stamp
    session.permanent = True


def who() -> Actor | None:
    """Whom the session cookie stands for; None when the account is gone, disabled or has a new password."""
    name, stamp = session.get("person"), session.get("stamp")
    if not isinstance(name, str) or not isinstance(stamp, str):
        return None
    return people.session_actor(ctx(NOBODY), name, stamp)


def local(path: str) -> str:
    """`path` if it is a page of this appliance, else the overview: a link must not lead a reader away."""
    parts = urlsplit(path)
    clean = path.startswith("/") and not path.startswith(("//", "/\\")) and path.isprintable()
    stays = clean and not parts.scheme and not parts.netloc and "\\" not in path
    return path if stays else url_for("webui.overview")


def _to_sign_in() -> AnyResponse:
    if request.headers.get("HX-Request"):
        # the poll of a page whose session ended: the page itself must go to the sign-in
        here = urlsplit(request.headers.get("HX-Current-URL", "/"))
        back = here.path + (f"?{here.query}" if here.query else "")
        return Response("", 401, {"HX-Redirect": url_for("webui.sign_in_form", next=local(back))})
    wanted = request.full_path.rstrip("?") if request.method in READS else None
    return redirect(url_for("webui.sign_in_form", next=wanted), 303)


def _check_csrf() -> None:
    hours = current_app.extensions["oci"].config.session_hours
    try:
        validate_csrf(request.form.get("csrf_token"), time_limit=hours * 3600)
    except ValidationError as error:
        raise Problem(
            "the form was not taken, because its protection against forgery does not fit "
            f"({error}); go back, reload the page and send it again"
        ) from None


def guard() -> AnyResponse | None:
    """Before every page: who is it, may they come in, and is a form one of ours."""
    g.actor = NOBODY
    if request.endpoint == "webui.static_file":
        return None
    g.actor = who() or NOBODY
    if g.actor is NOBODY and request.endpoint not in OPEN:
        return _to_sign_in()
    if request.method not in READS:
        _check_csrf()
    return None


def private(answer: AnyResponse) -> AnyResponse:
    """A page shows what only its reader may see."""
    if request.endpoint != "webui.static_file":
        answer.headers["Cache-Control"] = "no-store"
    return answer


def unchanged() -> AnyResponse:
    """Tells htmx that what the reader sees is still true; nothing on the page moves."""
    return make_response("", 204)


def install(bp: Blueprint) -> None:
    bp.before_request(guard)
    bp.after_request(private)
    bp.app_context_processor(lambda: {"me": g.get("actor", NOBODY)})
    bp.app_template_global()(may)
    bp.app_template_global("csrf_token")(generate_csrf)
