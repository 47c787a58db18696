"""Plans that are carried out: approved, paused, ended and shown by people, led on by the appliance's rounds."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping

from sqlalchemy import func, select

from oci.context import Ctx
from oci.db import tables
from oci.domain.deploy import deployments as rules
from oci.domain.deploy import timing
from oci.domain.deploy.deployments import CHECKED, CONVERGED, FAILED, PAUSED, RUNNING, SKIPPED, STOPPED, WAITING
from oci.domain.deploy.timing import Lasted
from oci.problems import Conflict, NotFound
from oci.records.cloud import run_orders
from oci.records.clusters.changes import clusters
from oci.records.deploy import approvals, plans
from oci.records.deploy import deployments as records
from oci.records.path import liveness
from oci.schemas.deploy.deployments import (
    DeployIn,
    DeploymentList,
    DeploymentOut,
    SkipIn,
    StepCheck,
    StepIn,
    StepOut,
    WhyIn,
)
from oci.services.usecase import usecase

log = logging.getLogger("oci.deployments")
DEPLOYMENT, STEP = tables.Deployment, tables.Step
SHOWN = 20
"""How many deployments of a cluster are listed."""
_PART = {WAITING: 0, RUNNING: 10, CONVERGED: 80, CHECKED: 100, FAILED: 100, SKIPPED: 100}
"""How far a step is, for bars: percent."""


def _checks(ctx: Ctx, row: records.Looked) -> list[StepCheck]:
    step, _machine, assignment, run, check = row
    told = next((one.checks for one in (check, run) if one is not None and one.outcome), None)
    if assignment is None or step.state == WAITING:
        return []
    names = run_orders.checks_of(ctx.outside.roles.get(assignment.role))
    return [
        StepCheck(
            name=name,
            ok=step.state == CHECKED if told is None else told.get(name) == "",
            reason="" if told is None else told.get(name, "the machine has no such check yet"),
        )
        for name in names
    ]


def _step(ctx: Ctx, row: records.Looked, took: Mapping[tuple[str, str], float]) -> StepOut:
    step, machine, _assignment, run, check = row
    order, doing = check or run, ""
    if step.state not in (*rules.ENDED, WAITING):
        work = liveness.open_work(ctx, machine)
        doing = liveness.doing(work) if work else order.doing if order is not None and not order.outcome else ""
    return StepOut(
        machine=machine.name,
        role=step.role,
        kind=step.kind,
        why=step.why,
        wave=step.wave,
        state=step.state,
        since=step.since,
        installed=step.installed,
        converged=step.converged,
        ended=step.ended,
        expected=timing.expected(took, step.kind, step.role),
        destroys=step.destroys,
        percent=_PART[step.state],
        reason=step.reason,
        failure=step.failure,
        evidence=step.evidence,
        page=step.page,
        doing=doing,
        checks=_checks(ctx, row),
    )


def _now(steps: list[StepOut]) -> str:
    """What the machines are at that have not come to an end, in one line."""
    at_work = [one for one in steps if one.state in (RUNNING, CONVERGED)]
    words = [f"{one.machine.split('.')[0]}: {one.doing or one.reason or one.state}" for one in at_work[:3]]
    return "; ".join(words) + (f"; and {len(at_work) - 3} more" if len(at_work) > 3 else "")


def _out(ctx: Ctx, deployment: tables.Deployment, cluster: str, whole: bool = True) -> DeploymentOut:
    query = select(STEP.state, func.count(), func.max(STEP.wave)).where(STEP.deployment_id == deployment.id)
    counts = [tuple(row) for row in ctx.db.execute(query.group_by(STEP.state))]
    took = plans.seconds(ctx) if whole else {}
    steps = [_step(ctx, row, took) for row in records.every(ctx, deployment)] if whole else []
    lasted = [Lasted(one.machine, one.wave, one.state, one.since, one.ended, one.expected) for one in steps]
    total = sum(count for _state, count, _wave in counts)
    runs = deployment.state == RUNNING
    return DeploymentOut(
        id=deployment.id,
        cluster=cluster,
        state=deployment.state,
        wave=deployment.wave,
        waves=max((wave for _state, _count, wave in counts), default=deployment.wave),
        percent=sum(_PART[state] * count for state, count, _wave in counts) // total if total else 100,
        since=deployment.since,
        deadline=deployment.deadline if runs else None,
        ended=deployment.ended,
        reason=deployment.reason,
        by=deployment.by,
        plan=deployment.plan,
        left=timing.left(lasted, ctx.now()) if runs else None,
        critical=list(timing.critical(lasted, deployment.ended or ctx.now())),
        now=_now(steps) if runs else "",
        steps=steps,
    )


@usecase("cluster.deploy", "operator")
def deploy(ctx: Ctx, name: str, order: DeployIn) -> DeploymentOut:
    """Carry out the plan that is approved, and nothing else. Raises NotFound; Conflict when one is carried out already, and
    with what has changed when the plan is not what would happen now."""
    cluster = clusters.find(ctx, name)
    return _out(ctx, approvals.start(ctx, cluster, order.plan), cluster.name)


def _opened(ctx: Ctx, name: str) -> tuple[tables.Deployment, str]:
    cluster = clusters.find(ctx, name)
    found = records.opened(ctx, cluster.id)
    if found is None:
        raise Conflict(
            f"{cluster.name} is not being deployed; `ocicli cluster plan {cluster.name}` shows what would be done"
        )
    return found, cluster.name


@usecase("cluster.pause", "operator")
def pause(ctx: Ctx, name: str, order: WhyIn) -> DeploymentOut:
    """Begin nothing more; what runs on machines goes to its end. Raises NotFound, Conflict."""
    found, cluster = _opened(ctx, name)
    if found.state == PAUSED and found.held:
        raise Conflict(f"the deployment of {cluster} is paused already: {found.reason}")
    records.pause(ctx, found, f"paused by {ctx.actor.name}" + (f": {order.reason}" if order.reason else ""), held=True)
    return _out(ctx, found, cluster)


@usecase("cluster.resume", "operator")
def resume(ctx: Ctx, name: str) -> DeploymentOut:
    """Go on with a deployment that is paused. Raises NotFound, Conflict as long as a machine has failed."""
    found, cluster = _opened(ctx, name)
    records.resume(ctx, found)
    return _out(ctx, found, cluster)


@usecase("cluster.abort", "operator")
def abort(ctx: Ctx, name: str, order: WhyIn) -> DeploymentOut:
    """End a deployment where it is; what runs on machines goes on. Raises NotFound, Conflict."""
    found, cluster = _opened(ctx, name)
    records.end(ctx, found, STOPPED, f"stopped by {ctx.actor.name}" + (f": {order.reason}" if order.reason else ""))
    return _out(ctx, found, cluster)


@usecase("cluster.retry", "operator")
def retry(ctx: Ctx, name: str, order: StepIn) -> DeploymentOut:
    """Try a machine that failed once more, as it was approved. Raises NotFound, Conflict."""
    found, cluster = _opened(ctx, name)
    records.retry(ctx, found, records.of_machine(ctx, found, order.machine))
    return _out(ctx, found, cluster)


@usecase("cluster.skip", "operator")
def skip(ctx: Ctx, name: str, order: SkipIn) -> DeploymentOut:
    """Leave a machine out that failed or has not begun; it stays in the next plan. Raises NotFound, Conflict."""
    found, cluster = _opened(ctx, name)
    records.skip(ctx, found, records.of_machine(ctx, found, order.machine), order.reason)
    return _out(ctx, found, cluster)


@usecase("cluster.deployments", "viewer", reads=True)
def list_deployments(ctx: Ctx, name: str) -> DeploymentList:
    """The last deployments of a cluster, newest first. Raises NotFound."""
    cluster = clusters.find(ctx, name)
    query = select(DEPLOYMENT).where(DEPLOYMENT.cluster_id == cluster.id).order_by(DEPLOYMENT.id.desc()).limit(SHOWN)
    return DeploymentList(deployments=[_out(ctx, one, cluster.name, whole=False) for one in ctx.db.scalars(query)])


@usecase("cluster.deployment", "viewer", reads=True)
def show_deployment(ctx: Ctx, name: str, number: int) -> DeploymentOut:
    """One deployment with all its machines. Raises NotFound."""
    cluster = clusters.find(ctx, name)
    found = ctx.db.get(DEPLOYMENT, number)
    if found is None or found.cluster_id != cluster.id:
        raise NotFound(f"{cluster.name} has no deployment {number}; `ocicli cluster deployments {cluster.name}` lists them")
    return _out(ctx, found, cluster.name)


@usecase("cluster.waves", "viewer", reads=True)
def cursor(ctx: Ctx, name: str) -> tuple[object, ...]:
    """Moves with what a page shows of the cluster's last deployment. Raises NotFound."""
    cluster = clusters.find(ctx, name)
    found = records.last(ctx, cluster.id)
    return () if found is None else (found.id, found.state, found.wave, found.deadline, records.moved_by(ctx, found))


