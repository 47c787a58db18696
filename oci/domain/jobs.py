"""What a piece of background work goes through."""

from __future__ import annotations

JOB_STATES = ("queued", "running", "done", "failed")
