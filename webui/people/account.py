"""One's own account: password, and tokens for programs."""

from __future__ import annotations

from flask import Blueprint, g, render_template, request, url_for

from oci.api.operators.parts.access import source
from oci.problems import Problem
from oci.schemas.people.people import PersonOut, TokenOut
from oci.services.people import people
from webui.people.forms import NewToken, Password
from webui.session import ctx, remember
from webui.submit import NUMBER, Answer, done


def _mine() -> list[TokenOut]:
    return [token for token in people.list_tokens(ctx()).tokens if token.person == g.actor.name]


def _show(status: int = 200, **more: object) -> Answer:
    wanted: dict[str, object] = {
        "form": NewToken(formdata=None),
        "password": Password(formdata=None),
        "made": None,
        "problem": "",
    }
    return render_template("people/account.html", tokens=_mine(), **{**wanted, **more}), status


def account() -> Answer:
    """Password and tokens of the one who looks."""
    return _show()


def make_token() -> Answer:
    """Make a token. It is in this answer and nowhere else, so there is no redirect to another page."""
    form = NewToken()
    order = form.read()
    return _show(form=form, status=400) if order is None else _show(made=people.make_token(ctx(), order))


def revoke_token(id: int) -> Answer:
    """Make a token worthless."""
    people.revoke_token(ctx(), id)
    return done("The token is worthless now.", url_for("webui.account"))


def _changed(_person: PersonOut) -> None:
    # a new password ends every session of the old one; this one goes on
    remember(g.actor.name)


def set_password() -> Answer:
    """Give oneself a new password, knowing the old one: an unattended browser must not be enough."""
    form = Password()
    order = form.read()
    if order is None:
        return _show(password=form, status=400)
    try:
        people.sign_in(ctx(), g.actor.name, request.form.get("current", ""), source())
    except Problem as refused:
        return _show(problem=f"your password is as it was: {refused}", status=refused.status)
    _changed(people.set_password(ctx(), g.actor.name, order.password))
    return done("Your password is changed; other sessions have ended.", url_for("webui.account"))


def routes(bp: Blueprint) -> None:
    bp.get("/account")(account)
    bp.post("/account/tokens")(make_token)
    bp.post(f"/account/tokens/<{NUMBER}:id>/revoke")(revoke_token)
    bp.post("/account/password")(set_password)
