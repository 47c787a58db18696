"""A cluster as one document: what it is now, what another would change, and applying it."""

from __future__ import annotations

from flask import Blueprint, render_template, request, url_for

from oci.problems import Mistaken, Problem
from oci.schemas.cloud.declarations import ApplyIn
from oci.services.cloud import checks, declarations, secrets
from oci.services.clusters import clusters
from webui.cloud.forms import Declare
from webui.cloud.use import FOLDER
from webui.deploy import deployments as deploy
from webui.deploy import revisions
from webui.session import ctx, may
from webui.submit import Answer, done, needs

EXAMPLE = """\
cluster: demo
domain: demo.example.net
network: provisioning
networks:
  provisioning:
    purpose: provisioning
    cidr: 10.0.0.0/24
    ranges:
    - {first: 10.0.0.11, last: 10.0.0.200, use: machines}
    - {first: 10.0.0.210, last: 10.0.0.219, use: vip}
addresses:
  api: {network: provisioning}
roles:
  controller:
    take: {count: 1, memory_gib: 16}
"""
"""What a document may begin as."""


def _show(name: str, form: Declare, status: int = 200, **found: object) -> Answer:
    shown = clusters.show_cluster(ctx(), name) if name else None
    known = secrets.list_secrets(ctx(), name).secrets if name and may("cluster.secrets") else []
    sections = {**deploy.section(name), **revisions.section(name)} if name else {}
    proofs = checks.list_checks(ctx(), name).checks if name else []
    more = {**sections, "c": shown, "checks": proofs, "secrets": known, "form": form, "folder": FOLDER, **found}
    return render_template("cloud/cluster.html", **more), status


def cluster(name: str) -> Answer:
    """What one cluster is."""
    return _show(name, Declare(data={"document": declarations.export(ctx(), name).document}))


@needs(declarations.apply)
def new() -> Answer:
    """A form for the document of a cluster that is not there yet."""
    return _show("", Declare(data={"document": EXAMPLE}))


@needs(declarations.apply)
def apply(name: str = "") -> Answer:
    """Say what a document would change, or have it applied."""
    form, check = Declare(), "check" in request.form
    order = form.read()
    if order is None:
        return _show(name, form, 400, problem="see what is said beside the document")
    try:
        told = declarations.apply(ctx(), ApplyIn(document=order.document, dry_run=check, note=order.note))
    except Mistaken as refused:
        return _show(name, form, refused.status, mistakes=refused.mistakes)
    except Problem as refused:
        return _show(name, form, refused.status, problem=str(refused))
    if check:
        return _show(name, form, checked=True, changes=told.changes)
    words = (
        f"Applied as revision {told.revision}: {'; '.join(told.changes)}"[:500]
        if told.changes
        else "All was so already; nothing was changed."
    )
    return done(words, url_for("webui.cluster", name=told.cluster))


def routes(bp: Blueprint) -> None:
    bp.get("/declare", endpoint="declare_new")(new)
    bp.post("/declare", endpoint="apply_new")(apply)
    bp.get("/clusters/<name>", endpoint="cluster")(cluster)
    bp.post("/clusters/<name>", endpoint="apply")(apply)
