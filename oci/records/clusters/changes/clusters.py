"""What becomes of clusters."""

from __future__ import annotations

from sqlalchemy import select

from oci.context import Ctx
from oci.db import tables
from oci.domain.cluster.fleet import INSTALLED_OVER
from oci.domain.machines.hostnames import bad_domain
from oci.problems import Conflict, NotFound, Problem
from oci.records.cloud import vault
from oci.records.clusters import networks
from oci.schemas.clusters.clusters import ClusterIn

CLUSTER = tables.Cluster


def find(ctx: Ctx, name: str) -> tables.Cluster:
    """The cluster called `name`. Raises NotFound."""
    row = ctx.db.scalar(select(CLUSTER).where(CLUSTER.name == name))
    if row is None:
        raise NotFound(f"no cluster is called {name[:63]!r}; `ocicli cluster list` shows those that exist")
    return row


def create(ctx: Ctx, order: ClusterIn) -> tables.Cluster:
    """Make a cluster, with a CA of its own. Raises NotFound for its network, Conflict when the name is taken, Problem."""
    network = networks.find(ctx, order.network)
    if network.purpose != INSTALLED_OVER:
        raise Conflict(f"{network.name} is a {network.purpose} network; machines are installed over a {INSTALLED_OVER} one")
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
    return cluster
