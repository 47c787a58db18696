"""What is to happen to a cluster, and what happens."""

from __future__ import annotations

from webui.deploy import deployments, drift

FAMILIES = (deployments, drift)
