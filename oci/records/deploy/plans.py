"""Plans of a cluster: made of what its rows say, kept, compared with what was approved. Holds no use case."""

from __future__ import annotations

import hashlib
import json
import statistics
import zlib
from collections.abc import Sequence
from dataclasses import asdict

from sqlalchemy import delete, select
from sqlalchemy.orm import undefer

from oci.context import Ctx
from oci.db import tables
from oci.domain.activity.capacity import place_of
from oci.domain.cluster.roles import Role
from oci.domain.deploy import plans as rules
from oci.domain.deploy.deployments import CHECKED
from oci.domain.deploy.plans import Limits, Step
from oci.domain.hardware.inventory import Inventory
from oci.domain.machines import lifecycle
from oci.domain.path.convergence import UNWELL
from oci.domain.promise.layouts import CannotLayOut
from oci.problems import Conflict
from oci.records.deploy import classifications
from oci.records.machines import disk_orders

PLAN, MACHINE, ASSIGNMENT, STEP = tables.Plan, tables.Machine, tables.Assignment, tables.Step
KEPT, LOOKED_AT, MEDIAN_OF = 20, 2000, 25
"""Plans that are kept of a cluster; steps of the past that estimates rest on, and how many of each kind and role."""
INSTALLABLE = (lifecycle.ASSIGNED, lifecycle.FAILED)


def limits(ctx: Ctx) -> Limits:
    """How many machines a wave may hold."""
    return Limits(ctx.config.deploy_at_once, ctx.config.deploy_place_at_once)


def outlook(machine: tables.Machine, assignment: tables.Assignment, role: Role | None) -> tuple[str, tuple[str, ...]]:
    """What an install of the machine would write, as a digest and in words; ('', ...) where its disks refuse."""
    layout = role.disks if role is not None else ""
    try:
        found = disk_orders.laid_out(machine, layout)
    except CannotLayOut as refused:
        return "", (f"nothing, because it would be refused: {refused}"[:300],)
    told = [assignment.interfaces, layout, [[one.name, one.bytes] for one in disk_orders.ordered(found)]]
    digest = hashlib.sha256(json.dumps(told, sort_keys=True).encode()).hexdigest()
    return digest, tuple(disk_orders.sentence(one)[:300] for one in found)


def _place(machine: tables.Machine) -> str:
    return place_of(Inventory.from_dict(machine.inventory), "") if machine.inventory else ""


def _machine(ctx: Ctx, row: tuple[tables.Machine, tables.Assignment], wanted: str) -> rules.Machine:
    machine, assignment = row
    able, promise = False, ""
    loses: tuple[str, ...] = ()
    if machine.state in INSTALLABLE:
        able = bool(assignment.revision and machine.disk_bytes)
        if able:
            promise, loses = outlook(machine, assignment, ctx.outside.roles.get(assignment.role))
    return rules.Machine(
        id=machine.id,
        name=machine.name,
        role=assignment.role,
        number=assignment.number,
        state=machine.state,
        wanted=wanted,
        pinned=assignment.pinned,
        settled=assignment.settled,
        well=machine.convergence not in UNWELL and not assignment.ailing,
        able=able,
        promise=promise,
        loses=loses,
        why=machine.reason,
        place=_place(machine) if ctx.config.deploy_place_at_once else "",
    )


def make(ctx: Ctx, cluster: tables.Cluster, every: bool = False) -> tuple[Step, ...]:
    """The plan to what is declared of the cluster. Raises Conflict when a machine's role has no file any more."""
    query = select(MACHINE, ASSIGNMENT).join(ASSIGNMENT).where(ASSIGNMENT.cluster_id == cluster.id)
    if ctx.config.deploy_place_at_once:
        query = query.options(undefer(MACHINE.inventory))
    rows = [(row[0], row[1]) for row in ctx.db.execute(query.order_by(MACHINE.id))]
    if not rows:
        raise Conflict(f"{cluster.name} has no machines; assign some first, or declare them and `ocicli cluster apply`")
    lost = sorted({assignment.role for _machine, assignment in rows} - set(ctx.outside.roles))
    if lost:
        raise Conflict(
            f"{lost[0]}, a role of machines of {cluster.name}, has no role file that can be used; put it back first"
        )
    _fleet, digests = classifications.wanted(ctx, cluster)
    machines = [_machine(ctx, row, digests[row[0].id]) for row in rows]
    return rules.plan(machines, ctx.outside.roles, limits(ctx), every)


def seconds(ctx: Ctx) -> dict[tuple[str, str], float]:
    """How long steps took before, by kind and role: the median of the last ones that ended well (seconds)."""
    query = (
        select(STEP.kind, STEP.role, STEP.ended - STEP.since)
        .where(STEP.state == CHECKED, STEP.ended.is_not(None), STEP.since.is_not(None))
        .order_by(STEP.id.desc())
        .limit(LOOKED_AT)
    )
    found: dict[tuple[str, str], list[float]] = {}
    for kind, role, took in ctx.db.execute(query):
        known = found.setdefault((kind, role), [])
        if len(known) < MEDIAN_OF:
            known.append(max(0.0, took))
    return {key: statistics.median(known) for key, known in found.items()}


def keep(ctx: Ctx, cluster: tables.Cluster, steps: Sequence[Step]) -> None:
    """Keep a plan, so that what differs from it later can be told; the oldest of the cluster go."""
    digest = rules.digest(steps)
    if find(ctx, cluster, digest) is None:
        body = zlib.compress(json.dumps([asdict(one) for one in steps]).encode(), 6)
        ctx.db.add(PLAN(cluster_id=cluster.id, digest=digest, made=ctx.now(), by=ctx.actor.name, body=body))
        ctx.db.flush()
    oldest = select(PLAN.id).where(PLAN.cluster_id == cluster.id).order_by(PLAN.id.desc()).offset(KEPT).limit(1)
    ctx.db.execute(delete(PLAN).where(PLAN.cluster_id == cluster.id, PLAN.id <= oldest.scalar_subquery()))


def find(ctx: Ctx, cluster: tables.Cluster, digest: str) -> tuple[Step, ...] | None:
    """The plan that is known by `digest`, if it is kept."""
    row = ctx.db.scalar(select(PLAN).where(PLAN.cluster_id == cluster.id, PLAN.digest == digest))
    if row is None:
        return None
    told = json.loads(zlib.decompress(row.body))
    return tuple(Step(**{**one, "destroys": tuple(one["destroys"])}) for one in told)
