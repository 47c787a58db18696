"""Which disk of a machine is installed: the page on which a person says so."""

from __future__ import annotations

from flask import Blueprint, render_template, request, url_for

from oci.problems import Problem
from oci.schemas.machines.disks import DiskIn
from oci.services.machines import look, machine_disks
from webui.machines.forms import ChooseDisk
from webui.session import ctx
from webui.submit import Answer, done, needs


@needs(machine_disks.choose_disk)
def disk(name: str) -> Answer:
    """All disks with their contents and verdicts; one that holds data must be confirmed by its name."""
    machine, form = look.show(ctx(), name), ChooseDisk()
    problem, status = "", 200
    if request.method == "POST":
        try:
            machine_disks.choose_disk(ctx(), str(machine.id), _order(form))
        except Problem as refused:
            problem, status = str(refused), refused.status
        else:
            words = "The disk of {name} is chosen." if form.disk.data else "The disk of {name} is chosen by the rules again."
            return done(words.format(name=machine.name), url_for("webui.machine", name=machine.name, tab="disks"))
    found = machine_disks.list_disks(ctx(), str(machine.id))
    return render_template(
        "machines/disk.html",
        m=machine,
        form=form,
        problem=problem,
        disks=found.disks,
        choice=found.choice,
        picked=form.disk.data or "",
    ), status


def _order(form: ChooseDisk) -> DiskIn:
    order = form.read()
    if not isinstance(order, DiskIn):
        raise Problem("nothing was chosen: " + "; ".join(word for field in form for word in field.errors))
    return order


def routes(bp: Blueprint) -> None:
    bp.route("/machines/<name>/disk", methods=["GET", "POST"])(disk)
