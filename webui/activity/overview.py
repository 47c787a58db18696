"""Is anything wrong, what is running now, what happened last."""

from __future__ import annotations

from typing import Any

from flask import Blueprint
from werkzeug.wrappers import Response

from oci.domain.machines.lifecycle import ACTIVE, FAILED, STATES, transient
from oci.domain.path.convergence import NO_CATALOGUE
from oci.schemas.activity.events import EventQuery
from oci.schemas.machines.conflicts import ConflictQuery
from oci.schemas.machines.machines import MachineOut
from oci.services.activity import events, health
from oci.services.machines import conflicts, look
from webui.live import live
from webui.session import ctx

SHOWN, LINES = 25, 12
UNSHOWN: dict[str, Any] = {"seen": True, "deadline": True, "progress": {"doing"}}


def _in(state: str, counts: dict[str, int]) -> list[MachineOut]:
    return look.list_machines(ctx(), state=state, limit=SHOWN).machines if counts[state] else []


def _troubled(convergence: str) -> list[MachineOut]:
    """Machines that are active and not well: Puppet fails on them, or applies an old catalogue."""
    return look.list_machines(ctx(), state=ACTIVE, convergence=convergence, limit=SHOWN).machines


def overview() -> Response | str:
    """State counts that are links, what runs, what failed, the last events."""
    counts = look.counts(ctx())
    running = [m for state in STATES if transient(state) for m in _in(state, counts)]
    failed = _in(FAILED, counts) + [m for word in NO_CATALOGUE for m in _troubled(word)]
    last = events.list_events(ctx(), EventQuery(limit=LINES)).events[::-1]
    doubts = conflicts.list_conflicts(ctx(), ConflictQuery(limit=SHOWN)).conflicts
    bad = [c for c in health.show(ctx()).checks if c.state == "bad"]
    shown = (
        [c.model_dump() for c in bad],
        [(d.id, d.times) for d in doubts],
        counts,
        [m.model_dump(exclude=UNSHOWN) for m in (*running, *failed)],
        [e.id for e in last],
    )
    return live(
        "activity/overview",
        shown,
        bad=bad,
        counts=counts,
        running=running,
        failed=failed,
        doubts=doubts,
        events=last,
        states=STATES,
    )


def routes(bp: Blueprint) -> None:
    bp.get("/")(overview)
