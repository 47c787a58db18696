"""What is promised to a machine: the pages on which a person says which disk is installed, and how it is cabled."""

from __future__ import annotations

from flask import Blueprint, render_template, request, url_for

from oci.domain.hardware import Inventory
from oci.problems import Problem
from oci.schemas.machines.disks import DiskIn
from oci.schemas.machines.machines import MachineDetail
from oci.services.machines import look, machine_disks, verbs
from webui.machines.forms import Cabling, ChooseDisk
from webui.session import ctx
from webui.submit import Answer, done, needs, submit


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


def _promised(found: MachineDetail) -> tuple[str, str]:
    revision = found.promise.revision if found.promise else 0
    return f"What is promised to {found.name} was worked out: revision {revision}.", url_for(
        "webui.machine", name=found.name, tab="network"
    )


@needs(verbs.cabling)
def cabling(name: str) -> Answer:
    """How the machine is cabled where the rules would have it otherwise; a post works its promise out anew."""
    machine = look.show(ctx(), name)
    before = machine.promise.cabling.model_dump() if machine.promise else {}
    lines = {word: said if isinstance(said, str) else "\n".join(said) for word, said in before.items()}
    return submit(
        "machines/cabling.html",
        Cabling(data=lines),
        lambda order: verbs.cabling(ctx(), str(machine.id), order),
        _promised,
        m=machine,
        inventory=Inventory.from_dict(machine.inventory),
    )


def routes(bp: Blueprint) -> None:
    bp.route("/machines/<name>/disk", methods=["GET", "POST"])(disk)
    bp.route("/machines/<name>/cabling", methods=["GET", "POST"])(cabling)
