"""Pages about machines; each module knows its own addresses."""

from __future__ import annotations

from webui.machines import conflicts, disks, machine, machines, verbs

FAMILIES = (machines, machine, verbs, conflicts, disks)
