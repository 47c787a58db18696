"""Pages about clusters and the networks that they stand on."""

from __future__ import annotations

from webui.clusters import clusters, networks, settings

FAMILIES = (clusters, networks, settings)
