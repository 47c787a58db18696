"""Orders about a machine's power: how they are given, told in words, and carried on. Holds no use case."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select

from oci.context import Ctx
from oci.db import tables
from oci.domain.machines.power import WORDS, Progress, inherit, supersedes

JOB = tables.Job


def order(ctx: Ctx, machine: tables.Machine, verb: str, why: str = "", **work: Any) -> tables.Job:
    """Queue the power verb in the name of whoever acts, with an event that says who and why.

    `work` says what it is switched for, where it is not to be switched once that is over (`liveness.spared`).
    """
    ctx.event("power.ordered", WORDS[verb] + (f": {why}" if why else ""), machine, verb=verb)
    return ctx.queue("power", machine, verb=verb, why=why, **work)


def verb_of(job: tables.Job) -> str:
    """The power verb of a job."""
    return str(job.args.get("verb", "status"))


def say(args: dict[str, object]) -> str:
    """A power job's order in words: what, by whom, why. Blank for a reading."""
    verb = str(args.get("verb", "status"))
    if verb == "status":
        return WORDS[verb]
    why = f": {args['why']}" if args.get("why") else ""
    return f"{WORDS.get(verb, verb)}, ordered by {args.get('by') or 'the appliance'}{why}"


def _others(ctx: Ctx, job: tables.Job, newer: bool) -> list[tables.Job]:
    """Power jobs of the same machine that were queued after or before `job`; the nearest comes first."""
    query = select(JOB).where(JOB.machine_id == job.machine_id, JOB.kind == "power")
    query = query.where(JOB.id > job.id).order_by(JOB.id) if newer else query.where(JOB.id < job.id).order_by(JOB.id.desc())
    return list(ctx.db.scalars(query.limit(50)))


def replaced_by(ctx: Ctx, job: tables.Job) -> tables.Job | None:
    """The order that makes `job` worth nothing: any newer one, also when it is over, lest the older one undoes it.

    What only keeps a machine on gives way to any order that is still open. Readings replace nothing and are not replaced.
    """
    if verb_of(job) == "status":
        return None
    if not supersedes(verb_of(job)):
        open_jobs = (o for o in _others(ctx, job, newer=False) if o.state in ("queued", "running"))
        older = next((o for o in open_jobs if verb_of(o) != "status"), None)
        if older:
            return older
    return next((o for o in _others(ctx, job, newer=True) if supersedes(verb_of(o))), None)


def start(ctx: Ctx, job: tables.Job, bmc: str) -> Progress:
    """How far the order has come: as far as it was left, or where the order before it was."""
    if job.progress.get("bmc") == bmc:
        return Progress.from_dict(job.progress)
    for before in _others(ctx, job, newer=False):
        left = Progress.from_dict(before.progress)
        if left.bmc == bmc:
            unfinished = before.state != "failed" and (before.state != "done" or bool(before.progress.get("replaced")))
            same = unfinished and verb_of(before) == verb_of(job)
            return inherit(verb_of(job), left, same) if left.ordered or same else Progress(bmc=bmc)
    return Progress(bmc=bmc)
