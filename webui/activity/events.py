"""History: every event, by machine and kind; the filter is in the address."""

from __future__ import annotations

from flask import Blueprint, request
from werkzeug.wrappers import Response

from oci.domain.activity.events import EVENTS
from oci.problems import NotFound
from oci.schemas.activity.events import EventList, EventQuery
from oci.services.activity import events as service
from webui.live import live
from webui.session import ctx

LINES = 100


def _found(machine: str, kind: str, before: int | None) -> tuple[EventList, str]:
    """The events that are wanted; a machine that is not known is a word on the page, not an error."""
    try:
        wanted = EventQuery(machine=machine, kind=kind, before=before, limit=LINES)
        return service.list_events(ctx(), wanted), ""
    except NotFound as missing:
        return EventList(events=[], next=0), str(missing)


def events() -> Response | str:
    """The latest events first, or those before a number."""
    machine, kind = request.args.get("machine", "").strip()[:255], request.args.get("kind", "")
    kind = kind if kind in EVENTS else ""
    before = request.args.get("before", None, int)
    found, problem = _found(machine, kind, before if before is None or before > 0 else None)
    lines = found.events[::-1]
    return live(
        "activity/events",
        ([e.id for e in lines], problem),
        lines=lines,
        kinds=EVENTS,
        machine=machine,
        kind=kind,
        before=before,
        problem=problem,
        older=lines[-1].id if len(lines) == LINES else None,
    )


def routes(bp: Blueprint) -> None:
    bp.get("/events")(events)
