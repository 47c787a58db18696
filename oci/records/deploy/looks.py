"""Looks for drift: which machines are due for one, one that is ordered, and how it ended. Shared; holds no use case.

A look is an order of the poll (`oci.records.cloud.run_orders`); what it finds comes with Puppet's report (`drift`).
"""

from __future__ import annotations

from sqlalchemy import BigInteger, ColumnElement, Integer, and_, case, cast, exists, func, select
from sqlalchemy.orm import aliased

from oci.context import Ctx
from oci.db import tables
from oci.domain.cloud import run_orders as rules
from oci.domain.deploy import drift
from oci.domain.deploy.deployments import RUNNING
from oci.domain.machines import lifecycle
from oci.records.cloud import run_orders
from oci.records.clusters import settings

LOOK, ORDER, MACHINE, ASSIGNMENT, SETTING = tables.Look, tables.RunOrder, tables.Machine, tables.Assignment, tables.Setting
HOURS = "drift_hours"
AT_ONCE, MINUTE = 20, 60
"""So many looks are ordered in a minute (seconds), however many are due: the Puppet server has more to do."""
HEARD_SECONDS = 3600
"""A machine that was not heard of for so long is ordered nothing."""
_OF_MACHINE, _OF_ROLE, _OF_CLUSTER = aliased(SETTING), aliased(SETTING), aliased(SETTING)
_DEPLOYED = exists().where(tables.Deployment.cluster_id == ASSIGNMENT.cluster_id, tables.Deployment.state == RUNNING)
_ORDERED = exists().where(ORDER.machine_id == ASSIGNMENT.machine_id, ORDER.ended.is_(None))


def row(ctx: Ctx, machine_id: int) -> tables.Look:
    """What is known of the looks at a machine; an empty row for one that was never looked at."""
    found = ctx.db.get(LOOK, machine_id)
    if found is None:
        found = LOOK(machine_id=machine_id, looks=0)
        ctx.db.add(found)
        ctx.db.flush()
    return found


def order(ctx: Ctx, machine: tables.Machine) -> tables.RunOrder:
    """Have the machine looked at by its next poll. Raises Conflict for one that is not active, or does not poll."""
    made = run_orders.order(ctx, machine, rules.LOOK)
    row(ctx, machine.id).asked = ctx.now()
    return made


def end(ctx: Ctx, order: tables.RunOrder, outcome: str) -> None:
    """A look has ended with `outcome`. One that told nothing leaves what is known as it is, and says why."""
    order.ended, order.outcome = ctx.now(), outcome
    order.taken = order.taken or order.ended
    known = row(ctx, order.machine_id)
    known.looks += 1
    if outcome != rules.LOOKED:
        known.trouble = known.trouble or order.words or rules.OUTCOMES[outcome]
    elif known.looked is None or known.looked < order.taken:
        known.trouble = known.trouble or "it was looked at, and no report of that came from the Puppet server"


def _number(setting: type[tables.Setting]) -> ColumnElement[int]:
    """The value as a number. What no version of this program could have written counts as if it were not set."""
    return case((setting.value.regexp_match("^[0-9]{1,4}$"), cast(setting.value, Integer)), else_=None)


def _is_due(now: int, hours: ColumnElement[int], asked: ColumnElement[float | None]) -> ColumnElement[bool]:
    """`drift.is_due`, as the database says it; 0 hours are no number there."""
    period = cast(func.nullif(hours, 0), BigInteger) * drift.HOUR
    slot = now - (now - (cast(MACHINE.id, BigInteger) * drift.SPREAD) % period) % period
    return and_(asked < slot, asked <= now - period / 2)


def due(ctx: Ctx) -> list[int]:
    """The machines that are to be looked at now, by one SELECT: active ones that poll, have nothing else to do, and whose
    cluster is not being deployed. At most as many as may be looked at in a minute."""
    now = int(ctx.now())
    of = [(_OF_MACHINE, _OF_MACHINE.machine_id == ASSIGNMENT.machine_id)]
    of += [(_OF_ROLE, and_(_OF_ROLE.cluster_id == ASSIGNMENT.cluster_id, _OF_ROLE.role == ASSIGNMENT.role))]
    of += [(_OF_CLUSTER, and_(_OF_CLUSTER.cluster_id == ASSIGNMENT.cluster_id, _OF_CLUSTER.role == ""))]
    hours = func.coalesce(*(_number(setting) for setting, _ in of), ctx.config.drift_hours)
    recent = select(func.count()).select_from(LOOK).where(LOOK.asked > now - MINUTE).scalar_subquery()
    query = (
        select(MACHINE.id, recent)
        .join(ASSIGNMENT, ASSIGNMENT.machine_id == MACHINE.id)
        .join(tables.Pulse, tables.Pulse.machine_id == MACHINE.id)
        .outerjoin(LOOK, LOOK.machine_id == MACHINE.id)
    )
    for setting, whose in of:
        query = query.outerjoin(setting, and_(whose, setting.name == HOURS))
    asked = func.coalesce(LOOK.asked, MACHINE.state_since)
    query = query.where(
        MACHINE.state == lifecycle.ACTIVE,
        ASSIGNMENT.poll_hash != "",
        tables.Pulse.seen > now - HEARD_SECONDS,
        _is_due(now, hours, asked),
        ~_DEPLOYED,
        ~_ORDERED,
    )
    found = [tuple(one) for one in ctx.db.execute(query.order_by(asked, MACHINE.id).limit(AT_ONCE))]
    return [machine_id for machine_id, _ in found][: max(0, AT_ONCE - found[0][1])] if found else []


def is_due(ctx: Ctx, machine: tables.Machine) -> bool:
    """Whether a machine that was due is so still, by what holds for it now."""
    assignment = ctx.db.get(ASSIGNMENT, machine.id)
    if machine.state != lifecycle.ACTIVE or assignment is None or not assignment.poll_hash:
        return False
    busy = select(ASSIGNMENT.machine_id).where(ASSIGNMENT.machine_id == machine.id, _DEPLOYED | _ORDERED)
    if ctx.db.scalar(busy) is not None:
        return False
    known = ctx.db.get(LOOK, machine.id)
    asked = machine.state_since if known is None or known.asked is None else known.asked
    return drift.is_due(int(ctx.now()), machine.id, settings.in_force(ctx, machine).number(HOURS), asked)
