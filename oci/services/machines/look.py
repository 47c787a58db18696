"""What people ask about machines."""

from __future__ import annotations

from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Row, Select, and_, func, or_, select
from sqlalchemy.orm import joinedload

from oci.context import Ctx
from oci.db import tables
from oci.domain.deploy import failures
from oci.domain.machines import lifecycle
from oci.domain.machines.lifecycle import STATES
from oci.domain.path import works
from oci.domain.path.convergence import CONVERGENCE, NO_CATALOGUE, UNWELL
from oci.domain.quantities import span
from oci.problems import Problem
from oci.records.activity import queue
from oci.records.cloud import evidence, run_orders
from oci.records.clusters import claims
from oci.records.machines import disk_orders
from oci.records.machines.moves import find
from oci.records.machines.views import detail, outs
from oci.records.path import liveness
from oci.records.path.liveness import open_work
from oci.schemas.machines.machines import Because, MachineDetail, MachineList, Why
from oci.services.usecase import usecase

MACHINE, PULSE, BMC = tables.Machine, tables.Pulse, tables.Bmc
WORK, EVENT, DOUBT, ORDER = tables.Work, tables.Event, tables.Conflict, tables.RunOrder
REFRESH_SECONDS = 30
"""What a countdown on a page may lag behind."""


@usecase("machine.list", "viewer", reads=True)
def list_machines(
    ctx: Ctx, state: str = "", search: str = "", limit: int = 200, offset: int = 0, convergence: str = ""
) -> MachineList:
    """Machines by name, newest state first kept out of it; `state`, `search` and `convergence` narrow the list."""
    query = _wanted(state, search, convergence)
    total = ctx.db.scalar(select(func.count()).select_from(query.subquery())) or 0
    page = (
        query.options(joinedload(MACHINE.pulse), joinedload(MACHINE.bmc)).order_by(MACHINE.name).limit(limit).offset(offset)
    )
    rows = ctx.db.scalars(page)
    return MachineList(machines=outs(ctx, rows), total=total)


def _wanted(state: str, search: str, convergence: str) -> Select[Any]:
    """The machines that a list is narrowed to. Raises Problem for a word that is none."""
    if convergence and convergence not in CONVERGENCE:
        raise Problem(f"there is no convergence {convergence[:40]!r}; it is one of {', '.join(CONVERGENCE)}")
    if state and state not in STATES:
        raise Problem(f"there is no state {state[:40]!r}; states are {', '.join(STATES)}")
    query = select(MACHINE)
    if state:
        query = query.where(MACHINE.state == state)
    if convergence:
        query = query.where(MACHINE.convergence == convergence)
    if search:
        part = search.lower()
        columns = (MACHINE.name, MACHINE.serial, MACHINE.vendor, MACHINE.model, MACHINE.uuid)
        by_nic = select(tables.Nic.machine_id).where(tables.Nic.mac.contains(part, autoescape=True))
        query = query.where(or_(*(func.lower(c).contains(part, autoescape=True) for c in columns), MACHINE.id.in_(by_nic)))
    return query


@usecase("machine.counts", "viewer", reads=True)
def counts(ctx: Ctx) -> dict[str, int]:
    """How many machines are in each state; every state is there."""
    found = dict(ctx.db.execute(select(MACHINE.state, func.count()).group_by(MACHINE.state)).tuples().all())
    return {state: found.get(state, 0) for state in STATES}


@usecase("machine.show", "viewer", reads=True)
def show(ctx: Ctx, name: str) -> MachineDetail:
    """One machine with its inventory."""
    return detail(ctx, find(ctx, name))


def _since(machine: tables.Machine) -> str:
    return f"; the last good run ended at {liveness.utc_at(machine.converged_at)}" if machine.converged_at else ""


