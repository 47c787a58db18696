"""How long work usually takes, from what earlier work took."""

from __future__ import annotations

import statistics
from collections.abc import Iterable

from oci.context import Ctx
from oci.domain.path.works import WORKS
from oci.schemas.activity.events import EventOut, EventQuery
from oci.services.activity import events

STARTS = {work.starts: work.name for work in WORKS.values()}
ENDS = {work.ends: work.name for work in WORKS.values()}
KEPT_SECONDS = 60.0
_kept: dict[str, tuple[float, dict[str, float]]] = {}


def medians(history: Iterable[EventOut]) -> dict[str, float]:
    """Median seconds of each kind of work that went from start to end, from state changes, oldest first."""
    running: dict[int | None, tuple[str, float]] = {}
    took: dict[str, list[float]] = {}
    for event in history:
        verb = event.data.get("verb")
        if verb in STARTS:
            running[event.machine_id] = (STARTS[verb], event.at)
            continue
        kind, since = running.pop(event.machine_id, ("", 0.0))
        if verb in ENDS and ENDS[verb] == kind:
            took.setdefault(kind, []).append(event.at - since)
        elif verb == "installed" and kind:
            running[event.machine_id] = (kind, since)
    return {kind: statistics.median(times) for kind, times in took.items()}


def expected(ctx: Ctx, kind: str) -> float | None:
    """Seconds that an install or wipe usually takes here; None when none has ended yet.

    History is read at most once a minute.
    """
    key = str(ctx.config.database_url)
    at, known = _kept.get(key, (float("-inf"), {}))
    if not 0 <= ctx.now() - at < KEPT_SECONDS:
        known = medians(events.list_events(ctx, EventQuery(kind="machine.state", limit=1000)).events)
        _kept[key] = (ctx.now(), known)
    return known.get(kind)
