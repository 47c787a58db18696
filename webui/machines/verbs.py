"""What people do with one machine."""

from __future__ import annotations

import base64

from flask import Blueprint, Response, render_template, request, url_for

from oci.domain.machines.lifecycle import STATES
from oci.problems import Problem
from oci.schemas.machines.machines import MachineDetail
from oci.services.clusters import clusters, roles
from oci.services.machines import look, verbs
from oci.services.path import adoptions
from webui.machines.forms import Assign, Bmc, Confirm
from webui.machines.offers import POWER, USE_CASES, VERBS, asks_name, loss
from webui.session import ctx
from webui.submit import Answer, done, needs, submit


def _page(name: str) -> str:
    return url_for("webui.machine", name=name)


def _said(words: str, machine: MachineDetail) -> tuple[str, str]:
    return words.format(name=machine.name), _page(machine.name)


@needs(verbs.assign)
def assign(name: str) -> Answer:
    """The form that promises a machine to a cluster."""
    machine, form = look.show(ctx(), name), Assign()
    known, given = clusters.list_clusters(ctx()).clusters, roles.list_roles(ctx()).roles
    form.cluster.choices = [(c.name, f"{c.name} ({c.domain})") for c in known]
    form.role.choices = [(r.name, f"{r.name}: {r.title}") for r in given]
    return submit(
        "machines/assign.html",
        form,
        lambda order: verbs.assign(ctx(), name, order),
        lambda made: _said(VERBS["assign"].after, made),
        machine=machine,
        clusters=known,
    )


@needs(verbs.set_bmc)
def bmc(name: str) -> Answer:
    """The form that says how the management controller is reached; the password goes in and never out."""
    machine = look.show(ctx(), name)
    form = Bmc(data={"address": machine.bmc_address, "username": machine.bmc_username, "port": 623})
    words = "The controller of {name} is stored; its power is being asked for."
    return submit(
        "form.html",
        form,
        lambda order: verbs.set_bmc(ctx(), name, order),
        lambda made: _said(words, made),
        title=f"Controller of {machine.name}",
        label="Store",
        back=_page(machine.name),
        intro="",
    )


@needs(verbs.forget_bmc)
def forget_bmc(name: str) -> Answer | str:
    """Forget the management controller; asked about first."""
    if request.method == "GET":
        return render_template("machines/ask_forget_bmc.html", m=look.show(ctx(), name))
    return done(*_said("The controller of {name} is forgotten.", verbs.forget_bmc(ctx(), name)))


def _do(verb: str, name: str, confirm: str) -> MachineDetail:
    if verb == "release":
        return verbs.release(ctx(), name, confirm)
    do = VERBS[verb].do
    assert do is not None
    return do(ctx(), name)


def _ask(verb: str, machine: MachineDetail, form: Confirm, problem: str = "", status: int = 200) -> Answer:
    possible = verb in machine.verbs
    if not possible and not problem:
        can = ", ".join(machine.verbs) or "nothing by hand"
        problem, status = f"{machine.name} is {machine.state} and cannot {verb}; it can: {can}", 409
    return render_template(
        "machines/ask.html",
        verb=verb,
        offer=VERBS[verb],
        m=machine,
        form=form,
        problem=problem,
        loss=loss(verb, machine),
        named=asks_name(verb, machine.state),
        possible=possible,
        meaning=STATES[machine.state].meaning,
    ), status


@needs(**USE_CASES)
def ask(name: str, verb: str) -> Answer:
    """What a verb would do, before it is done."""
    return _ask(verb, look.show(ctx(), name), Confirm(formdata=None))


@needs(**USE_CASES)
def act(name: str, verb: str) -> Answer:
    """Do a verb. What is lost for good must be confirmed with the machine's name."""
    machine, form = look.show(ctx(), name), Confirm()
    if asks_name(verb, machine.state) and form.confirm.data != machine.name:
        form.confirm.errors = (f"type the name exactly: {machine.name}",)
        return _ask(verb, machine, form, "nothing was done: the name was not confirmed", 400)
    try:
        made = _do(verb, str(machine.id), form.confirm.data or "")
    except Problem as refused:
        return _ask(verb, machine, form, str(refused), refused.status)
    return done(*_said(VERBS[verb].after, made))


@needs(adoptions.adopt)
def adopt(name: str) -> Answer | Response:
    """Hand the machine to Puppet; the answer is the archive for it, which is given out once."""
    machine = look.show(ctx(), name)
    try:
        made = adoptions.adopt(ctx(), str(machine.id))
    except Problem as refused:
        return _ask("adopt", machine, Confirm(formdata=None), str(refused), refused.status)
    answer = Response(base64.b64decode(made.archive), mimetype="application/gzip")
    answer.headers["Content-Disposition"] = f"attachment; filename=adopt-{made.machine}.tar.gz"
    answer.headers["Cache-Control"] = "no-store"
    return answer


@needs(verbs.run_puppet)
def run_puppet(name: str) -> Answer | Response:
    """Have Puppet run on the machine, which asks for its orders by itself."""
    return done(*_said("Puppet runs on {name} as soon as it asks for its orders.", verbs.run_puppet(ctx(), name)))


@needs(verbs.power)
def power(name: str) -> Answer | str:
    """Switch the power; off and cycle are asked about first."""
    wanted = request.values.get("power", "")
    if wanted not in POWER:
        raise Problem("power is on, off or cycle; choose one of these")
    if request.method == "GET":
        machine = look.show(ctx(), name)
        return render_template("machines/ask_power.html", m=machine, wanted=wanted, offer=POWER[wanted])
    return done(*_said(POWER[wanted].after, verbs.power(ctx(), name, wanted)))


def routes(bp: Blueprint) -> None:
    both = ["GET", "POST"]
    bp.route("/machines/<name>/assign", methods=both)(assign)
    bp.route("/machines/<name>/bmc", methods=both)(bmc)
    bp.route("/machines/<name>/forget-bmc", methods=both)(forget_bmc)
    bp.route("/machines/<name>/power", methods=both)(power)
    bp.post("/machines/<name>/adopt")(adopt)
    bp.post("/machines/<name>/run-puppet")(run_puppet)
    simple = ",".join(verb for verb in VERBS if verb != "assign")
    bp.get(f"/machines/<name>/<any({simple}):verb>")(ask)
    bp.post(f"/machines/<name>/<any({simple}):verb>")(act)
