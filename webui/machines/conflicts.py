"""Which machine is it? One question, what speaks for each answer, and the buttons that give it."""

from __future__ import annotations

from flask import Blueprint, render_template, request, url_for
from werkzeug.wrappers import Response

from oci.schemas.machines.conflicts import ConflictOut, JoinIn
from oci.schemas.machines.machines import MachineRef
from oci.services.machines import conflicts as service
from webui.machines.forms import Merge
from webui.session import ctx
from webui.submit import NUMBER, Answer, done, needs, submit


def conflict(number: int) -> str:
    """One question with the machines that it may be."""
    return render_template("machines/conflict.html", c=service.show(ctx(), number))


def _answer(number: int, verb: str) -> ConflictOut:
    if verb == "join":
        return service.join(ctx(), number, JoinIn(machine=request.form.get("machine", "") or "?"))
    return service.split(ctx(), number) if verb == "split" else service.close(ctx(), number)


WORDS = {
    "join": "Question {id} is answered: it is {machine}, which has learned what was reported.",
    "split": "Question {id} is answered: it is a machine of its own, {machine}. Join takes that back.",
    "close": "Question {id} is closed. It is asked again if nothing has changed.",
}


@needs(join=service.join, split=service.split, close=service.close)
def answer(number: int, verb: str) -> Response:
    """Answer a question."""
    found = _answer(number, verb)
    url = url_for("webui.machine", name=found.machine) if found.machine else url_for("webui.overview")
    return done(WORDS[verb].format(id=found.id, machine=found.machine), url)


def _joined(made: MachineRef) -> tuple[str, str]:
    return f"{made.name} has taken over the other record.", url_for("webui.machine", name=made.name)


@needs(service.merge)
def merge(name: str) -> Answer:
    """Two records are one machine: the form asks which one is going to be gone, by its name."""
    return submit(
        "form.html",
        Merge(),
        lambda order: service.merge(ctx(), name, order),
        _joined,
        title=f"Join a record to {name}",
        label="Join",
        back=url_for("webui.machine", name=name),
        intro="Two records are one machine. The other record's cards, reports and history become this one's, "
        "and the other record is gone.",
    )


def routes(bp: Blueprint) -> None:
    bp.get(f"/conflicts/<{NUMBER}:number>")(conflict)
    bp.post(f"/conflicts/<{NUMBER}:number>/<any(join,split,close):verb>", endpoint="answer_conflict")(answer)
    bp.route("/machines/<name>/join", methods=["GET", "POST"], endpoint="merge")(merge)
