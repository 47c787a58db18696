"""Drift of machines and clusters: shown, and accepted under a name, with a reason and an end."""

from __future__ import annotations

from itertools import groupby

from sqlalchemy import func, select

from oci.context import Ctx
from oci.db import tables
from oci.domain.cloud.run_orders import LOOK as ORDERED
from oci.domain.deploy import drift as rules
from oci.domain.machines import lifecycle
from oci.domain.quantities import counted, span
from oci.problems import Conflict, Problem
from oci.records.clusters.changes import clusters
from oci.records.deploy import drift as records
from oci.records.machines.moves import find
from oci.schemas.deploy.drift import (
    AcceptanceOut,
    AcceptDriftIn,
    ClusterDrift,
    DifferenceOut,
    DriftGroup,
    MachineDrift,
    RefuseDriftIn,
)
from oci.services.usecase import usecase

LOOK, ASSIGNMENT, MACHINE = tables.Look, tables.Assignment, tables.Machine
MOST_GROUPS, MOST_NAMED = 300, 20
"""So many groups of differences of a cluster are shown, with so many machines by name."""


def _ordered(ctx: Ctx, machine_id: int) -> bool:
    order = tables.RunOrder
    query = select(order.id).where(order.machine_id == machine_id, order.ended.is_(None), order.kind == ORDERED)
    return ctx.db.scalar(query.limit(1)) is not None


@usecase("machine.drift", "viewer", reads=True)
def machine_drift(ctx: Ctx, name: str) -> MachineDrift:
    """What differed on a machine at its last look. Raises NotFound, Conflict."""
    machine = find(ctx, name)
    assignment, look = ctx.db.get(ASSIGNMENT, machine.id), ctx.db.get(LOOK, machine.id)
    cluster = ctx.db.get(tables.Cluster, assignment.cluster_id) if assignment is not None else None
    accepted = [records.rule(one) for one in records.acceptances(ctx, cluster.id)] if cluster is not None else []
    role = assignment.role if assignment is not None else ""
    shown = [
        DifferenceOut(
            resource=one.resource,
            property=one.property,
            has=one.has,
            should=one.should,
            place=one.place,
            first_seen=one.first_seen,
            last_seen=one.last_seen,
            accepted=rules.accepted_by(accepted, one.resource, one.property, role, machine.id, ctx.now()),
        )
        for one in records.of_machine(ctx, machine.id)
    ]
    looked = look.looked if look is not None else None
    found = MachineDrift(
        machine=machine.name,
        cluster=cluster.name if cluster is not None else "",
        looked=looked,
        asked=look.asked if look is not None else None,
        ordered=_ordered(ctx, machine.id),
        corrected=bool(shown) and looked is not None and (machine.converged_at or 0) > looked,
        trouble=look.trouble if look is not None else "",
        more=look.more if look is not None else 0,
        summary="",
        differences=shown,
    )
    return found.model_copy(update={"summary": _summary(ctx, found)})


def _summary(ctx: Ctx, found: MachineDrift) -> str:
    if found.looked is None:
        words = f"{found.machine} was never looked at; `ocicli machine look {found.machine}` orders that"
    else:
        new = sum(not one.accepted for one in found.differences)
        told = counted(len(found.differences) + found.more, "difference")
        words = f"{found.machine}, looked at {span(ctx.now() - found.looked, 1)} ago: {told}, {new} accepted by nobody"
    words += "; Puppet has converged since, which may have put this right" if found.corrected else ""
    words += "; a look is ordered" if found.ordered else ""
    return words + (f". The last look: {found.trouble}" if found.trouble else "")


def _same(values: list[str]) -> str:
    return values[0] if len(set(values)) == 1 else rules.DIFFERS


class _Counted:
    """Acceptances, and how many differences each accepts."""

    def __init__(self, ctx: Ctx, cluster_id: int) -> None:
        self.rows, self.now = records.acceptances(ctx, cluster_id), ctx.now()
        self.rules = [records.rule(one) for one in self.rows]
        self.matched = dict.fromkeys((one.name for one in self.rows), 0)

    def of(self, one: records.Differing) -> str:
        difference, _machine, role = one
        key = (difference.resource, difference.property, role, difference.machine_id)
        found = rules.accepted_by(self.rules, *key, self.now)
        for rule in self.rules:
            self.matched[rule.name] += rule.accepts(*key, self.now)
        return found


def _groups(rows: list[records.Differing], accepted: _Counted) -> tuple[list[DriftGroup], set[int]]:
    """The differences by resource and property, and the machines on which nobody accepted one."""
    found, differing = [], set()
    for (resource, property_), group in groupby(rows, key=lambda one: (one[0].resource, one[0].property)):
        members = [(one, accepted.of(one)) for one in group]
        differing |= {one[0].machine_id for one, by in members if not by}
        each = [one[0] for one, _by in members]
        found.append(
            DriftGroup(
                resource=resource,
                property=property_,
                has=_same([one.has for one in each]),
                should=_same([one.should for one in each]),
                place=each[0].place,
                count=len(each),
                machines=[one[1] for one, _by in members[:MOST_NAMED]],
                first_seen=min(one.first_seen for one in each),
                last_seen=max(one.last_seen for one in each),
                unaccepted=sum(not by for _one, by in members),
                accepted=sorted({by for _one, by in members if by}),
            )
        )
    return sorted(found, key=lambda one: (-one.unaccepted, one.resource, one.property)), differing


