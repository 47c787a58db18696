"""What Puppet is told of the machines of a cluster: as it is wanted now, and as it was approved. Holds no use case.

What is wanted is worked out once for each snapshot of a cluster and process; what was approved is kept by its digest.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Mapping
from weakref import WeakKeyDictionary

from sqlalchemy import Engine, delete, select

from oci.context import Ctx
from oci.db import tables
from oci.domain.cluster.fleet import Fleet, Member
from oci.domain.cluster.profiles import BadProfile
from oci.domain.cluster.roles import BadRole
from oci.problems import Conflict, Unavailable
from oci.records.clusters import fleets
from oci.render.puppet import frozen
from oci.render.puppet.psych import Unwritable

KEPT, ASSIGNMENT, STEP, DEPLOYMENT = tables.Classification, tables.Assignment, tables.Step, tables.Deployment
MOST_AT_ONCE = 500
"""Digests that are asked for by one statement."""
_known: WeakKeyDictionary[Engine, dict[int, tuple[Fleet, dict[int, str]]]] = WeakKeyDictionary()


def freeze(fleet: Fleet, member: Member) -> str:
    """What Puppet is to be told of `member`, to be kept. Raises Conflict."""
    try:
        return frozen.freeze(fleet, member)
    except (BadRole, BadProfile, Unwritable) as bad:
        raise Conflict(str(bad)) from None


def wanted(ctx: Ctx, cluster: tables.Cluster) -> tuple[Fleet, dict[int, str]]:
    """The snapshot of the cluster, and what each of its machines is to be told by digest. Raises Conflict, Unavailable."""
    fleet = fleets.fleet(ctx, cluster.id, cluster.revision)
    kept = _known.setdefault(fleets.engine_of(ctx), {})
    known = kept.get(cluster.id)
    if known is None or known[0] is not fleet:  # a snapshot is frozen, and replaced whole
        known = (fleet, {member.machine_id: frozen.digest(freeze(fleet, member)) for member in fleet.members})
        kept[cluster.id] = known
    return known


def keep(ctx: Ctx, fleet: Fleet, digests: Mapping[int, str]) -> None:
    """Keep what the machines `digests` are to be told, those that are not kept yet."""
    there = set(bodies(ctx, digests.values()))
    for machine_id, digest in digests.items():
        member = fleet.member(machine_id)
        if digest and digest not in there and member is not None:
            there.add(digest)
            ctx.db.add(KEPT(digest=digest, body=zlib.compress(freeze(fleet, member).encode(), 6)))
    ctx.db.flush()


def bodies(ctx: Ctx, digests: Iterable[str]) -> dict[str, str]:
    """Those of `digests` that are kept, by digest."""
    asked, found = sorted({digest for digest in digests if digest}), {}
    for begin in range(0, len(asked), MOST_AT_ONCE):
        rows = ctx.db.execute(select(KEPT.digest, KEPT.body).where(KEPT.digest.in_(asked[begin : begin + MOST_AT_ONCE])))
        found.update({digest: zlib.decompress(body).decode() for digest, body in rows})
    return found


def approved(ctx: Ctx, digest: str) -> str:
    """What was approved to be told of a machine, by its digest; '' where nothing was. Raises Unavailable when it is lost."""
    if not digest:
        return ""
    found = bodies(ctx, [digest]).get(digest)
    if found is None:
        raise Unavailable(
            "what was approved for this machine is not kept any more; plan the cluster anew and deploy it, or restore the "
            "appliance's database from a backup"
        )
    return found


def forget_unused(ctx: Ctx) -> None:
    """Drop what no machine and no step of a deployment under way names any more."""
    planned = select(STEP.wanted).join(DEPLOYMENT, DEPLOYMENT.id == STEP.deployment_id).where(DEPLOYMENT.ended.is_(None))
    used = select(ASSIGNMENT.pinned).union(select(ASSIGNMENT.settled), planned)
    ctx.db.execute(delete(KEPT).where(KEPT.digest.not_in(used)))
