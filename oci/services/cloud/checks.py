"""Proofs of a cloud: ordered, done in turns by a worker, kept. What each step does is in `oci/records/cloud/proofs.py`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import delete, select

from oci.context import Ctx
from oci.db import tables
from oci.db.tables import Cluster
from oci.domain.activity.jobs import KINDS
from oci.domain.cloud import proof
from oci.domain.cloud.access import Access
from oci.domain.cloud.proof import Result
from oci.domain.cluster.fleet import Fleet
from oci.domain.quantities import counted
from oci.ports import OutsideError
from oci.problems import Conflict, NotFound, Problem
from oci.records.activity.leases import GIVEN_UP, RUN, Later, Lost, Work, own
from oci.records.cloud import fronts, proofs
from oci.records.clusters.changes import clusters
from oci.schemas.cloud.checks import ProofHead, ProofIn, ProofList, ProofOut, ProofStep
from oci.services.usecase import usecase

CHECK = tables.CloudCheck
COMPUTE = "profile::nova::compute"
PAUSE_SECONDS = 3
"""How long nothing is asked when all that goes on takes its time."""


def _computes(fleet: Fleet, wanted: Sequence[str]) -> list[str]:
    """Short host names of the computes to boot on. Raises Conflict."""
    members = fleet.with_profile(COMPUTE)
    if not members:
        raise Conflict(
            f"the cluster {fleet.cluster} has no compute to boot a server on: no machine of it has {COMPUTE}; "
            "assign one to a role that has it, and deploy the cluster"
        )
    known = {name: member.hostname for member in members for name in (member.hostname, member.fqdn)}
    if unknown := [name for name in wanted if name not in known]:
        raise Conflict(
            f"{unknown[0]} is no compute of the cluster {fleet.cluster}; these are: "
            f"{', '.join(member.hostname for member in members[:20])}"
        )
    return list(dict.fromkeys(known[name] for name in wanted)) or [member.hostname for member in members]


@usecase("cluster.check", "operator")
def order(ctx: Ctx, name: str, wish: ProofIn) -> ProofOut:
    """Order a proof of a cluster's cloud, with a server booted on each named compute.

    Raises NotFound, and Conflict for a cluster that is no cloud, for a name that is no compute, and while another runs.
    """
    cluster = clusters.find(ctx, name)
    fronts.access(ctx, cluster)  # for what is in the way, which is told now
    computes = _computes(fronts.snapshot(ctx, cluster), wish.compute)
    running = ctx.db.scalar(select(CHECK).where(CHECK.cluster_id == cluster.id, CHECK.finished.is_(None)))
    if running is not None:
        raise Conflict(
            f"a check of the cluster {cluster.name} is {running.state} already (number {running.id}, ordered by "
            f"{running.actor}); two would be in each other's way, so wait for it"
        )
    row = CHECK(
        cluster_id=cluster.id,
        actor=ctx.actor.name,
        ordered=ctx.now(),
        state="queued",
        computes=computes,
        results=[result.to_dict() for result in proof.plan(computes)],
        made={} if wish.outside else {proofs.INSIDE: "yes"},
        text="",
        changes=0,
    )
    ctx.db.add(row)
    ctx.db.flush()
    ctx.queue("check", subject=cluster.name, check=row.id)
    ctx.event(
        "check.started",
        f"{ctx.actor.name} ordered check {row.id} of the cloud of {cluster.name}, on {counted(len(computes), 'compute')}: "
        f"{', '.join(computes)}",
        cluster=cluster,
    )
    return _out(row, cluster.name)


def _head(row: tables.CloudCheck, cluster: str, results: Sequence[Result]) -> dict[str, Any]:
    return {
        "id": row.id,
        "cluster": cluster,
        "state": row.state,
        "by": row.actor,
        "ordered": row.ordered,
        "started": row.started,
        "finished": row.finished,
        "computes": [str(name) for name in row.computes],
        "text": row.text,
        "doing": "" if row.finished else proof.doing(results),
        "percent": 100 if row.finished else proof.percent(results),
    }


def _out(row: tables.CloudCheck, cluster: str) -> ProofOut:
    results = proof.read(row.results)
    steps = [
        ProofStep(
            step=one.step,
            title=proof.title(one),
            compute=one.compute,
            state=one.state,
            why=one.why,
            seconds=round(one.seconds, 1),
        )
        for one in results
    ]
    return ProofOut(**_head(row, cluster, results), steps=steps)


@usecase("cluster.checks", "viewer", reads=True)
def list_checks(ctx: Ctx, name: str) -> ProofList:
    """The last proofs of a cluster's cloud, newest first: as many as are kept. Raises NotFound."""
    cluster = clusters.find(ctx, name)
    rows = ctx.db.scalars(select(CHECK).where(CHECK.cluster_id == cluster.id).order_by(CHECK.id.desc()))
    return ProofList(checks=[ProofHead(**_head(row, cluster.name, proof.read(row.results))) for row in rows])


def _find(ctx: Ctx, name: str, number: int) -> tuple[Cluster, tables.CloudCheck]:
    cluster = clusters.find(ctx, name)
    row = ctx.db.scalar(select(CHECK).where(CHECK.cluster_id == cluster.id, CHECK.id == number))
    if row is None:
        raise NotFound(
            f"the cluster {cluster.name} has no check {number}; `ocicli cluster checks {cluster.name}` lists what is kept"
        )
    return cluster, row


