"""Clusters: what machines are promised to."""

from __future__ import annotations

from sqlalchemy import func, select

from oci.context import Ctx
from oci.db import tables
from oci.domain.machines.hostnames import bad_domain
from oci.problems import Conflict, NotFound, Problem
from oci.records.cloud import vault
from oci.schemas.clusters.clusters import ClusterIn, ClusterList, ClusterOut
from oci.services.usecase import usecase

CLUSTER, NETWORK = tables.Cluster, tables.Network


def _cluster_outs(ctx: Ctx, name: str | None = None) -> list[ClusterOut]:
    members = select(func.count()).where(tables.Assignment.cluster_id == CLUSTER.id).scalar_subquery()
    query = select(CLUSTER, NETWORK.name, members).join(NETWORK, NETWORK.id == CLUSTER.network_id)
    if name is not None:
        query = query.where(CLUSTER.name == name)
    return [
        ClusterOut(id=row.id, name=row.name, domain=row.domain, network=network, machines=count)
        for row, network, count in ctx.db.execute(query.order_by(CLUSTER.name))
    ]


@usecase("cluster.list", "viewer", reads=True)
def list_clusters(ctx: Ctx) -> ClusterList:
    """All clusters by name."""
    return ClusterList(clusters=_cluster_outs(ctx))


@usecase("cluster.show", "viewer", reads=True)
def show_cluster(ctx: Ctx, name: str) -> ClusterOut:
    """One cluster. Raises NotFound."""
    found = _cluster_outs(ctx, name)
    if not found:
        raise NotFound(f"no cluster is called {name[:63]!r}; `ocicli cluster list` shows those that exist")
    return found[0]


@usecase("cluster.create", "operator")
def create_cluster(ctx: Ctx, order: ClusterIn) -> ClusterOut:
    """Make a cluster. Raises NotFound for its network, Conflict when the name is taken."""
    network = ctx.db.scalar(select(NETWORK).where(NETWORK.name == order.network))
    if network is None:
        raise NotFound(f"no network is called {order.network!r}; `ocicli network list` shows those that exist")
    if network.purpose != "provisioning":
        raise Conflict(f"{network.name} is a {network.purpose} network; machines are installed over a provisioning one")
    if ctx.db.scalar(select(CLUSTER.id).where(CLUSTER.name == order.name)) is not None:
        raise Conflict(f"a cluster called {order.name} exists already; choose another name")
    why = bad_domain(order.domain)
    if why:
        raise Problem(f"no cluster can have the domain {order.domain}: {why}")
    cluster = CLUSTER(name=order.name, domain=order.domain, network_id=network.id, created=ctx.now())
    ctx.db.add(cluster)
    ctx.db.flush()
    vault.found(ctx, cluster)
    ctx.event("cluster.created", f"cluster {cluster.name} in {cluster.domain} on {network.name}", cluster=cluster)
    return ClusterOut(id=cluster.id, name=cluster.name, domain=cluster.domain, network=network.name, machines=0)
