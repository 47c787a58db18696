"""People, for admins: who may sign in and do what."""

from __future__ import annotations

from flask import Blueprint, request, url_for

from oci.domain.levels import PERSONAL
from oci.problems import Problem
from oci.schemas.people.people import PersonOut
from oci.services.people import people as service
from webui.people.forms import Level, NewPerson
from webui.session import ctx
from webui.submit import Answer, done, needs, submit


def _added(made: PersonOut) -> tuple[str, str]:
    return f"{made.name} may sign in as {made.level}.", url_for("webui.people")


@needs(service.add_person)
def people() -> Answer:
    """Everybody who may sign in; a post adds one."""
    return submit(
        "people/people.html",
        NewPerson(),
        lambda order: service.add_person(ctx(), order),
        _added,
        people=service.list_people(ctx()).people,
        levels=PERSONAL,
    )


@needs(service.set_level)
def set_level(name: str) -> Answer:
    """Give somebody another level."""
    order = Level().read()
    if order is None:
        wanted = request.form.get("level", "")[:20]
        raise Problem(f"{wanted!r} is no level; choose one of {', '.join(PERSONAL)}")
    made = service.set_level(ctx(), name, order.level)
    return done(f"{made.name} is {made.level} now.", url_for("webui.people"))


@needs(disable=service.disable_person, enable=service.enable_person)
def shut_out(name: str, verb: str) -> Answer:
    """Disable somebody, or undo it."""
    made = (service.disable_person if verb == "disable" else service.enable_person)(ctx(), name)
    words = "is shut out, with every session and token" if made.disabled else "may sign in again"
    return done(f"{made.name} {words}.", url_for("webui.people"))


def routes(bp: Blueprint) -> None:
    bp.route("/people", methods=["GET", "POST"])(people)
    bp.post("/people/<name>/level")(set_level)
    bp.post("/people/<name>/<any(disable,enable):verb>")(shut_out)
