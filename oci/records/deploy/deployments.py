"""Deployments and their steps: begun, looked at, led from wave to wave, ended. Shared by use cases; holds none itself."""

from __future__ import annotations

from sqlalchemy import Row, select
from sqlalchemy.orm import aliased

from oci.context import Ctx
from oci.db import tables
from oci.domain.cloud.run_orders import CHECK, CONVERGED
from oci.domain.cluster.fleet import Member, in_order
from oci.domain.deploy import deployments as rules
from oci.domain.deploy.deployments import CHECKED, FAILED, RUNNING, STOPPED, WAITING
from oci.domain.machines import lifecycle
from oci.domain.path.convergence import NO_CATALOGUE, UNWELL
from oci.domain.quantities import counted, span
from oci.problems import Conflict
from oci.records.cloud import run_orders
from oci.records.machines import works

DEPLOYMENT, STEP, MACHINE, ORDER = tables.Deployment, tables.Step, tables.Machine, tables.RunOrder
ASSIGNMENT = tables.Assignment
_RUN, _CHECK = aliased(ORDER), aliased(ORDER)
_ENDED = {rules.DONE: "deployment.done", FAILED: "deployment.failed", STOPPED: "deployment.stopped"}
NOTICED_SECONDS = 30
"""Progress is written down when it is so much newer than what was written."""
_LOOKED_AT = (
    select(STEP, MACHINE, ASSIGNMENT, _RUN, _CHECK)
    .join(MACHINE, MACHINE.id == STEP.machine_id)
    .outerjoin(ASSIGNMENT, ASSIGNMENT.machine_id == STEP.machine_id)
    .outerjoin(_RUN, _RUN.id == STEP.run_id)
    .outerjoin(_CHECK, _CHECK.id == STEP.check_id)
)
Looked = Row[tuple[tables.Step, tables.Machine, tables.Assignment, tables.RunOrder, tables.RunOrder]]


def running(ctx: Ctx, cluster_id: int) -> tables.Deployment | None:
    """The deployment of the cluster that is under way."""
    return ctx.db.scalar(select(DEPLOYMENT).where(DEPLOYMENT.cluster_id == cluster_id, DEPLOYMENT.state == RUNNING))


def last(ctx: Ctx, cluster_id: int) -> tables.Deployment | None:
    """The newest deployment of the cluster."""
    return ctx.db.scalar(
        select(DEPLOYMENT).where(DEPLOYMENT.cluster_id == cluster_id).order_by(DEPLOYMENT.id.desc()).limit(1)
    )


def steps(ctx: Ctx, deployment: tables.Deployment) -> list[tables.Step]:
    """All steps of a deployment by wave."""
    return list(ctx.db.scalars(select(STEP).where(STEP.deployment_id == deployment.id).order_by(STEP.wave, STEP.id)))


def _done_before(ctx: Ctx, cluster: tables.Cluster) -> set[int]:
    """The machines with which the deployment before had come to an end, if nothing of the cluster has changed since."""
    before = last(ctx, cluster.id)
    if before is None or before.state not in (FAILED, STOPPED) or before.revision != cluster.revision:
        return set()
    query = (
        select(STEP.machine_id)
        .join(MACHINE, MACHINE.id == STEP.machine_id)
        .where(STEP.deployment_id == before.id, STEP.state == CHECKED)
        .where(MACHINE.state == lifecycle.ACTIVE, MACHINE.convergence.not_in(UNWELL))
    )
    return set(ctx.db.scalars(query))


def start(ctx: Ctx, cluster: tables.Cluster) -> tables.Deployment:
    """Begin to bring the cluster up. What the deployment before had come to an end with stays so, if nothing changed since.

    Raises Conflict when one runs already, when there is no machine, or a machine's role has no file any more.
    """
    if (other := running(ctx, cluster.id)) is not None:
        raise Conflict(
            f"{cluster.name} is being deployed already, since {span(ctx.now() - other.since)}, by {other.by}; "
            f"`ocicli cluster deploy {cluster.name} --stop` ends that"
        )
    rows = ctx.db.scalars(select(ASSIGNMENT).where(ASSIGNMENT.cluster_id == cluster.id))
    found = [Member(one.machine_id, one.hostname, one.fqdn, one.role, one.number) for one in rows]
    members = in_order(found, ctx.outside.roles)
    if not members:
        raise Conflict(f"{cluster.name} has no machines; assign some first, or declare them and `ocicli cluster apply`")
    lost = sorted({member.role for member in members} - set(ctx.outside.roles))
    if lost:
        raise Conflict(
            f"{lost[0]}, a role of machines of {cluster.name}, has no role file that can be used; put it back first"
        )
    done, now = _done_before(ctx, cluster), ctx.now()
    waves = rules.waves(members, ctx.outside.roles)
    begins = next((n for n, wave in enumerate(waves, 1) if set(wave) - done), len(waves))
    deployment = DEPLOYMENT(
        cluster_id=cluster.id,
        state=RUNNING,
        wave=begins,
        since=now,
        moved=now,
        deadline=now + ctx.config.deploy_gate_seconds,
        by=ctx.actor.name,
    )
    ctx.db.add(deployment)
    ctx.db.flush()
    for number, wave in enumerate(waves, 1):
        for machine_id in wave:
            state = CHECKED if machine_id in done else RUNNING if number == begins else WAITING
            begun = now if number <= begins else None
            ctx.db.add(STEP(deployment_id=deployment.id, machine_id=machine_id, wave=number, state=state, since=begun))
    ctx.db.flush()
    text = f"{cluster.name} is brought up: {counted(len(members), 'machine')} in {counted(len(waves), 'wave')}"
    text += f"; {counted(len(done), 'machine')} of the deployment before stay as they are" if done else ""
    ctx.event("deployment.started", text, cluster=cluster, deployment=deployment.id)
    return deployment


