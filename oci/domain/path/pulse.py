"""How often waiting machines speak, how often that is written down, and what follows from what was written.

A machine in the live image says again and again that it is there. That says nothing new, so it is written down once
in a while only: what is stored may be older than the last word, by as much as these functions say. All times are seconds.
"""

from __future__ import annotations

import math

BEATS_PER_SECOND = 200
"""Heartbeats that an appliance is to answer each second, whatever the number of machines: 2.5 ms of half a CPU for each."""

LONGEST_PACE = 300
"""However many wait: a person's order is heard of after that long."""

LOST_BEATS = 4
"""Heartbeats in a row of which the network may have lost the answer."""

PARTS_OF_SILENCE = 4
"""A busy machine is written down so often that this many words fit in the silence that it is allowed."""


def pace(shortest: int, waiting: int) -> int:
    """Seconds until a machine speaks again, when `waiting` machines do the same; `shortest` is the setting."""
    return max(shortest, min(LONGEST_PACE, math.ceil(waiting / BEATS_PER_SECOND)))


def due(seen: float | None, now: float, kept: float) -> bool:
    """Whether a word that says nothing new is written down: the last one was, `kept` seconds ago. A clock may go back."""
    return seen is None or not 0 <= now - seen < kept


def kept_seconds(setting: float, silence: float | None = None) -> float:
    """How long nothing need be written of what says nothing new; shorter for work that may be silent for `silence`."""
    return setting if silence is None else min(setting, silence / PARTS_OF_SILENCE)


def unwritten(kept: float, beat: int) -> float:
    """By how many seconds a stored word may be older than the last one. `beat` is 0 for what works: each word is stored."""
    return kept + beat if beat else 0.0


def waits(seen: float | None, now: float, kept: float, beat: int, shortest: int) -> bool:
    """Whether a machine of the live image, last stored as heard of at `seen`, still waits there for orders."""
    return seen is not None and now - seen < LOST_BEATS * max(beat, shortest) + (kept if beat else 0.0)


def silent(seen: float | None, now: float, kept: float, beat: int, limit: float) -> bool:
    """Whether it is sure that the machine said nothing for `limit` seconds, or for two heartbeats where these are rare."""
    return seen is None or now - seen >= (kept if beat else 0.0) + max(limit, 2.0 * beat)