@usecase("cluster.show-check", "viewer", reads=True)
def show_check(ctx: Ctx, name: str, number: int) -> ProofOut:
    """One proof of a cluster's cloud, step by step. Raises NotFound."""
    cluster, row = _find(ctx, name, number)
    return _out(row, cluster.name)


@usecase("cluster.check-cursor", "viewer", reads=True)
def cursor(ctx: Ctx, name: str, number: int) -> tuple[int, str]:
    """What moves with all that is shown of a proof. Raises NotFound."""
    found = ctx.db.execute(
        select(CHECK.changes, CHECK.state)
        .join(Cluster, Cluster.id == CHECK.cluster_id)
        .where(Cluster.name == name, CHECK.id == number)
    ).one_or_none()
    if found is None:
        raise NotFound(f"the cluster {name[:63]} has no check {number}; it may have been one of those that are not kept")
    return found[0], found[1]


@dataclass
class Turn:
    """What a worker is given to go on with a proof."""

    number: int
    access: Access
    made: dict[str, str]
    results: list[Result] = field(default_factory=list)


def _row(ctx: Ctx, work: Work) -> tables.CloudCheck | None:
    """The row of the work, as long as it is ours and the proof is not over."""
    job = own(ctx, work)
    row = ctx.db.get(CHECK, int(work.args["check"]))
    return row if job is not None and row is not None and row.finished is None else None


@usecase("check.take-up", "appliance")
def take_up(ctx: Ctx, work: Work) -> Turn | None:
    """Begin a proof, or go on with it; None when there is nothing to be done any more."""
    row = _row(ctx, work)
    if row is None:
        return None
    cluster = ctx.db.get(Cluster, row.cluster_id)
    assert cluster is not None
    try:
        access = fronts.access(ctx, cluster)
    except Problem as gone:
        _end(ctx, row, False, str(gone))
        return None
    if row.started is None:
        row.started, row.state, row.changes = ctx.now(), "running", row.changes + 1
    return Turn(row.id, access, dict(row.made), proof.read(row.results))


@usecase("check.note", "appliance")
def note(ctx: Ctx, work: Work, results: Sequence[Result], made: dict[str, str]) -> bool:
    """Keep how far a proof has come, and renew the lease. False: it is somebody else's now, or gone."""
    row, job = _row(ctx, work), own(ctx, work)
    if row is None or job is None:
        return False
    row.results, row.made, row.changes = [result.to_dict() for result in results], dict(made), row.changes + 1
    job.lease_until = ctx.now() + KINDS[job.kind].seconds
    return True


@usecase("check.end", "appliance")
def end(ctx: Ctx, work: Work, passed: bool, text: str) -> None:
    """The proof is over."""
    row = _row(ctx, work)
    if row is not None:
        _end(ctx, row, passed, text)


def _end(ctx: Ctx, row: tables.CloudCheck, passed: bool, text: str) -> None:
    """End it so, and forget the oldest beyond those that are kept."""
    row.state, row.finished, row.text = "passed" if passed else "failed", ctx.now(), text[:500]
    row.changes += 1
    cluster = ctx.db.get(Cluster, row.cluster_id)
    name = cluster.name if cluster else "a cluster that is gone"
    ctx.event(
        "check.passed" if passed else "check.failed", f"check {row.id} of the cloud of {name}: {text}", cluster=cluster
    )
    ctx.db.flush()
    kept = max(1, ctx.config.checks_kept)
    oldest = select(CHECK.id).where(CHECK.cluster_id == row.cluster_id).order_by(CHECK.id.desc()).offset(kept).limit(1)
    ctx.db.execute(
        delete(CHECK).where(
            CHECK.cluster_id == row.cluster_id, CHECK.id <= oldest.scalar_subquery(), CHECK.finished.is_not(None)
        )
    )


def run(ctx: Ctx, work: Work) -> str | Later:
    """Go on with a proof until all that goes on takes its time. Raises Lost."""
    turn = take_up(ctx, work)
    if turn is None:
        return "there was nothing to be done any more"
    try:
        cloud = ctx.outside.clouds.open(turn.access)
    except OutsideError as trouble:
        end(ctx, work, False, str(trouble))
        return "the cloud cannot be asked"
    scene = proofs.Scene(cloud, ctx.outside.guests, turn.number, turn.made, turn.results)

    def keep(results: Sequence[Result]) -> None:
        if not note(ctx, work, results, scene.made):
            raise Lost

    while not proof.is_over(scene.results):
        if not proofs.one_round(scene, ctx.now, keep):
            return Later(PAUSE_SECONDS)
    passed, text = proof.passed(scene.results), proof.summary(scene.results)
    end(ctx, work, passed, text)
    return text


def given_up(ctx: Ctx, job: tables.Job, why: str) -> None:
    """A proof whose job is given up has failed; what it made stays until the next one."""
    row = ctx.db.get(CHECK, int(job.args["check"]))
    if row is not None and row.finished is None:
        _end(ctx, row, False, f"it was given up: {why}")


RUN["check"] = run
GIVEN_UP["check"] = given_up
