"""The pages: server-rendered, updated by htmx, nothing from another origin. Nobody imports this but oci.app."""

from __future__ import annotations

from flask import Blueprint

from webui import filters, session, static_files, trouble, views


def blueprint() -> Blueprint:
    """The pages as a blueprint for the operators' application, which has `extensions['oci']` and a SECRET_KEY."""
    made = Blueprint("webui", __name__, template_folder="templates", static_folder=None)
    session.install(made)
    trouble.install(made)
    filters.install(made)
    static_files.install(made)
    views.install(made)
    return made
