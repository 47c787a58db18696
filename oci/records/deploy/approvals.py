"""A plan that a person approved becomes a deployment, if it is still what would happen. Holds no use case."""

from __future__ import annotations

from collections.abc import Sequence

from oci.context import Ctx
from oci.db import tables
from oci.domain.deploy import deployments as rules
from oci.domain.deploy import plans as planning
from oci.domain.deploy.plans import Step
from oci.domain.quantities import counted, span
from oci.problems import Conflict
from oci.records.deploy import classifications, deployments, plans

MOST_TOLD = 10
"""Differences that a refusal tells."""


def made(ctx: Ctx, cluster: tables.Cluster, approved: str) -> tuple[Step, ...]:
    """The plan that `approved` stands for, as it is now. Raises Conflict when nothing that could be planned now is that."""
    now = plans.make(ctx, cluster)
    for steps in (now, plans.make(ctx, cluster, every=True)):
        if planning.digest(steps) == approved:
            return steps
    before = plans.find(ctx, cluster, approved)
    if before is None:
        raise Conflict(
            f"{approved} is no plan of {cluster.name} that is known; what would happen now is {planning.digest(now)}: "
            f"`ocicli cluster plan {cluster.name}` shows it"
        )
    told = planning.differences(before, now)
    more = f"; and {len(told) - MOST_TOLD} more" if len(told) > MOST_TOLD else ""
    raise Conflict(
        f"{cluster.name} has changed since the plan {approved} was made, so nothing was begun: "
        f"{'; '.join(told[:MOST_TOLD])}{more}. Look at `ocicli cluster plan {cluster.name}` and approve "
        f"{planning.digest(now)} instead"
    )


def start(ctx: Ctx, cluster: tables.Cluster, approved: str) -> tables.Deployment:
    """Begin to carry out the plan `approved`. A deployment that is paused gives way to it. Raises Conflict when one runs,
    when there is no machine, or when the plan is not what would happen now."""
    other = deployments.opened(ctx, cluster.id)
    if other is not None and other.state == rules.RUNNING:
        raise Conflict(
            f"{cluster.name} is being deployed already, since {span(ctx.now() - other.since)}, by {other.by}; "
            f"`ocicli cluster pause {cluster.name}` has it wait, `ocicli cluster abort {cluster.name}` ends it"
        )
    steps = made(ctx, cluster, approved)
    if other is not None:
        deployments.end(ctx, other, rules.STOPPED, f"{ctx.actor.name} approved another plan, {approved}")
    return _begin(ctx, cluster, approved, steps)


def _begin(ctx: Ctx, cluster: tables.Cluster, approved: str, steps: Sequence[Step]) -> tables.Deployment:
    now = ctx.now()
    plans.keep(ctx, cluster, steps)
    fleet, digests = classifications.wanted(ctx, cluster)
    classifications.keep(ctx, fleet, {one.machine: digests[one.machine] for one in steps})
    deployment = tables.Deployment(
        cluster_id=cluster.id,
        state=rules.RUNNING,
        plan=approved,
        wave=1,
        since=now,
        moved=now,
        deadline=now + ctx.config.deploy_gate_seconds,
        by=ctx.actor.name,
    )
    ctx.db.add(deployment)
    ctx.db.flush()
    ctx.db.add_all([_row(deployment, one) for one in steps])
    ctx.db.flush()
    waves = max((one.wave for one in steps), default=0)
    text = (
        f"the plan {approved} of {cluster.name} is carried out: {counted(len(steps), 'machine')} in {counted(waves, 'wave')}"
    )
    deployments.tell(ctx, deployment, "deployment.started", text)
    if steps:
        deployments.begin(ctx, deployment, 1)
    else:
        deployments.end(ctx, deployment, rules.DONE, "all was so already")
    classifications.forget_unused(ctx)
    return deployment


def _row(deployment: tables.Deployment, one: Step) -> tables.Step:
    return tables.Step(
        deployment_id=deployment.id,
        machine_id=one.machine,
        kind=one.kind,
        role=one.role,
        wave=one.wave,
        why=one.why[:500],
        before=one.before,
        wanted=one.wanted,
        promise=one.promise,
        destroys=list(one.destroys),
        state=rules.WAITING,
    )
