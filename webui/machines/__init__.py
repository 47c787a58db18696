"""Pages about machines; each module knows its own addresses."""

from __future__ import annotations

from webui.machines import conflicts, machine, machines, promised, verbs

FAMILIES = (machines, machine, verbs, conflicts, promised)
