"""What is to happen to a cluster, and what happens."""

from __future__ import annotations

from webui.deploy import deployments, drift, explained, plans, revisions

FAMILIES = (deployments, plans, drift, revisions, explained)
