"""What would happen to a cluster: shown before anything is done."""

from __future__ import annotations

from collections.abc import Sequence

from oci.context import Ctx
from oci.domain.deploy import plans as rules
from oci.domain.deploy.plans import KINDS, Step
from oci.domain.deploy.timing import expected
from oci.domain.quantities import counted
from oci.records.clusters.changes import clusters
from oci.records.deploy import classifications, plans
from oci.render.puppet import frozen
from oci.schemas.deploy.plans import PlanChange, PlanIn, PlanOut, PlanStep, PlanWave
from oci.services.usecase import usecase

MOST_CHANGES = 200
"""Changes of one machine that are told; and of all together."""


def _changes(ctx: Ctx, name: str, steps: Sequence[Step]) -> dict[int, tuple[str, ...]]:
    """What Puppet is told otherwise, by machine."""
    fleet, _digests = classifications.wanted(ctx, clusters.find(ctx, name))
    before = classifications.bodies(ctx, [one.before for one in steps if one.before != one.wanted])
    found = {}
    for one in steps:
        member = fleet.member(one.machine)
        if one.before and one.before != one.wanted and member is not None and one.before in before:
            found[one.machine] = frozen.changes(before[one.before], classifications.freeze(fleet, member))
    return found


def _summary(steps: Sequence[Step]) -> str:
    if not steps:
        return "nothing is to be done: all is as it is declared"
    kinds = [(kind, len([one for one in steps if one.kind == kind])) for kind in KINDS]
    words = [f"{kind} {counted(number, 'machine')}" for kind, number in kinds if number]
    lost = len([one for one in steps if KINDS[one.kind].destroys])
    losing = f"; what is on the disks of {counted(lost, 'machine')} is lost" if lost else ""
    return f"{', '.join(words)} in {counted(max(one.wave for one in steps), 'wave')}{losing}"


def _common(steps: Sequence[Step], changes: dict[int, tuple[str, ...]]) -> list[PlanChange]:
    found: dict[str, list[str]] = {}
    for one in steps:
        for text in changes.get(one.machine, ()):
            found.setdefault(text, []).append(one.name)
    most = sorted(found.items(), key=lambda item: (-len(item[1]), item[0]))[:MOST_CHANGES]
    return [PlanChange(text=text, machines=names) for text, names in most]


def _out(ctx: Ctx, name: str, steps: Sequence[Step]) -> PlanOut:
    seconds, changes = plans.seconds(ctx), _changes(ctx, name, steps)
    waves = sorted({one.wave for one in steps})
    of_wave = {number: [one for one in steps if one.wave == number] for number in waves}
    return PlanOut(
        cluster=name,
        digest=rules.digest(steps),
        summary=_summary(steps),
        losing=[one.name for one in steps if KINDS[one.kind].destroys],
        seconds=rules.seconds_of(steps, seconds) if steps else 0.0,
        waves=[
            PlanWave(
                wave=number,
                machines=len(of_wave[number]),
                waits_for=rules.waits_for(of_wave.get(number - 1, [])),
                seconds=rules.seconds_of(of_wave[number], seconds),
            )
            for number in waves
        ],
        changes=_common(steps, changes),
        steps=[
            PlanStep(
                machine=one.name,
                role=one.role,
                kind=one.kind,
                wave=one.wave,
                why=one.why,
                changes=list(changes.get(one.machine, ())[:MOST_CHANGES]),
                destroys=list(one.destroys),
                undo=KINDS[one.kind].undo,
                seconds=expected(seconds, one.kind, one.role),
            )
            for one in steps
        ],
    )


@usecase("cluster.plan", "viewer", reads=True)
def _make(ctx: Ctx, name: str, order: PlanIn) -> tuple[PlanOut, tuple[Step, ...]]:
    cluster = clusters.find(ctx, name)
    steps = plans.make(ctx, cluster, order.every)
    return _out(ctx, cluster.name, steps), steps


@usecase("plan.keep", "viewer")
def _keep(ctx: Ctx, name: str, steps: tuple[Step, ...]) -> None:
    """Keep what was shown, so that what differs later can be told."""
    plans.keep(ctx, clusters.find(ctx, name), steps)


@usecase("plan.known", "viewer", reads=True)
def _is_kept(ctx: Ctx, name: str, digest: str) -> bool:
    return plans.find(ctx, clusters.find(ctx, name), digest) is not None


def show_plan(ctx: Ctx, name: str, order: PlanIn) -> PlanOut:
    """What will happen to a cluster when it is deployed; kept, to be approved by its digest. Raises NotFound, Conflict.

    Making it only reads, so that nobody waits for it; what was not shown before is written down in a transaction of its own.
    """
    out, steps = _make(ctx, name, order)
    if not _is_kept(ctx, name, out.digest):
        _keep(ctx, name, steps)
    return out


show_plan.operation = _make.operation  # type: ignore[attr-defined]
