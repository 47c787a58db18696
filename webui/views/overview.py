"""Is anything wrong, what is running now, what happened last."""

from __future__ import annotations

from flask import Blueprint
from werkzeug.wrappers import Response

from oci.domain.lifecycle import STATES, transient
from oci.schemas.machine import MachineOut
from oci.schemas.site import EventQuery
from oci.services import events, health
from oci.services import machines as service
from webui.live import live
from webui.session import ctx

SHOWN, LINES = 25, 12


def _in(state: str, counts: dict[str, int]) -> list[MachineOut]:
    return service.list_machines(ctx(), state=state, limit=SHOWN).machines if counts[state] else []


def overview() -> Response | str:
    """State counts that are links, what runs, what failed, the last events."""
    counts = service.counts(ctx())
    running = [m for state in STATES if transient(state) for m in _in(state, counts)]
    failed = _in("failed", counts)
    last = events.list_events(ctx(), EventQuery(limit=LINES)).events[::-1]
    bad = [c for c in health.show(ctx()).checks if c.state == "bad"]
    shown = ([c.model_dump() for c in bad], counts,
             [m.model_dump(exclude={"seen"}) for m in (*running, *failed)], [e.id for e in last])
    return live("overview", shown, bad=bad, counts=counts, running=running, failed=failed, events=last, states=STATES)


def routes(bp: Blueprint) -> None:
    bp.get("/")(overview)
