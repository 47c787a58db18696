"""What installed machines are ordered to do by their poll: run Puppet, for good or dry, or look at their checks. Holds no
use case."""

from __future__ import annotations

from sqlalchemy import and_, case, delete, func, select, update

from oci.context import Ctx
from oci.db import tables
from oci.domain.cloud.run_orders import DROPPED, LOOK, RUN
from oci.domain.cluster.roles import Role
from oci.domain.machines import lifecycle
from oci.domain.path import pulse
from oci.problems import Conflict
from oci.render.puppet.profiles import PROFILES

ORDER, ASSIGNMENT = tables.RunOrder, tables.Assignment
KEPT, COUNT_SECONDS = 20, 10
"""Orders of each kind that are kept of a machine; and how long a count of machines holds (seconds)."""


def pace(ctx: Ctx, busy: bool) -> int:
    """Seconds until a machine polls again: more where many do. Counts them now and then."""
    last, now = ctx.outside.polling, ctx.now()
    if not 0 <= now - last.at < COUNT_SECONDS:
        last.machines = ctx.db.scalar(select(func.count()).select_from(ASSIGNMENT).where(ASSIGNMENT.poll_hash != "")) or 0
        last.at = now
    return known_pace(ctx, busy)


def known_pace(ctx: Ctx, busy: bool) -> int:
    """The same by the last count, without asking the database."""
    shortest = ctx.config.poll_busy_seconds if busy else ctx.config.poll_seconds
    return pulse.pace(max(1, int(shortest)), ctx.outside.polling.machines)


def checks_of(role: Role | None) -> tuple[str, ...]:
    """The names of the checks that a machine of `role` has, in the order of its profiles."""
    profiles = [PROFILES[name] for name in (role.profiles if role else ()) if name in PROFILES]
    return tuple(dict.fromkeys(check for profile in profiles for check in profile.checks))


def checks_of_machine(ctx: Ctx, machine_id: int) -> tuple[str, ...]:
    """The names of the checks that the machine has by its role; none when it has no role."""
    role = ctx.db.scalar(select(ASSIGNMENT.role).where(ASSIGNMENT.machine_id == machine_id))
    return checks_of(ctx.outside.roles.get(role or ""))


def standing(ctx: Ctx, machine_id: int) -> tables.RunOrder | None:
    """The order that the machine is at, or is told next: the oldest that has not ended. A look that waits lets others by."""
    query = select(ORDER).where(ORDER.machine_id == machine_id, ORDER.ended.is_(None))
    later = case((and_(ORDER.kind == LOOK, ORDER.given.is_(None)), 1), else_=0)
    return ctx.db.scalar(query.order_by(later, ORDER.id).limit(1))


def ordered_run(ctx: Ctx, machine_id: int) -> tables.RunOrder | None:
    """The run of Puppet that the machine is at, or is told next."""
    query = select(ORDER).where(ORDER.machine_id == machine_id, ORDER.ended.is_(None), ORDER.kind == RUN)
    return ctx.db.scalar(query.order_by(ORDER.id).limit(1))


def order(ctx: Ctx, machine: tables.Machine, kind: str) -> tables.RunOrder:
    """Have the machine do `kind` at its next poll. Who orders what nobody was told yet is given the same order.

    Raises Conflict for a machine that is not active, or does not poll.
    """
    if machine.state != lifecycle.ACTIVE:
        raise Conflict(f"{machine.name} is {machine.state}; only an active machine can be told to run Puppet")
    if not ctx.db.scalar(select(ASSIGNMENT.poll_hash).where(ASSIGNMENT.machine_id == machine.id)):
        raise Conflict(
            f"{machine.name} does not ask the appliance for orders: it was installed before machines did that. Run "
            "/usr/lib/oci/oci-puppet there, or install it anew"
        )
    query = select(ORDER).where(ORDER.machine_id == machine.id, ORDER.kind == kind, ORDER.given.is_(None))
    waits = ctx.db.scalar(query.where(ORDER.ended.is_(None)).limit(1))
    if waits is not None:
        return waits
    row = ORDER(machine_id=machine.id, kind=kind, by=ctx.actor.name, ordered=ctx.now())
    ctx.db.add(row)
    ctx.db.flush()
    if kind == RUN:
        ctx.event("run.ordered", f"Puppet is to run on {machine.name}", machine, order=row.id)
    same = (ORDER.machine_id == machine.id, ORDER.kind == kind)
    oldest = select(ORDER.id).where(*same).order_by(ORDER.id.desc()).offset(KEPT).limit(1).scalar_subquery()
    ctx.db.execute(delete(ORDER).where(*same, ORDER.ended.is_not(None), ORDER.id <= oldest))
    return row


def silence(ctx: Ctx, machine_id: int) -> None:
    """The machine is given up or written anew: its token opens nothing from now on, and what was ordered ends. What was
    found to differ on it is gone with its system."""
    ctx.db.execute(
        update(ORDER).where(ORDER.machine_id == machine_id, ORDER.ended.is_(None)).values(ended=ctx.now(), outcome=DROPPED)
    )
    ctx.db.execute(update(ASSIGNMENT).where(ASSIGNMENT.machine_id == machine_id).values(poll_hash=""))
    for table in (tables.Difference, tables.Look):
        ctx.db.execute(delete(table).where(table.machine_id == machine_id))
