"""One machine: what it is, what it does, what happened to it."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from typing import Any

from flask import Blueprint, Response, request
from werkzeug.wrappers import Response as AnyResponse

from oci.domain.activity.events import EVENTS
from oci.domain.hardware import Inventory
from oci.domain.machines.lifecycle import ACTIVE, STATES
from oci.domain.path.convergence import CONVERGENCE
from oci.domain.path.works import INSTALL, KIND_OF
from oci.problems import Problem
from oci.schemas.activity.events import TimelineQuery
from oci.schemas.machines.machines import MachineDetail
from oci.services.activity import events
from oci.services.deploy import drift
from oci.services.machines import look, machine_disks
from oci.services.path import puppet
from webui.live import live
from webui.machines.expected import expected
from webui.machines.offers import VERBS, loss
from webui.session import ctx

LINES, LOG_LINES = 250, 400


def _timeline(machine: MachineDetail) -> dict[str, Any]:
    """The last lines, oldest first, each with the seconds since the one before."""
    lines = events.timeline(ctx(), str(machine.id), TimelineQuery(limit=LINES)).events
    gaps = [None, *(later.at - earlier.at for earlier, later in pairwise(lines))]
    return {"lines": list(zip(lines, gaps, strict=True)), "kinds": EVENTS, "cut": len(lines) == LINES}


def _facts(machine: MachineDetail) -> dict[str, Any]:
    inventory = Inventory.from_dict(machine.inventory)
    return {"inventory": inventory}


def _disks(machine: MachineDetail) -> dict[str, Any]:
    return {**_facts(machine), "judged": machine_disks.list_disks(ctx(), str(machine.id)).disks}


def _log(machine: MachineDetail) -> dict[str, Any]:
    lines = machine.install_log.splitlines()
    return {"log": "\n".join(lines[-LOG_LINES:]), "cut": len(lines) > LOG_LINES}


def _puppet(machine: MachineDetail) -> dict[str, Any]:
    shown = {"meaning": CONVERGENCE[machine.convergence], "classification": "", "unclassified": ""}
    orderable = machine.state == ACTIVE
    try:
        shown["classification"] = puppet.preview_classification(ctx(), str(machine.id)).text
    except Problem as problem:
        shown["unclassified"] = str(problem)
    shown_drift = drift.machine_drift(ctx(), str(machine.id))
    return {**shown, "orderable": orderable, "drift": shown_drift, "runs": puppet.list_runs(ctx(), str(machine.id)).runs}


TABS: dict[str, tuple[str, Callable[[MachineDetail], dict[str, Any]]]] = {
    "timeline": ("Timeline", _timeline),
    "hardware": ("Hardware", _facts),
    "disks": ("Disks", _disks),
    "network": ("Network", _facts),
    "log": ("Log", _log),
    "puppet": ("Puppet", _puppet),
}


def _elapsed(machine: MachineDetail) -> dict[str, Any]:
    running = machine.progress and not machine.progress.finished
    return {"usual": expected(ctx(), machine.progress.kind) if machine.progress and running else None, "running": running}


def _cursor(name: str, tab: str) -> tuple[object, ...]:
    moves = look.cursor(ctx(), name)
    return moves.facts, tab, getattr(moves, tab, ())


def _build(name: str, tab: str) -> dict[str, Any]:
    found = look.show(ctx(), name)
    return {
        "m": found,
        "tab": tab,
        "tabs": TABS,
        "verbs": VERBS,
        "primary": STATES[found.state].next,
        "why": look.why(ctx(), str(found.id)),
        "measured": found.state in KIND_OF,
        "loss": loss(INSTALL.starts, found),
        **_elapsed(found),
        **TABS[tab][1](found),
    }


def machine(name: str) -> AnyResponse | str:
    """The page of one machine, with one tab open."""
    tab = request.args.get("tab", "timeline")
    tab = tab if tab in TABS else "timeline"
    return live("machines/machine", lambda: _cursor(name, tab), lambda: _build(name, tab))


def log(name: str) -> Response:
    """The whole log of the installer, as text."""
    found = look.show(ctx(), name)
    return Response(found.install_log, mimetype="text/plain", headers={"X-Content-Type-Options": "nosniff"})


def routes(bp: Blueprint) -> None:
    bp.get("/machines/<name>")(machine)
    bp.get("/machines/<name>/log.txt")(log)
