"""Clusters: what there is, and a form for one more."""

from __future__ import annotations

from flask import Blueprint, url_for

from oci.schemas.clusters.clusters import ClusterOut
from oci.services.clusters import clusters, networks
from webui.clusters.forms import NewCluster
from webui.session import ctx
from webui.submit import Answer, needs, submit


def _cluster_made(made: ClusterOut) -> tuple[str, str]:
    return f"Cluster {made.name} is there. Assign machines to it.", url_for("webui.clusters")


def clusters_page() -> Answer:
    """All clusters; a post makes one."""
    form = NewCluster()
    provisioning = [n for n in networks.list_networks(ctx()).networks if n.purpose == "provisioning"]
    form.network.choices = [(n.name, f"{n.name} ({n.cidr})") for n in provisioning]
    return submit(
        "clusters/clusters.html",
        form,
        lambda order: clusters.create_cluster(ctx(), order),
        _cluster_made,
        clusters=clusters.list_clusters(ctx()).clusters,
        networks=provisioning,
    )


def routes(bp: Blueprint) -> None:
    bp.get("/clusters", endpoint="clusters")(clusters_page)
    bp.post("/clusters", endpoint="make_cluster")(needs(clusters.create_cluster)(clusters_page))
