"""The short poll of installed machines: what they are told to do, how they say that they are at it, and what came of it.

Most polls say nothing and are told nothing: those cost one SELECT, as the heartbeats of waiting machines do.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import cast

from sqlalchemy import Row, TableClause, bindparam, exists, func, select, update

from oci.context import Ctx
from oci.db import tables
from oci.db.session import glance
from oci.domain.cloud import run_orders as rules
from oci.domain.deploy.deployments import RUNNING
from oci.problems import Conflict, Unauthorised
from oci.records.cloud import run_orders, vault
from oci.records.deploy import looks
from oci.records.path.boot_session import token_hash
from oci.services.usecase import usecase

ORDER, ASSIGNMENT, MACHINE = tables.RunOrder, tables.Assignment, tables.Machine
KEPT_SECONDS = 300
"""How often it is written down that an installed machine was heard of by its poll."""
_OPEN = select(func.min(ORDER.id)).where(ORDER.machine_id == ASSIGNMENT.machine_id, ORDER.ended.is_(None)).scalar_subquery()
_GLANCE = (
    select(
        ASSIGNMENT.machine_id,
        tables.Pulse.seen,
        _OPEN.label("open"),
        exists()
        .where(tables.Deployment.cluster_id == ASSIGNMENT.cluster_id, tables.Deployment.state == RUNNING)
        .label("deployed"),
    )
    .join(tables.Pulse, tables.Pulse.machine_id == ASSIGNMENT.machine_id)
    .where(ASSIGNMENT.poll_hash == bindparam("token"))
)
_PULSE = cast(TableClause, tables.Pulse.__table__)


@dataclass(frozen=True)
class Answer:
    """What a machine is told: the order that it is to carry out (0: none) and its kind, and when to ask again (seconds)."""

    pace: int
    order: int = 0
    kind: str = ""


def poll(ctx: Ctx, token: str, at_work: int = 0, doing: str = "") -> Answer:
    """A machine asks what it shall do. One that is at the order `at_work` says what it is doing, and is told nothing.

    Raises Unauthorised for a token that opens nothing.
    """
    with glance(ctx.make_session) as connection:
        row = connection.execute(_GLANCE, {"token": token_hash(token)}).one_or_none() if token else None
    if row is None:
        _refuse(ctx)
    assert row is not None
    if row.seen is None or not 0 <= ctx.now() - row.seen < KEPT_SECONDS:
        _heard(ctx, row)
    if at_work:
        return _beat(ctx, token, at_work, doing)
    if row.open is not None or not 0 <= ctx.now() - ctx.outside.polling.at < run_orders.COUNT_SECONDS:
        return _offer(ctx, token)
    return Answer(run_orders.known_pace(ctx, bool(row.deployed)))


@usecase("poll.refuse", "nobody")
def _refuse(ctx: Ctx) -> None:
    ctx.note("token.refused", "a poll with an unknown or ended token was refused")
    raise Unauthorised("this machine's token is not known, or its role has ended; nothing more is asked of it")


@usecase("poll.heard", "nobody")
def _heard(ctx: Ctx, glanced: Row[tuple[int, float | None, int | None, bool]]) -> None:
    ctx.db.connection().execute(
        update(_PULSE).where(_PULSE.c.machine_id == glanced[0]).values(seen=ctx.now(), presence="installed")
    )


def _whose(ctx: Ctx, token: str) -> tables.Assignment:
    found = ctx.db.scalar(select(ASSIGNMENT).where(ASSIGNMENT.poll_hash == token_hash(token))) if token else None
    if found is None:
        raise Unauthorised("this machine's token is not known, or its role has ended; nothing more is asked of it")
    return found


def _is_busy(ctx: Ctx, cluster_id: int) -> bool:
    running = select(tables.Deployment.id).where(
        tables.Deployment.cluster_id == cluster_id, tables.Deployment.state == RUNNING
    )
    return ctx.db.scalar(running.limit(1)) is not None


@usecase("poll.offer", "nobody")
def _offer(ctx: Ctx, token: str) -> Answer:
    """Tell the machine the oldest order that stands for it, once."""
    assignment = _whose(ctx, token)
    order = run_orders.standing(ctx, assignment.machine_id)
    pace = run_orders.pace(ctx, order is not None or _is_busy(ctx, assignment.cluster_id))
    if order is None or not rules.is_offered(order.given, order.heard, ctx.now(), pace):
        return Answer(pace)
    if order.kind == rules.LOOK and order.given is not None and order.heard is None:
        looks.end(ctx, order, rules.UNHEARD)
        return Answer(pace)
    if order.given is not None:
        ctx.event("run.offered", "nothing was heard of an order; the machine is told once more", order.machine_id)
    order.given = ctx.now()
    return Answer(pace, order.id, order.kind)


def _of_machine(ctx: Ctx, assignment: tables.Assignment, number: int) -> tables.RunOrder:
    """The order `number` of that machine. Raises Conflict: it is another's, or was forgotten."""
    order = ctx.db.get(ORDER, number) if number < 1 << 31 else None
    if order is None or order.machine_id != assignment.machine_id or order.given is None:
        ctx.note("token.refused", "a machine told of an order that it was never given", assignment.machine_id)
        raise Conflict(f"no order {number} was given to this machine")
    return order


