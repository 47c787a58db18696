"""Pages about what happens: overview, events, the appliance's health."""

from __future__ import annotations

from webui.activity import events, health, overview

FAMILIES = (overview, events, health)
