"""Events, as they cross the border."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BaseModel, Field

from oci.domain.activity.events import EVENTS
from oci.schemas import looks
from oci.schemas.choice import OneOf
from oci.schemas.words import PLAIN_OR_EMPTY, Strict


class EventOut(BaseModel):
    id: int
    at: float = Field(description="seconds since the epoch", json_schema_extra=looks.TIME)
    kind: str
    machine_id: int | None = None
    machine: str = ""
    actor: str
    text: str
    data: dict[str, Any]


class EventList(BaseModel):
    model_config = looks.EVENTS

    events: list[EventOut]
    next: int = Field(description="pass as `after` to get what follows")


class EventQuery(Strict):
    """Which events to list. Without `after` and `before` the latest come, oldest of them first."""

    machine: str = Field(
        "",
        description="only events of this machine",
        max_length=255,
        pattern=PLAIN_OR_EMPTY,
        json_schema_extra=looks.MACHINE,
    )
    kind: Annotated[str, OneOf(["", *EVENTS])] = Field("", description="only events of this kind")
    after: int | None = Field(None, description="only events with a higher id, from there on", ge=0, le=2**53)
    before: int | None = Field(None, description="only events with a lower id", ge=0, le=2**53)
    limit: int = Field(100, description="most events in the answer", ge=1, le=1000)


class TimelineQuery(Strict):
    """Which part of a machine's events to list."""

    after: int = Field(0, description="only events with a higher id", ge=0, le=2**53)
    limit: int = Field(1000, description="most events in the answer", ge=1, le=1000)
