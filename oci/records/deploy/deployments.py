"""Deployments and their steps: begun, looked at, led from wave to wave, ended. Shared by use cases; holds none itself."""

from __future__ import annotations

from sqlalchemy import Row, select
from sqlalchemy.orm import aliased

from oci.context import Ctx
from oci.db import tables
from oci.domain.cloud.run_orders import CHECK, CONVERGED
from oci.domain.deploy import deployments as rules
from oci.domain.deploy import failures
from oci.domain.deploy import plans as planning
from oci.domain.deploy.deployments import CHECKED, FAILED, PAUSED, RUNNING, SKIPPED, STOPPED, WAITING
from oci.domain.machines import lifecycle
from oci.domain.path.convergence import NO_CATALOGUE, UNWELL
from oci.domain.quantities import span
from oci.problems import Conflict
from oci.records.cloud import evidence, run_orders
from oci.records.deploy import plans
from oci.records.machines import works

DEPLOYMENT, STEP, MACHINE, ORDER = tables.Deployment, tables.Step, tables.Machine, tables.RunOrder
ASSIGNMENT = tables.Assignment
_RUN, _CHECK = aliased(ORDER), aliased(ORDER)
_ENDED = {rules.DONE: "deployment.done", STOPPED: "deployment.stopped"}
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


def opened(ctx: Ctx, cluster_id: int) -> tables.Deployment | None:
    """The deployment of the cluster that is under way, or paused."""
    return ctx.db.scalar(select(DEPLOYMENT).where(DEPLOYMENT.cluster_id == cluster_id, DEPLOYMENT.ended.is_(None)))


def last(ctx: Ctx, cluster_id: int) -> tables.Deployment | None:
    """The newest deployment of the cluster."""
    return ctx.db.scalar(
        select(DEPLOYMENT).where(DEPLOYMENT.cluster_id == cluster_id).order_by(DEPLOYMENT.id.desc()).limit(1)
    )


def steps(ctx: Ctx, deployment: tables.Deployment) -> list[tables.Step]:
    """All steps of a deployment by wave."""
    return list(ctx.db.scalars(select(STEP).where(STEP.deployment_id == deployment.id).order_by(STEP.wave, STEP.id)))


def _cluster(ctx: Ctx, deployment: tables.Deployment) -> tables.Cluster:
    cluster = ctx.db.get(tables.Cluster, deployment.cluster_id)
    assert cluster is not None
    return cluster


def tell(ctx: Ctx, deployment: tables.Deployment, kind: str, text: str) -> None:
    """Append an event of the deployment."""
    ctx.event(kind, text, cluster=_cluster(ctx, deployment), deployment=deployment.id)


def end(ctx: Ctx, deployment: tables.Deployment, state: str, reason: str = "") -> None:
    """End a deployment in `state`, with a reason; what runs on machines goes on."""
    deployment.state, deployment.ended, deployment.reason = state, ctx.now(), reason[:500]
    name = _cluster(ctx, deployment).name
    tell(ctx, deployment, _ENDED[state], f"the deployment of {name} is {state}" + (f": {reason}" if reason else ""))
    ctx.db.flush()


def pause(ctx: Ctx, deployment: tables.Deployment, reason: str, held: bool = False) -> None:
    """Begin nothing more until somebody says so; `held`: because a person wants it."""
    deployment.state, deployment.reason, deployment.held = PAUSED, reason[:500], held
    tell(ctx, deployment, "deployment.paused", f"the deployment of {_cluster(ctx, deployment).name} is paused: {reason}")


def resume(ctx: Ctx, deployment: tables.Deployment) -> None:
    """Go on. Raises Conflict as long as a machine has failed, or where it is not paused."""
    name = _cluster(ctx, deployment).name
    if deployment.state != PAUSED:
        raise Conflict(f"the deployment of {name} is {deployment.state}, so there is nothing to resume")
    failed = [machine.name for step, machine, *_ in wave(ctx, deployment) if step.state == FAILED]
    if failed:
        raise Conflict(
            f"{failed[0]} has failed; `ocicli cluster retry {name} --machine {failed[0]}` tries it once more, "
            "`cluster skip` leaves it out, `cluster abort` ends the deployment"
        )
    deployment.state, deployment.reason, deployment.held = RUNNING, "", False
    moved(ctx, deployment, ctx.now())
    tell(ctx, deployment, "deployment.resumed", f"the deployment of {name} goes on")