def _acceptance(ctx: Ctx, row: tables.Acceptance, matched: int) -> AcceptanceOut:
    machine = ctx.db.get(MACHINE, row.machine_id) if row.machine_id is not None else None
    return AcceptanceOut(
        name=row.name,
        state=rules.standing(row.until, matched, ctx.now()),
        resource=row.resource,
        property=row.property,
        machine=machine.name if machine is not None else "",
        role=row.role,
        reason=row.reason,
        by=row.by,
        since=row.since,
        until=row.until,
        matches=matched,
    )


def _shown(ctx: Ctx, cluster: tables.Cluster) -> ClusterDrift:
    mine = ASSIGNMENT.cluster_id == cluster.id
    active = select(func.count()).select_from(MACHINE).join(ASSIGNMENT).where(mine, MACHINE.state == lifecycle.ACTIVE)
    looks = list(
        ctx.db.execute(
            select(MACHINE.name, LOOK.looked, LOOK.trouble, LOOK.more)
            .join(LOOK, LOOK.machine_id == MACHINE.id)
            .join(ASSIGNMENT, ASSIGNMENT.machine_id == MACHINE.id)
            .where(mine)
            .order_by(MACHINE.name)
        )
    )
    rows, accepted = records.of_cluster(ctx, cluster.id), _Counted(ctx, cluster.id)
    groups, differing = _groups(rows, accepted)
    left_out = sum(one.count for one in groups[MOST_GROUPS:]) + records.beyond(ctx, cluster.id, len(rows))
    found = ClusterDrift(
        cluster=cluster.name,
        machines=ctx.db.scalar(active) or 0,
        looked=sum(looked is not None for _name, looked, *_ in looks),
        differing=len(differing),
        troubled=[name for name, _looked, trouble, _more in looks if trouble][:MOST_NAMED],
        more=left_out + sum(more for *_, more in looks),
        summary="",
        drift=groups[:MOST_GROUPS],
        acceptances=[_acceptance(ctx, row, accepted.matched[row.name]) for row in accepted.rows],
    )
    return found.model_copy(update={"summary": _in_short(ctx, found)})


def _in_short(ctx: Ctx, found: ClusterDrift) -> str:
    words = (
        f"{found.cluster}: {found.looked} of {counted(found.machines, 'active machine')} looked at, something that nobody "
        f"accepted differs on {found.differing}"
    )
    words += f"; {counted(found.more, 'difference')} more not shown" if found.more else ""
    words += f"; the last look told not all on {', '.join(found.troubled[:5])}" if found.troubled else ""
    told = [
        f"{one.name} ({one.state if one.state != rules.IN_FORCE else 'for another ' + span(one.until - ctx.now(), 1)})"
        for one in found.acceptances[:10]
    ]
    return words + (f". Accepted: {', '.join(told)}" if told else "")


@usecase("cluster.drift", "viewer", reads=True)
def cluster_drift(ctx: Ctx, name: str) -> ClusterDrift:
    """What differs on the machines of a cluster, by resource and property. Raises NotFound."""
    return _shown(ctx, clusters.find(ctx, name))


@usecase("cluster.drift-moves", "viewer", reads=True)
def cursor(ctx: Ctx, name: str) -> tuple[object, ...]:
    """Moves with what a page shows of the drift of a cluster. Raises NotFound."""
    return records.moved_by(ctx, clusters.find(ctx, name).id)


@usecase("cluster.accept-drift", "operator")
def accept(ctx: Ctx, name: str, order: AcceptDriftIn) -> ClusterDrift:
    """Accept drift until a day. Raises NotFound, Conflict, Problem for a pattern that cannot be used."""
    cluster = clusters.find(ctx, name)
    try:
        rules.check_pattern(order.resource)
    except rules.BadPattern as bad:
        raise Problem(str(bad)) from None
    machine = find(ctx, order.machine) if order.machine else None
    mine = ctx.db.get(ASSIGNMENT, machine.id) if machine is not None else None
    if machine is not None and (mine is None or mine.cluster_id != cluster.id):
        raise Conflict(f"{machine.name} is no machine of {cluster.name}, so no drift of it can be accepted there")
    if order.role and order.role not in ctx.outside.roles:
        raise Conflict(f"no role is called {order.role}; `ocicli role list` lists those that are known")
    row = tables.Acceptance(
        cluster_id=cluster.id,
        name=order.name,
        resource=order.resource,
        property=order.property,
        role=order.role,
        machine_id=machine.id if machine is not None else None,
        reason=" ".join(order.reason.split()),
        by=ctx.actor.name,
        since=ctx.now(),
        until=ctx.now() + order.days * rules.DAY,
    )
    records.accept(ctx, cluster, row)
    days = counted(order.days, "day")
    ctx.event(
        "drift.accepted", f"drift {row.name} ({row.resource}) is accepted for {days}, because: {row.reason}", cluster=cluster
    )
    return _shown(ctx, cluster)


@usecase("cluster.refuse-drift", "operator")
def refuse(ctx: Ctx, name: str, order: RefuseDriftIn) -> ClusterDrift:
    """Accept some drift no longer. Raises NotFound for a cluster or a name that is not there."""
    cluster = clusters.find(ctx, name)
    row = records.refuse(ctx, cluster, order.name)
    ctx.event("drift.refused", f"drift {row.name} ({row.resource}) is accepted no longer", cluster=cluster)
    ctx.db.flush()
    return _shown(ctx, cluster)
