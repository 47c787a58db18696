"""Whether the appliance itself works: every check, the worst first."""

from __future__ import annotations

from flask import Blueprint
from werkzeug.wrappers import Response

from oci.domain.activity.health import CHECKS
from oci.services.activity import health as service
from webui.live import live
from webui.session import ctx


def health() -> Response | str:
    """All checks, with what was found and what can be done."""
    # One SELECT, and the rest is decided: what it finds is its own cursor.
    found = service.show(ctx())
    return live("activity/health", found.model_dump, lambda: {"health": found, "questions": CHECKS})


def routes(bp: Blueprint) -> None:
    bp.get("/health")(health)
