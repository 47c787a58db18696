"""The pages: rendered by the server, updated by htmx, all from one origin. Only oci.app imports them."""

from __future__ import annotations

from flask import Blueprint

from webui import filters, session, static_files, trouble, views


def blueprint() -> Blueprint:
    """The pages, for the operators' application, which has `extensions['oci']` and a SECRET_KEY."""
    made = Blueprint("webui", __name__, template_folder="templates", static_folder=None)
    session.install(made)
    trouble.install(made)
    filters.install(made)
    static_files.install(made)
    views.install(made)
    return made