@usecase("poll.beat", "nobody")
def _beat(ctx: Ctx, token: str, number: int, doing: str) -> Answer:
    """The machine is at an order. Other words than before are progress."""
    assignment = _whose(ctx, token)
    order, now = _of_machine(ctx, assignment, number), ctx.now()
    pace = run_orders.pace(ctx, True)
    if order.ended is not None:
        return Answer(pace)
    order.heard = now
    if order.taken is None:
        order.taken = order.moved = now
        if order.kind == rules.RUN:
            ctx.event("run.taken", "Puppet runs, as it was ordered", order.machine_id, order=order.id)
    words = rules.plain(doing, 200)
    if words and words != order.doing:
        order.doing, order.moved = words, now
    return Answer(pace)


@usecase("poll.end", "nobody")
def end(ctx: Ctx, token: str, number: int, status: int, words: str, checks: str) -> None:
    """The machine has carried out the order `number`: Puppet ended with `status` and `words`, and the checks say `checks`;
    after a look they say nothing.

    Said twice it counts once. Raises Unauthorised, Conflict.
    """
    assignment = _whose(ctx, token)
    order = _of_machine(ctx, assignment, number)
    if order.ended is not None:
        return
    hide = vault.hiding(ctx, order.machine_id) if status else str
    order.words = rules.plain(hide(words[:4000]), 500)
    if order.kind == rules.LOOK:
        looks.end(ctx, order, rules.outcome(order.kind, status))
        return
    known = run_orders.checks_of_machine(ctx, order.machine_id)
    order.checks, dropped = rules.read_checks(checks, frozenset(known))
    order.ended = order.heard = ctx.now()
    order.taken = order.taken or order.ended
    order.outcome = rules.outcome(order.kind, status)
    if order.kind == rules.RUN:
        text = f"the ordered run has ended: {order.words or rules.OUTCOMES[order.outcome]}"
        ctx.event("run.ended", text, order.machine_id, order=order.id, outcome=order.outcome)
    _tell_checks(ctx, order, dropped)


def _tell_checks(ctx: Ctx, order: tables.RunOrder, dropped: int) -> None:
    """An event when other checks than before are not well, or it said what nobody asked for."""
    last = select(ORDER.checks).where(ORDER.machine_id == order.machine_id, ORDER.ended.is_not(None), ORDER.id < order.id)
    before = ctx.db.scalar(last.where(ORDER.kind != rules.LOOK).order_by(ORDER.id.desc()).limit(1)) or {}
    if dropped and order.kind == rules.RUN:
        text = f"{dropped} of the checks that it told are none of its profiles, and were dropped"
        ctx.event("check.dropped", text, order.machine_id)
    red = {name: why for name, why in order.checks.items() if why}
    # Whose reason counts something says another one each time, and that is no news.
    if set(red) != {name for name, why in before.items() if why}:
        said = "; ".join(f"{name}: {why}" for name, why in sorted(red.items())) or "all are well"
        ctx.event("check.told", f"checks: {said}", order.machine_id, red=sorted(red))