@usecase("machine.why", "viewer", reads=True)
def why(ctx: Ctx, name: str) -> Why:
    """Why the machine is where it is, in words, with the events that led there and what can be done now."""
    machine = find(ctx, name)
    recent = ctx.db.scalars(
        select(tables.Event).where(tables.Event.machine_id == machine.id).order_by(tables.Event.id.desc()).limit(3)
    ).all()
    state = STATES[machine.state]
    parts = [f"{machine.name} is {state.name}: {state.meaning}."]
    if machine.reason:
        parts.append(f"Reason: {machine.reason}.")
    work = open_work(ctx, machine)
    if work and work.doing:
        parts.append(f"It is at: {liveness.doing(work)}.")
    if work and (waits := queue.sentence(ctx, work)):
        parts.append(waits)
    if machine.deadline:
        parts.append(f"If nothing moves for another {span(max(0.0, machine.deadline - ctx.now()))}, it is called failed.")
    if machine.convergence in UNWELL:
        parts.append(f"Puppet is {machine.convergence}: {CONVERGENCE[machine.convergence]}{_since(machine)}.")
    if order := run_orders.ordered_run(ctx, machine.id):
        parts.append(
            "Puppet runs, as it was ordered." if order.taken else "It is to run Puppet when it asks for its orders."
        )
    if recent:
        parts.append("Last heard: " + "; ".join(e.text for e in recent) + ".")
    verbs = lifecycle.possible(machine.state)
    if works.INSTALL.starts in verbs and machine.inventory:
        chosen = disk_orders.choices(machine, claims.layout_of(ctx, machine))
        parts.append(f"If it is installed, {disk_orders.sentences(chosen)}.")
    parts.append(f"You can: {', '.join(verbs)}." if verbs else "There is nothing to do by hand.")
    return Why(text=" ".join(parts), verbs=verbs, because=_because(ctx, machine))


def _because(ctx: Ctx, machine: tables.Machine) -> Because | None:
    """The verdict on what failed on the machine; nothing where nothing did."""
    found = evidence.of(ctx, machine) if evidence.is_wanted(machine) else None
    if found is None or not found.words:
        return None
    verdict = failures.judge(found)
    return Because(
        kind=verdict.kind,
        meaning=failures.KINDS[verdict.kind],
        line=verdict.line,
        advice=verdict.advice,
        rule=verdict.rule,
        page=verdict.page,
    )


# --- cursors: what an open page asks before it asks for more
#
# A cursor moves with everything that a page shows, costs one or two SELECTs, and is compared, never shown. It holds a row's
# version where the row has one, and the number of the last event for what is told by one. When a machine was heard of is
# in none: the page counts on by itself.

_LAST_WORK = select(func.max(WORK.id)).where(WORK.machine_id == MACHINE.id).correlate(MACHINE).scalar_subquery()
_WORK = (WORK.id, WORK.attempt, WORK.phase, WORK.percent, WORK.outcome)
_TURN = (WORK.queued, WORK.admitted, WORK.finished)


def _facts(query: Select[Any], *more: Any) -> Select[Any]:
    """The rows of `query` as the facts that move while nothing is written to the machine's own."""
    return (
        query.with_only_columns(MACHINE.id, MACHINE.version, PULSE.power, PULSE.presence, *_WORK, *_TURN, *more)
        .join(PULSE, PULSE.machine_id == MACHINE.id)
        .outerjoin(WORK, WORK.id == _LAST_WORK)
    )


def _last_event(*where: ColumnElement[bool]) -> Any:
    return select(func.max(EVENT.id)).where(*where).scalar_subquery()


def _queue(ctx: Ctx, rows: list[Row[Any]]) -> tuple[object, ...]:
    """A place in the queue follows from what others do, and from who is still heard of: looked at while somebody waits."""
    if not any(row.queued is not None and row.admitted is None and row.finished is None for row in rows):
        return ()
    return ctx.db.scalar(select(_last_event())), _turn_of_page(ctx)


def _turn_of_page(ctx: Ctx) -> int:
    return int(ctx.now() / REFRESH_SECONDS)


def _plain(rows: list[Row[Any]]) -> list[tuple[object, ...]]:
    return [tuple(row) for row in rows]


