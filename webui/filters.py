"""How values are shown: sizes, ages, times, shapes of states. Text only; Jinja escapes it."""

from __future__ import annotations

import datetime
import hashlib
import json
from typing import Any

from flask import Blueprint, current_app

from oci.domain.machines.lifecycle import STATES
from oci.domain.quantities import counted, span

# A state is never told by its colour alone.
SHAPES = {**{state.name: state.shape for state in STATES.values()}, "ok": "●", "warn": "◆", "bad": "▲"}
POWER = {"on": "▮", "off": "▯", "unknown": "?"}
PRESENCE = {"live": "live image", "installed": "own disk", "nothing": "not running", "unknown": "not heard of"}


def binary(count: int) -> str:
    """Memory, as GiB; nothing for 0, which means not known."""
    if not count:
        return ""
    return f"{count / 2**30:.0f} GiB" if count >= 2**30 else f"{count / 2**20:.0f} MiB"


def decimal(count: int) -> str:
    """Disk sizes as vendors sell them."""
    if not count:
        return ""
    for unit, size in (("TB", 10**12), ("GB", 10**9), ("MB", 10**6)):
        if count >= size:
            return f"{count / size:.1f}".removesuffix(".0") + f" {unit}"
    return f"{count} B"


def now() -> float:
    """The appliance's clock."""
    clock: float = current_app.extensions["oci"].outside.clock()
    return clock


def ago(at: float | None) -> str:
    """How long ago, roughly: the exact time is on hover."""
    if at is None:
        return "never"
    seconds = now() - at
    if abs(seconds) < 2:
        return "just now"
    return f"in {span(seconds, 1)}" if seconds < 0 else f"{span(seconds, 1)} ago"


def iso(at: float) -> str:
    """UTC, to the second."""
    return datetime.datetime.fromtimestamp(at, datetime.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def clock(at: float) -> str:
    """Date and time of day in UTC; the browser shows the reader's own zone."""
    return datetime.datetime.fromtimestamp(at, datetime.UTC).strftime("%Y-%m-%d %H:%M:%S")


def cursor(*shown: Any) -> str:
    """A short word that is the same as long as what is shown is the same."""
    return hashlib.sha256(json.dumps(shown, default=str).encode()).hexdigest()[:16]


def install(bp: Blueprint) -> None:
    for function in (binary, decimal, counted, span, ago, iso, clock):
        bp.app_template_filter()(function)
    # globals, not a context processor: macros see nothing else
    tables = {"SHAPES": SHAPES, "POWER": POWER, "PRESENCE": PRESENCE, "now": now}
    bp.record_once(lambda setup: setup.app.jinja_env.globals.update(tables))
