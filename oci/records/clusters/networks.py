"""Networks and ranges as the rules know them, and which of them a machine is to have. Shared by use cases; holds none."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from sqlalchemy import or_, select

from oci.context import Ctx
from oci.db import tables
from oci.domain.cluster.fleet import INSTALLED_OVER
from oci.domain.cluster.roles import Role
from oci.domain.networks import networks
from oci.domain.networks.networks import Network, Range, Route
from oci.problems import Conflict, NotFound

NETWORK = tables.Network


def of_row(row: tables.Network, cluster: str = "") -> Network:
    """The network of `row`; `cluster` is the name of the one that it is kept for."""
    routes = tuple(Route(route["to"], route["via"]) for route in row.routes)
    return Network(
        row.name,
        row.purpose,
        row.cidr,
        cluster,
        row.vlan,
        row.mtu,
        row.gateway,
        tuple(row.dns.split()),
        routes,
        row.place,
        row.serves,
    )


def of_rows(ctx: Ctx, rows: Iterable[tables.Network]) -> list[Network]:
    """The networks of `rows`, in their order."""
    rows = list(rows)
    ids = {row.cluster_id for row in rows if row.cluster_id}
    cluster = tables.Cluster
    names = dict(ctx.db.execute(select(cluster.id, cluster.name).where(cluster.id.in_(ids))).tuples().all()) if ids else {}
    return [of_row(row, names.get(row.cluster_id or 0, "")) for row in rows]


def find(ctx: Ctx, name: str) -> tables.Network:
    """The network called `name`. Raises NotFound."""
    row = ctx.db.scalar(select(NETWORK).where(NETWORK.name == name))
    if row is None:
        raise NotFound(f"no network is called {name[:63]!r}; `ocicli network list` shows those that exist")
    return row


def ranges(ctx: Ctx, rows: Sequence[tables.Network]) -> list[Range]:
    """The ranges of `rows`, in the order in which they were made."""
    named = {row.id: row.name for row in rows}
    range_ = tables.Range
    stored = ctx.db.scalars(select(range_).where(range_.network_id.in_(named)).order_by(range_.id))
    return [Range(named[one.network_id], one.first, one.last, one.use, one.note) for one in stored]


def of_cluster(ctx: Ctx, cluster: tables.Cluster) -> list[tables.Network]:
    """The networks that machines of the cluster may be on: its own and those of all clusters; of those that machines are
    installed over only its own one and what is one wire with that."""
    query = select(NETWORK).where(or_(NETWORK.cluster_id.is_(None), NETWORK.cluster_id == cluster.id))
    rows = list(ctx.db.scalars(query.order_by(NETWORK.name)))
    base = ctx.db.get(NETWORK, cluster.network_id)
    assert base is not None
    known = dict(zip([row.id for row in rows], of_rows(ctx, rows), strict=True))
    wire = of_rows(ctx, [base])[0]
    twins = [row for row in rows if row.purpose == INSTALLED_OVER and networks.one_wire(wire, known[row.id])]
    others = [row for row in rows if row.purpose != INSTALLED_OVER]
    return [base, *twins, *others]


def for_role(ctx: Ctx, cluster: tables.Cluster, role: Role) -> list[tables.Network]:
    """The networks that a machine with `role` is to have: the one that it is installed over, then in the role's order.
    Raises Conflict when one is missing."""
    there = of_cluster(ctx, cluster)
    purposes = dict.fromkeys((INSTALLED_OVER, *role.networks))
    missing = [purpose for purpose in purposes if not any(row.purpose == purpose for row in there)]
    if missing:
        raise Conflict(
            f"the role {role.name} wants a network for {' and for '.join(missing)}, and the cluster {cluster.name} has "
            "none; `ocicli network create` makes one"
        )
    return [row for purpose in purposes for row in there if row.purpose == purpose]
