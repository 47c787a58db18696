"""What a cluster is declared to be, and its secrets by name."""

from __future__ import annotations

from webui.cloud import checks, declare, deploy, use

FAMILIES = (declare, deploy, use, checks)