@usecase("deployment.under-way", "appliance", reads=True)
def _under_way(ctx: Ctx) -> list[tuple[int, list[int], bool]]:
    """The deployments that run, with the steps that are to be looked at, and whether the whole is to be led on."""
    found = []
    for deployment in ctx.db.scalars(select(DEPLOYMENT).where(DEPLOYMENT.state == RUNNING).order_by(DEPLOYMENT.id)):
        rows = records.wave(ctx, deployment)
        ids = [row[0].id for row in rows if records.moves(ctx, row)]
        found.append((deployment.id, ids, bool(ids) or records.is_due(ctx, deployment, rows)))
    return found


@usecase("deployment.look", "appliance")
def _look(ctx: Ctx, step_id: int) -> None:
    """Do with one machine of a wave what comes next."""
    row = records.one(ctx, step_id)
    deployment = ctx.db.get(DEPLOYMENT, row[0].deployment_id) if row is not None else None
    if row is None or deployment is None or deployment.state != RUNNING or row[0].wave != deployment.wave:
        return
    records.look(ctx, deployment, row)


@usecase("deployment.turn", "appliance")
def _turn(ctx: Ctx, deployment_id: int) -> None:
    """Lead a deployment to its next wave or its end."""
    deployment = ctx.db.get(DEPLOYMENT, deployment_id)
    if deployment is not None and deployment.state == RUNNING:
        records.turn(ctx, deployment)


def _alone(ctx: Ctx, act: Callable[[Ctx, int], None], number: int) -> None:
    """What goes wrong with one keeps no other from being led on; it is tried again in the next round."""
    try:
        act(ctx, number)
    except Exception:
        log.exception("%s of %d failed; it is tried again in the next round", act.__name__.strip("_"), number)


@usecase("deployment.begin-anew", "appliance")
def woke(ctx: Ctx) -> None:
    """The appliance begins to listen, or its clock was set: until now no machine could tell that it moved."""
    for deployment in ctx.db.scalars(select(DEPLOYMENT).where(DEPLOYMENT.state == RUNNING)):
        records.begin_anew(ctx, deployment)


def advance(ctx: Ctx) -> int:
    """One round over the deployments that run; returns how many do. Each machine has a transaction of its own, and where
    nothing happens nothing is written."""
    found = _under_way(ctx)
    for deployment_id, steps, turns in found:
        for step_id in steps:
            _alone(ctx, _look, step_id)
        if turns:
            _alone(ctx, _turn, deployment_id)
    return len(found)