def of_machine(ctx: Ctx, deployment: tables.Deployment, name: str) -> Looked:
    """The step of the machine called `name`. Raises Conflict when the deployment has none."""
    for row in every(ctx, deployment):
        if name in (row[1].name, row[1].name.split(".")[0], str(row[1].id)):
            return row
    raise Conflict(
        f"{name[:100]} is no machine of this deployment; `ocicli cluster deployment {_cluster(ctx, deployment).name} "
        f"--id {deployment.id}` lists them"
    )


def retry(ctx: Ctx, deployment: tables.Deployment, row: Looked) -> None:
    """Try a machine that failed once more. Raises Conflict for one that did not."""
    step, machine, *_ = row
    if step.state != FAILED:
        raise Conflict(f"{machine.name} is {step.state} in this deployment; only what failed can be tried once more")
    step.ordered, step.runs, step.run_id, step.check_id, step.ended = 0, 0, None, None, None
    step.failure, step.evidence, step.page = "", "", ""
    tell(ctx, deployment, "deployment.retried", f"{machine.name} is tried once more")
    _begin(ctx, step)
    _carry_on(ctx, deployment)


def skip(ctx: Ctx, deployment: tables.Deployment, row: Looked, why: str) -> None:
    """Leave a machine out that failed, or has not begun. Raises Conflict for any other."""
    step, machine, *_ = row
    if step.state not in (FAILED, WAITING):
        raise Conflict(f"{machine.name} is {step.state} in this deployment; only what failed or waits can be left out")
    step.state, step.reason, step.ended = SKIPPED, why[:500], ctx.now()
    tell(ctx, deployment, "deployment.skipped", f"{machine.name} is left out: {why}")
    _carry_on(ctx, deployment)


def _carry_on(ctx: Ctx, deployment: tables.Deployment) -> None:
    ctx.db.flush()
    failed = any(step.state == FAILED for step, *_ in wave(ctx, deployment))
    if deployment.state == PAUSED and not deployment.held and not failed:
        resume(ctx, deployment)


# -- one machine


def _begin(ctx: Ctx, step: tables.Step) -> None:
    """The step begins: from now on Puppet is told what was approved for its machine."""
    step.state, step.since, step.reason = RUNNING, ctx.now(), ""
    assignment = _approved_for(ctx, step)
    if assignment is not None and step.wanted:
        assignment.pinned = step.wanted


def _approved_for(ctx: Ctx, step: tables.Step) -> tables.Assignment | None:
    """What the machine is assigned to, if that is still what the step was approved for."""
    assignment, deployment = ctx.db.get(ASSIGNMENT, step.machine_id), ctx.db.get(DEPLOYMENT, step.deployment_id)
    if assignment is None or deployment is None:
        return None
    return assignment if (assignment.cluster_id, assignment.role) == (deployment.cluster_id, step.role) else None


def begin(ctx: Ctx, deployment: tables.Deployment, number: int) -> None:
    """Begin the wave `number`."""
    deployment.wave = number
    for step in steps(ctx, deployment):
        if step.wave == number and step.state == WAITING:
            _begin(ctx, step)
    moved(ctx, deployment, ctx.now())


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


def _is_changed(ctx: Ctx, step: tables.Step, machine: tables.Machine, assignment: tables.Assignment | None) -> bool:
    """Whether an install that is yet to be ordered would write something else than was approved."""
    if step.kind != planning.INSTALL or step.ordered or machine.state not in plans.INSTALLABLE or assignment is None:
        return False
    return plans.outlook(machine, assignment, ctx.outside.roles.get(assignment.role))[0] != step.promise


def _is_transient(ctx: Ctx, machine: tables.Machine, run: tables.RunOrder | None) -> bool:
    """Whether the last run came to nothing for a reason that may be gone when it is tried again."""
    return run is not None and run.outcome not in ("", CONVERGED) and failures.retried(_verdict(ctx, machine))


