"""Clusters and networks: what there is, and a form for one more."""

from __future__ import annotations

from flask import Blueprint, url_for

from oci.schemas.site import ClusterOut, NetworkOut
from oci.services import clusters as service
from webui.forms import NewCluster, NewNetwork
from webui.session import ctx
from webui.submit import Answer, needs, submit


def _cluster_made(made: ClusterOut) -> tuple[str, str]:
    return f"Cluster {made.name} is there. Assign machines to it.", url_for("webui.clusters")


def _network_made(made: NetworkOut) -> tuple[str, str]:
    return f"Network {made.name} is there.", url_for("webui.networks")


def clusters() -> Answer:
    """All clusters; a post makes one."""
    form = NewCluster()
    networks = [n for n in service.list_networks(ctx()).networks if n.purpose == "provisioning"]
    form.network.choices = [(n.name, f"{n.name} ({n.cidr})") for n in networks]
    return submit(
        "clusters.html",
        form,
        lambda order: service.create_cluster(ctx(), order),
        _cluster_made,
        clusters=service.list_clusters(ctx()).clusters,
        networks=networks,
    )


def networks() -> Answer:
    """All networks, with how full each is; a post makes one."""
    form = NewNetwork()
    return submit(
        "networks.html",
        form,
        lambda order: service.create_network(ctx(), order),
        _network_made,
        networks=service.list_networks(ctx()).networks,
    )


def routes(bp: Blueprint) -> None:
    bp.get("/clusters")(clusters)
    bp.post("/clusters", endpoint="make_cluster")(needs("operator")(clusters))
    bp.get("/networks")(networks)
    bp.post("/networks", endpoint="make_network")(needs("operator")(networks))
