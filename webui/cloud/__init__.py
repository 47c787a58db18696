"""What a cluster is declared to be, and its secrets by name."""

from __future__ import annotations

from webui.cloud import checks, declare, use

FAMILIES = (declare, use, checks)