def _verdict(ctx: Ctx, machine: tables.Machine) -> failures.Verdict:
    return failures.judge(evidence.of(ctx, machine))


def _seen(ctx: Ctx, row: Looked) -> rules.Seen:
    step, machine, assignment, run, check = row
    gone = _approved_for(ctx, step) is None
    return rules.Seen(
        name=machine.name,
        state=step.state,
        machine=machine.state,
        kind=step.kind,
        reason=step.reason,
        why=machine.reason,
        gone=gone,
        converged=_has_converged(step, machine, run),
        able=bool(assignment is not None and assignment.revision and machine.disk_bytes),
        changed=_is_changed(ctx, step, machine, assignment),
        ordered=step.ordered,
        runs=step.runs,
        attempts=ctx.config.attempts,
        transient=_is_transient(ctx, machine, run),
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
    _note_times(ctx, step, machine, state)
    if state == FAILED:
        _explain(ctx, step, machine)
    settle(ctx, step, state, reason)
    if state != before:
        moved(ctx, deployment, ctx.now())


def _note_times(ctx: Ctx, step: tables.Step, machine: tables.Machine, state: str) -> None:
    if step.installed is None and step.kind != planning.CONVERGE and machine.state == lifecycle.ACTIVE:
        step.installed = machine.state_since
    if step.converged is None and state in (rules.CONVERGED, CHECKED):
        step.converged = machine.converged_at


def _explain(ctx: Ctx, step: tables.Step, machine: tables.Machine) -> None:
    """Write down why the machine failed, as far as there is evidence of it."""
    verdict = _verdict(ctx, machine)
    step.failure, step.evidence, step.page = verdict.kind, verdict.line[:300], verdict.page[:100]


def settle(ctx: Ctx, step: tables.Step, state: str, reason: str) -> None:
    """Write down how far a step has come; its end says what the machine is from now on."""
    step.state, step.reason = state, reason[:500]
    if state not in rules.ENDED:
        return
    step.ended = step.ended or ctx.now()
    assignment = _approved_for(ctx, step)
    if assignment is not None:
        assignment.ailing = state == FAILED
        if state == CHECKED:
            assignment.settled = step.wanted


def _order_next(ctx: Ctx, step: tables.Step, machine: tables.Machine, kind: str) -> None:
    """Raises Conflict; then what was written is to be rolled back."""
    if not kind:
        return
    if kind == planning.INSTALL:
        works.install(ctx, machine)
        step.ordered += 1
        return
    order = run_orders.order(ctx, machine, kind)
    if kind == CHECK:
        step.check_id = order.id
    else:
        step.run_id, step.check_id, step.runs = order.id, None, step.runs + 1


# -- the whole


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
    """Lead the deployment further: to its next wave, to its end, or have it wait for a person where nothing moves."""
    rows = wave(ctx, deployment)
    waiting = [row for row in rows if row[0].state not in rules.ENDED]
    if waiting and (at := _noticed(ctx, deployment, waiting)):
        moved(ctx, deployment, at)
    if waiting and ctx.now() > deployment.deadline:
        for step, machine, *_ in waiting:
            _explain(ctx, step, machine)
            why = f"nothing moved for {span(ctx.now() - deployment.moved)}"
            settle(ctx, step, FAILED, why + (f"; {step.reason}" if step.reason else ""))
    states = {machine.name: step.state for step, machine, *_ in rows}
    outcome, why = rules.judged(states, {machine.name: step.reason for step, machine, *_ in rows})
    if outcome == PAUSED:
        pause(ctx, deployment, why)
    elif outcome == rules.DONE:
        _next_wave(ctx, deployment)


def _next_wave(ctx: Ctx, deployment: tables.Deployment) -> None:
    following = [step for step in steps(ctx, deployment) if step.wave > deployment.wave and step.state == WAITING]
    if not following:
        end(ctx, deployment, rules.DONE)
        return
    begin(ctx, deployment, min(step.wave for step in following))
    waves = max(step.wave for step in following)
    tell(ctx, deployment, "deployment.wave", f"wave {deployment.wave} of {waves} begins")
