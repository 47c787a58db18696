"""Signing in and out."""

from __future__ import annotations

from flask import Blueprint, redirect, render_template, request, session, url_for
from werkzeug.wrappers import Response

from oci.api.operators.parts.access import NOBODY, source
from oci.problems import Problem, TooMany
from oci.services.people import people
from webui.session import ctx, local, remember


def sign_in_form() -> str:
    """Name and password."""
    return render_template("people/sign_in.html", name="", problem="")


def sign_in() -> Response | tuple[str, int, dict[str, str]]:
    """Check name and password and go to the page that was wanted."""
    name, password = request.form.get("name", "").strip()[:64], request.form.get("password", "")
    try:
        me = people.sign_in(ctx(NOBODY), name, password, source())
    except Problem as refused:
        wait = {"Retry-After": "60"} if isinstance(refused, TooMany) else {}
        return render_template("people/sign_in.html", name=name, problem=str(refused)), refused.status, wait
    remember(me.name)
    return redirect(local(request.args.get("next", "/")), 303)


def sign_out() -> Response:
    """Forget who looks."""
    session.clear()
    return redirect(url_for("webui.sign_in_form"), 303)


def routes(bp: Blueprint) -> None:
    bp.get("/signin")(sign_in_form)
    bp.post("/signin")(sign_in)
    bp.post("/signout")(sign_out)
