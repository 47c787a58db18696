"""History: every event, by machine and kind; the filter is in the address."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, request
from werkzeug.wrappers import Response

from oci.domain.activity.events import EVENTS
from oci.problems import NotFound
from oci.schemas.activity.events import EventOut, EventQuery
from oci.services.activity import events as service
from webui.live import live
from webui.session import ctx

LINES = 100


def _cursor(wanted: EventQuery) -> tuple[int, str]:
    """The last event that is wanted; a machine that is not known is a word on the page, not an error."""
    try:
        return service.cursor(ctx(), wanted), ""
    except NotFound as missing:
        return 0, str(missing)


def _list(wanted: EventQuery) -> tuple[list[EventOut], str]:
    try:
        return service.list_events(ctx(), wanted).events[::-1], ""
    except NotFound as missing:
        return [], str(missing)


def events() -> Response | str:
    """The latest events first, or those before a number."""
    machine, kind = request.args.get("machine", "").strip()[:255], request.args.get("kind", "")
    kind = kind if kind in EVENTS else ""
    before = request.args.get("before", None, int)
    limit = before if before is None or before > 0 else None
    wanted = EventQuery(machine=machine, kind=kind, before=limit, limit=LINES)

    def build() -> dict[str, Any]:
        lines, problem = _list(wanted)
        older = lines[-1].id if len(lines) == LINES else None
        shown = {"lines": lines, "problem": problem, "older": older}
        return {**shown, "kinds": EVENTS, "machine": machine, "kind": kind, "before": before}

    return live("activity/events", lambda: _cursor(wanted), build)


def routes(bp: Blueprint) -> None:
    bp.get("/events")(events)