def end(ctx: Ctx, deployment: tables.Deployment, state: str, reason: str = "") -> None:
    """End a deployment in `state`, with a reason; what runs on machines goes on."""
    cluster = ctx.db.get(tables.Cluster, deployment.cluster_id)
    assert cluster is not None
    deployment.state, deployment.ended, deployment.reason = state, ctx.now(), reason[:500]
    deployment.revision = cluster.revision
    text = f"the deployment of {cluster.name} is {state}" + (f": {reason}" if reason else "")
    ctx.event(_ENDED[state], text, cluster=cluster, deployment=deployment.id)


def _order(ctx: Ctx, row: tables.RunOrder | None) -> rules.Order | None:
    if row is None:
        return None
    late = row.taken is not None and ctx.now() - row.taken > ctx.config.longest_seconds
    return rules.Order(row.outcome, row.words, row.checks, row.taken is not None, late)


def _has_converged(step: tables.Step, machine: tables.Machine, run: tables.RunOrder | None) -> bool:
    """Whether Puppet has applied a catalogue that was asked for after the step began. A run that was under way by then does
    not count: its catalogue is older."""
    if machine.converged_at is None or machine.convergence in (*NO_CATALOGUE, *UNWELL) or step.since is None:
        return False
    if machine.state_since >= step.since:  # it became active since
        return machine.converged_at >= step.since
    return run is not None and run.outcome == CONVERGED and machine.converged_at >= (run.taken or run.ordered)


def _seen(ctx: Ctx, row: Looked) -> rules.Seen:
    step, machine, assignment, run, check = row
    deployment = ctx.db.get(DEPLOYMENT, step.deployment_id)
    gone = deployment is None or assignment is None or assignment.cluster_id != deployment.cluster_id
    return rules.Seen(
        name=machine.name,
        state=step.state,
        machine=machine.state,
        reason=step.reason,
        why=machine.reason,
        gone=gone,
        converged=_has_converged(step, machine, run),
        able=bool(assignment is not None and assignment.revision and machine.disk_bytes),
        runs=step.runs,
        attempts=ctx.config.attempts,
        run=_order(ctx, run),
        check=_order(ctx, check),
        wanted=() if gone else run_orders.checks_of(ctx.outside.roles.get(assignment.role)),
    )


def wave(ctx: Ctx, deployment: tables.Deployment) -> list[Looked]:
    """The steps of the wave that runs, each with its machine, its role and its last orders."""
    query = _LOOKED_AT.where(STEP.deployment_id == deployment.id, STEP.wave == deployment.wave).order_by(STEP.id)
    return list(ctx.db.execute(query).all())


def every(ctx: Ctx, deployment: tables.Deployment) -> list[Looked]:
    """All steps of the deployment, as `wave`."""
    return list(ctx.db.execute(_LOOKED_AT.where(STEP.deployment_id == deployment.id).order_by(STEP.wave, STEP.id)).all())


def moved_by(ctx: Ctx, deployment: tables.Deployment) -> tuple[object, ...]:
    """What moves with the steps of the wave that runs; those of other waves stand still."""
    work = tables.Work
    query = (
        select(STEP.state, STEP.reason, MACHINE.name, _RUN.id, _RUN.doing, _RUN.ended, _CHECK.id, _CHECK.ended)
        .add_columns(work.phase, work.percent, work.doing)
        .join(MACHINE, MACHINE.id == STEP.machine_id)
        .outerjoin(_RUN, _RUN.id == STEP.run_id)
        .outerjoin(_CHECK, _CHECK.id == STEP.check_id)
        .outerjoin(work, (work.machine_id == STEP.machine_id) & work.finished.is_(None))
        .where(STEP.deployment_id == deployment.id, STEP.wave == deployment.wave)
    )
    return tuple(tuple(row) for row in ctx.db.execute(query.order_by(STEP.id)))


