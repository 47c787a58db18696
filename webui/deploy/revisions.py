"""Revisions of a cluster's declaration: which there are, how they differ, and going back to one of them."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, render_template, request, url_for
from wtforms import StringField

from oci.domain.deploy.revisions import ADDED, APPLIED, KINDS, PLACE, REMOVED, body
from oci.problems import Mistaken, NotFound, Problem
from oci.schemas.deploy.revisions import MOST, CompareQuery, RevertIn, RevertOut, RevisionQuery
from oci.services.deploy import revisions
from webui.forms import Order
from webui.session import ctx
from webui.submit import NUMBER, Answer, done, needs

FEW = 5
"""Revisions on the page of a cluster; all are on their own."""
_MARKS = {ADDED: "added", REMOVED: "removed", PLACE: "place"}


_TOLD = {kind: meaning for kind, meaning in KINDS.items() if kind != APPLIED}


class Revert(Order):
    model = RevertIn
    note = StringField("Note", render_kw={"maxlength": "200", "autocomplete": "off"})


def section(name: str) -> dict[str, Any]:
    """What the section of a cluster's page shows."""
    return {"r": revisions.list_revisions(ctx(), name, RevisionQuery(limit=FEW)), "told": _TOLD}


def _number(name: str) -> int | None:
    """A number in the query of an address; None for none, and for what is none."""
    text = request.args.get(name, "").strip()
    good = text.isascii() and text.isdigit() and len(text) <= len(str(MOST)) and int(text) <= MOST
    return int(text) if good else None


def every(name: str) -> str:
    """The revisions of a cluster, newest first, a part of them at a time."""
    found = revisions.list_revisions(ctx(), name, RevisionQuery(before=_number("before") or None))
    return render_template("deploy/revisions.html", name=name, r=found, told=_TOLD)


def one(name: str, number: int) -> str:
    """One revision: what it changed, how it differs from another, and its document."""
    found = revisions.show_revision(ctx(), name, number, CompareQuery(to=_number("to")))
    lines = body(found.difference.split("\n")) if found.difference else []
    marked = [(_MARKS.get(line[:1], ""), line) for line in lines]
    return render_template("deploy/revision.html", name=name, v=found, lines=marked, to=_number("to"), kinds=KINDS)


def _would(name: str, number: int) -> tuple[dict[str, Any], int]:
    """What going back would change, or why it cannot be, with its status. Raises NotFound."""
    try:
        return {"would": revisions.revert(ctx(), name, number, RevertIn(dry_run=True))}, 200
    except Mistaken as refused:
        return {"mistakes": refused.mistakes}, refused.status
    except NotFound:
        raise
    except Problem as refused:
        return {"problem": str(refused)}, refused.status


@needs(revisions.revert)
def revert(name: str, number: int) -> Answer:
    """Say what going back would change; a post does it."""
    form, refusal = Revert(), {}
    order = form.read() if request.method == "POST" else None
    if order is not None:
        try:
            return _done(revisions.revert(ctx(), name, number, RevertIn(note=order.note)))
        except NotFound:
            raise
        except Problem as refused:
            refusal = {"problem": str(refused)}
    # Also after a refusal: by now it may be otherwise than what was shown.
    shown, status = _would(name, number)
    status = 400 if form.note.errors else 409 if refusal and status == 200 else status
    return render_template("deploy/revert.html", name=name, number=number, form=form, **{**refusal, **shown}), status


def _done(told: RevertOut) -> Answer:
    if told.revision is None:
        return done("All was so already; nothing was changed.", url_for("webui.cluster", name=told.cluster))
    words = f"{told.cluster} went back to revision {told.back}, as revision {told.revision}. But {'; '.join(told.left)}."
    return done(words, url_for("webui.revision", name=told.cluster, number=told.revision))


def routes(bp: Blueprint) -> None:
    path = f"/clusters/<name>/revisions/<{NUMBER}:number>"
    bp.get("/clusters/<name>/revisions", endpoint="revisions")(every)
    bp.get(path, endpoint="revision")(one)
    bp.route(f"{path}/revert", methods=["GET", "POST"], endpoint="revert")(revert)
