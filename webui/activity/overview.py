"""Is anything wrong, what is running now, what happened last."""

from __future__ import annotations

from typing import Any

from flask import Blueprint
from werkzeug.wrappers import Response

from oci.domain.machines.lifecycle import ACTIVE, FAILED, STATES, transient
from oci.domain.path.convergence import NO_CATALOGUE
from oci.schemas.activity.events import EventQuery
from oci.schemas.activity.health import CheckOut
from oci.schemas.machines.conflicts import ConflictQuery
from oci.schemas.machines.machines import MachineOut
from oci.services.activity import events, health
from oci.services.machines import conflicts, look
from webui.live import live
from webui.session import ctx

SHOWN, LINES = 25, 12


def _in(state: str, counts: dict[str, int]) -> list[MachineOut]:
    return look.list_machines(ctx(), state=state, limit=SHOWN).machines if counts[state] else []


def _troubled(convergence: str) -> list[MachineOut]:
    """Machines that are active and not well: Puppet fails on them, or applies an old catalogue."""
    return look.list_machines(ctx(), state=ACTIVE, convergence=convergence, limit=SHOWN).machines


def _build(bad: list[CheckOut]) -> dict[str, Any]:
    counts = look.counts(ctx())
    return {
        "bad": bad,
        "counts": counts,
        "running": [m for state in STATES if transient(state) for m in _in(state, counts)],
        "failed": _in(FAILED, counts) + [m for word in NO_CATALOGUE for m in _troubled(word)],
        "doubts": conflicts.list_conflicts(ctx(), ConflictQuery(limit=SHOWN)).conflicts,
        "events": events.list_events(ctx(), EventQuery(limit=LINES)).events[::-1],
        "states": STATES,
    }


def overview() -> Response | str:
    """State counts that are links, what runs, what failed, the last events."""
    bad = [c for c in health.show(ctx()).checks if c.state == "bad"]
    told = [c.model_dump() for c in bad]
    return live("activity/overview", lambda: (told, look.work_cursor(ctx(), SHOWN)), lambda: _build(bad))


def routes(bp: Blueprint) -> None:
    bp.get("/")(overview)
