"""Differences of machines and what is accepted of them: learned from reports, told when they change. Holds no use case."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Row, func, select, update

from oci.context import Ctx
from oci.db import tables
from oci.domain.deploy import drift as rules
from oci.domain.machines import lifecycle
from oci.problems import Conflict, NotFound
from oci.records.deploy import looks

DIFFERENCE, ACCEPTANCE, LOOK, ASSIGNMENT = tables.Difference, tables.Acceptance, tables.Look, tables.Assignment
MACHINE = tables.Machine
MOST_READ = 20_000
"""Differences of a cluster that are looked through at once; of more only so many are told."""
Differing = Row[tuple[tables.Difference, str, str]]


def acceptances(ctx: Ctx, cluster_id: int) -> list[tables.Acceptance]:
    """What is accepted of a cluster, and what was until its end came, by name."""
    query = select(ACCEPTANCE).where(ACCEPTANCE.cluster_id == cluster_id).order_by(ACCEPTANCE.name)
    return list(ctx.db.scalars(query))


def rule(row: tables.Acceptance) -> rules.Acceptance:
    """The row as rules know it."""
    return rules.Acceptance(row.name, row.resource, row.property, row.role, row.machine_id or 0, row.until)


def of_machine(ctx: Ctx, machine_id: int) -> list[tables.Difference]:
    """The differences of a machine, by resource and property."""
    query = select(DIFFERENCE).where(DIFFERENCE.machine_id == machine_id)
    return list(ctx.db.scalars(query.order_by(DIFFERENCE.resource, DIFFERENCE.property)))


def of_cluster(ctx: Ctx, cluster_id: int) -> list[Differing]:
    """Differences with the names of their machines and roles, by resource and property; at most MOST_READ."""
    query = (
        select(DIFFERENCE, MACHINE.name, ASSIGNMENT.role)
        .join(ASSIGNMENT, ASSIGNMENT.machine_id == DIFFERENCE.machine_id)
        .join(MACHINE, MACHINE.id == DIFFERENCE.machine_id)
        .where(ASSIGNMENT.cluster_id == cluster_id)
        .order_by(DIFFERENCE.resource, DIFFERENCE.property, MACHINE.name)
    )
    return list(ctx.db.execute(query.limit(MOST_READ)).all())


def beyond(ctx: Ctx, cluster_id: int, read: int) -> int:
    """How many differences of a cluster there are beyond the `read` ones."""
    if read < MOST_READ:
        return 0
    mine = select(ASSIGNMENT.machine_id).where(ASSIGNMENT.cluster_id == cluster_id)
    query = select(func.count()).select_from(DIFFERENCE).where(DIFFERENCE.machine_id.in_(mine))
    return max(0, (ctx.db.scalar(query) or 0) - read)


def learn(ctx: Ctx, machine: tables.Machine, report: Mapping[str, Any]) -> None:
    """Keep what the report of a dry run says of differences, and tell it when what nobody accepted is another than before.

    What a look could not compare stays as it was known. One of a machine that is not active says nothing: it is being made.
    """
    if machine.state != lifecycle.ACTIVE:
        return
    found, look = rules.read(report), looks.row(ctx, machine.id)
    look.looks, look.trouble = look.looks + 1, found.trouble
    if not found.whole and not found.differences:
        return
    look.looked, look.more = ctx.now(), found.more
    _keep(ctx, machine.id, found)
    _tell(ctx, machine, look)


def _keep(ctx: Ctx, machine_id: int, found: rules.Found) -> None:
    now, known = ctx.now(), {(one.resource, one.property): one for one in of_machine(ctx, machine_id)}
    for one in found.differences:
        row = known.pop((one.resource, one.property), None)
        if row is None:
            row = DIFFERENCE(machine_id=machine_id, resource=one.resource, property=one.property, first_seen=now)
            ctx.db.add(row)
        row.has, row.should, row.place, row.last_seen = one.has, one.should, one.place, now
    room = 0 if found.whole else rules.MOST_DIFFERENCES - len(found.differences)
    latest = sorted(known.values(), key=lambda one: (-one.last_seen, one.resource, one.property))
    for row in latest[max(0, room) :]:
        ctx.db.delete(row)
    ctx.db.flush()


def unaccepted(ctx: Ctx, machine_id: int) -> list[tuple[str, str]]:
    """Resources and properties that differ on a machine, and that nobody accepted."""
    assignment = ctx.db.get(ASSIGNMENT, machine_id)
    accepted = [rule(one) for one in acceptances(ctx, assignment.cluster_id)] if assignment is not None else []
    role = assignment.role if assignment is not None else ""
    return [
        (one.resource, one.property)
        for one in of_machine(ctx, machine_id)
        if not rules.accepted_by(accepted, one.resource, one.property, role, machine_id, ctx.now())
    ]


def _tell(ctx: Ctx, machine: tables.Machine, look: tables.Look) -> None:
    """An event when other things than those that were told last differ. What is the same says nothing."""
    keys = unaccepted(ctx, machine.id)
    digest = rules.digest(keys)
    if digest == look.told:
        return
    look.told = digest
    if keys:
        ctx.event("drift.found", f"{machine.name} differs from what Puppet was told: {rules.words(keys)}", machine)
    else:
        ctx.event("drift.gone", f"nothing differs any more on {machine.name} that nobody accepted", machine)


def accept(ctx: Ctx, cluster: tables.Cluster, row: tables.Acceptance) -> None:
    """Keep an acceptance. One of that name whose end has come is replaced.

    Raises Conflict for a name that is in force, and when the cluster has too many.
    """
    known = acceptances(ctx, cluster.id)
    other = next((one for one in known if one.name == row.name), None)
    if other is not None and ctx.now() < other.until:
        raise Conflict(
            f"{cluster.name} accepts drift called {row.name} already ({other.resource}); give another name, or end that "
            f"with `ocicli cluster refuse-drift {cluster.name} --name {row.name}`"
        )
    if other is None and len(known) >= rules.MOST_ACCEPTANCES:
        raise Conflict(
            f"{cluster.name} accepts drift by {len(known)} names already, and more nobody can look through; end one first"
        )
    if other is not None:
        ctx.db.delete(other)
        ctx.db.flush()
    ctx.db.add(row)
    ctx.db.flush()


def refuse(ctx: Ctx, cluster: tables.Cluster, name: str) -> tables.Acceptance:
    """Forget an acceptance, in force or not. Raises NotFound."""
    row = next((one for one in acceptances(ctx, cluster.id) if one.name == name), None)
    if row is None:
        raise NotFound(f"{cluster.name} accepts no drift called {name[:63]}; `ocicli cluster drift {cluster.name}` lists it")
    ctx.db.delete(row)
    return row


def ended(ctx: Ctx) -> list[int]:
    """The acceptances whose end has come and that was not told yet."""
    return list(ctx.db.scalars(select(ACCEPTANCE.id).where(ACCEPTANCE.until <= ctx.now(), ACCEPTANCE.ended.is_(None))))


def tell_ended(ctx: Ctx, number: int) -> None:
    """The end of an acceptance has come: that is told once."""
    mine = (ACCEPTANCE.id == number, ACCEPTANCE.until <= ctx.now(), ACCEPTANCE.ended.is_(None))
    row = ctx.db.scalar(select(ACCEPTANCE).where(*mine))
    if row is not None:
        ctx.db.execute(update(ACCEPTANCE).where(*mine).values(ended=ctx.now()))
        cluster = ctx.db.get(tables.Cluster, row.cluster_id)
        text = f"the drift {row.name} ({row.resource}) is accepted no longer; it was because: {row.reason}"
        ctx.event("drift.accepted-ended", text, cluster=cluster)


def moved_by(ctx: Ctx, cluster_id: int) -> tuple[object, ...]:
    """What moves with the drift of a cluster, less the hour."""
    mine = (
        select(func.count(), func.sum(LOOK.looks), func.max(LOOK.asked), func.max(LOOK.looked))
        .join(ASSIGNMENT, ASSIGNMENT.machine_id == LOOK.machine_id)
        .where(ASSIGNMENT.cluster_id == cluster_id)
    )
    accepted = select(ACCEPTANCE.id, ACCEPTANCE.ended).where(ACCEPTANCE.cluster_id == cluster_id).order_by(ACCEPTANCE.id)
    return (tuple(ctx.db.execute(mine).one()), tuple(tuple(row) for row in ctx.db.execute(accepted)))
