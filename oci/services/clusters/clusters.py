"""Clusters: what machines are promised to."""

from __future__ import annotations

from sqlalchemy import func, select

from oci.context import Ctx
from oci.db import tables
from oci.problems import NotFound
from oci.records.clusters.changes import clusters as changes
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
    """Make a cluster. Raises NotFound for its network, Conflict when the name is taken, Problem for its domain."""
    return _cluster_outs(ctx, changes.create(ctx, order).name)[0]