@usecase("machine.list-cursor", "viewer", reads=True)
def list_cursor(ctx: Ctx, state: str, search: str, limit: int, offset: int, by_seen: bool) -> tuple[object, ...]:
    """Moves with one page of the list, with its total, the counts of all states, and the last boot script asked for."""
    order = PULSE.seen if by_seen else MACHINE.name
    query = _facts(_wanted(state, search, ""), func.count().over()).order_by(order, MACHINE.id)
    rows = list(ctx.db.execute(query.limit(limit).offset(offset)))
    counts = select(MACHINE.state, func.count(), _last_event(EVENT.kind == "boot.script")).group_by(MACHINE.state)
    told = sorted(map(tuple, ctx.db.execute(counts))) or ctx.db.scalar(select(_last_event(EVENT.kind == "boot.script")))
    return _plain(rows), told, _queue(ctx, rows)


@usecase("machine.work-cursor", "viewer", reads=True)
def work_cursor(ctx: Ctx, limit: int) -> tuple[object, ...]:
    """Moves with all machines at work or in need of a person (`limit` of each kind), open questions, counts and events."""
    unwell = and_(MACHINE.state == lifecycle.ACTIVE, MACHINE.convergence.in_(NO_CATALOGUE))
    wanted = select(MACHINE).where(or_(MACHINE.state.in_((*lifecycle.TRANSIENT, lifecycle.FAILED)), unwell))
    most = limit * len(STATES)
    rows = list(ctx.db.execute(_facts(wanted).order_by(MACHINE.name, MACHINE.id).limit(most)))
    asked = ctx.db.execute(
        select(func.count(), func.sum(DOUBT.times), func.max(DOUBT.id), _last_event()).where(DOUBT.closed.is_(None))
    ).one()
    return _plain(rows), tuple(asked), _queue(ctx, rows)


class Cursor(NamedTuple):
    """What moves with one machine: `facts` with all of its page, `log` and `puppet` with the tabs of these names."""

    facts: tuple[object, ...]
    log: tuple[object, ...]
    puppet: tuple[object, ...]


@usecase("machine.cursor", "viewer", reads=True)
def cursor(ctx: Ctx, name: str) -> Cursor:
    """Moves with the page of one machine. Raises NotFound, Conflict."""
    machine = find(ctx, name)
    assignment, cluster, drift, accepted = tables.Assignment, tables.Cluster, tables.Look, tables.Acceptance
    acceptances = select(func.count()).where(accepted.cluster_id == assignment.cluster_id).correlate(assignment)
    # The last eight columns are for the tabs.
    query = (
        _facts(
            select(MACHINE).where(MACHINE.id == machine.id),
            WORK.doing,
            BMC.address,
            BMC.username,
            BMC.reported,
            assignment.role,
            _last_event(EVENT.machine_id == machine.id).label("event"),
            select(func.count()).where(tables.Nic.machine_id == machine.id).scalar_subquery().label("cards"),
            # Why it failed is told by these, and they need not be events.
            select(func.max(tables.Run.id)).where(tables.Run.machine_id == machine.id).scalar_subquery().label("run"),
            select(func.max(ORDER.ended)).where(ORDER.machine_id == machine.id).scalar_subquery().label("ended"),
            func.length(WORK.log).label("log"),
            WORK.log_bytes,
            cluster.revision,
            drift.asked,
            drift.looks,
            acceptances.scalar_subquery().label("accepted"),
            acceptances.with_only_columns(func.max(accepted.id)).scalar_subquery().label("newest"),
            acceptances.where(accepted.ended.is_not(None)).scalar_subquery().label("over"),
        )
        .join(BMC, BMC.machine_id == MACHINE.id)
        .outerjoin(assignment, assignment.machine_id == MACHINE.id)
        .outerjoin(cluster, cluster.id == assignment.cluster_id)
        .outerjoin(drift, drift.machine_id == MACHINE.id)
    )
    row = ctx.db.execute(query).one()
    role = ctx.outside.roles.get(row.role or "")
    until = _turn_of_page(ctx) if machine.deadline else 0
    facts = (*row[:-8], repr(role), until, _queue(ctx, [row]))
    return Cursor(facts, (row.log, row.log_bytes), (row.revision, row.run, *row[-5:]))
