"""The pages: rendered by the server, updated by htmx, all from one origin. Only oci.app imports them."""

from __future__ import annotations

from flask import Blueprint

from webui import activity, cloud, clusters, deploy, filters, machines, people, places, session, static_files, trouble

AREAS = (people, activity, machines, clusters, cloud, deploy)


def blueprint() -> Blueprint:
    """The pages, for the operators' application, which has `extensions['oci']` and a SECRET_KEY."""
    made = Blueprint("webui", __name__, template_folder="templates", static_folder=None)
    for part in (session, trouble, filters, static_files, places):
        part.install(made)
    for area in AREAS:
        for family in area.FAMILIES:
            family.routes(made)
    return made
