"""Routes of events."""

from __future__ import annotations

from flask import Response
from flask_openapi3 import OpenAPI, Tag

from oci.api.operators.parts.access import ctx
from oci.api.operators.parts.bodies import answers, out
from oci.api.operators.parts.told import FOLLOWED, operation
from oci.schemas.activity.events import EventList, EventQuery
from oci.services.activity import events

EVENT = Tag(name="event", description="an immutable line of history")


def add(app: OpenAPI) -> None:
    """Add the routes to `app`."""

    @app.get(
        "/v1/events", **operation(EVENT, "list", answers(EventList, 404, 409), "--machine compute1 --limit 20", **FOLLOWED)
    )
    def event_list(query: EventQuery) -> Response:
        """List events, oldest first: the latest ones, or those after an id"""
        return out(events.list_events(ctx(), query))