def one(ctx: Ctx, step_id: int) -> Looked | None:
    """One step, as `wave`."""
    return ctx.db.execute(_LOOKED_AT.where(STEP.id == step_id)).one_or_none()


def moves(ctx: Ctx, row: Looked) -> bool:
    """Whether something is to be done with a step that runs."""
    step, following = row[0], rules.advance(_seen(ctx, row))
    return bool(following.order) or (following.state, following.reason[:500]) != (step.state, step.reason)


def look(ctx: Ctx, deployment: tables.Deployment, row: Looked) -> None:
    """Do with one step of the wave what comes next. What its machine refuses fails it."""
    step, machine, *_ = row
    following, before = rules.advance(_seen(ctx, row)), step.state
    state, reason = following.state, following.reason
    try:
        with ctx.db.begin_nested():
            _order_next(ctx, step, machine, following.order)
    except Conflict as refused:
        ctx.forget_all()
        state, reason = FAILED, str(refused)
    step.state, step.reason = state, reason[:500]
    if state != before:
        moved(ctx, deployment, ctx.now())


def _order_next(ctx: Ctx, step: tables.Step, machine: tables.Machine, kind: str) -> None:
    """Raises Conflict; then what was written is to be rolled back."""
    if not kind:
        return
    if kind == rules.INSTALL:
        works.install(ctx, machine)
        return
    order = run_orders.order(ctx, machine, kind)
    if kind == CHECK:
        step.check_id = order.id
    else:
        step.run_id, step.check_id, step.runs = order.id, None, step.runs + 1


def moved(ctx: Ctx, deployment: tables.Deployment, at: float) -> None:
    """Something moved at `at`: the deadline of the wave counts from then."""
    deployment.moved = at
    deployment.deadline = deployment.moved + ctx.config.deploy_gate_seconds


def is_due(ctx: Ctx, deployment: tables.Deployment, rows: list[Looked]) -> bool:
    """Whether the deployment itself is to be led further: its wave has ended, stands still for too long, or moved."""
    waiting = [row for row in rows if row[0].state not in rules.ENDED]
    return not waiting or ctx.now() > deployment.deadline or _noticed(ctx, deployment, waiting) > 0


def _noticed(ctx: Ctx, deployment: tables.Deployment, waiting: list[Looked]) -> float:
    """When a machine moved last, where that is to be written down; else 0."""
    at = max((row[3].moved or 0.0 for row in waiting if row[3] is not None), default=0.0)
    if not rules.is_still([row[1].state for row in waiting]):
        at = ctx.now()
    return at if at - deployment.moved >= NOTICED_SECONDS else 0.0


def begin_anew(ctx: Ctx, deployment: tables.Deployment) -> None:
    """The appliance was away, or its clock was set: what it could not hear is held against nobody."""
    now = ctx.now()
    moved(ctx, deployment, now)
    for step in steps(ctx, deployment):
        if step.since is not None:
            step.since = min(step.since, now)


def turn(ctx: Ctx, deployment: tables.Deployment) -> None:
    """Lead the deployment further: to its next wave, to its end, or let it fail where nothing moves any more."""
    rows = wave(ctx, deployment)
    waiting = [row for row in rows if row[0].state not in rules.ENDED]
    if waiting and (at := _noticed(ctx, deployment, waiting)):
        moved(ctx, deployment, at)
    if waiting and ctx.now() > deployment.deadline:
        for step, *_ in waiting:
            why = f"nothing moved for {span(ctx.now() - deployment.moved)}"
            step.state, step.reason = FAILED, (why + (f"; {step.reason}" if step.reason else ""))[:500]
    states = {machine.name: step.state for step, machine, *_ in rows}
    outcome, why = rules.judged(states, {machine.name: step.reason for step, machine, *_ in rows})
    if outcome == FAILED:
        end(ctx, deployment, FAILED, why)
    elif outcome == rules.DONE:
        _next_wave(ctx, deployment)


def _next_wave(ctx: Ctx, deployment: tables.Deployment) -> None:
    following = [step for step in steps(ctx, deployment) if step.wave > deployment.wave]
    if not following:
        end(ctx, deployment, rules.DONE)
        return
    deployment.wave = min(step.wave for step in following)
    for step in following:
        if step.wave == deployment.wave and step.state == WAITING:
            step.state, step.since = RUNNING, ctx.now()
    moved(ctx, deployment, ctx.now())
    cluster = ctx.db.get(tables.Cluster, deployment.cluster_id)
    waves = max(step.wave for step in following)
    ctx.event("deployment.wave", f"wave {deployment.wave} of {waves} begins", cluster=cluster, deployment=deployment.id)
