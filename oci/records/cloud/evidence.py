"""What is known of why a machine does not come further: put together of its work, its runs of Puppet and its orders."""

from __future__ import annotations

from sqlalchemy import select

from oci.context import Ctx
from oci.db import tables
from oci.domain.cloud import run_orders
from oci.domain.deploy.failure_rule import AT_FIRST_BOOT, AT_INSTALL, BY_APPLIANCE, BY_CHECKS, BY_POWER, BY_PUPPET
from oci.domain.deploy.failures import LINES, LOOKED_AT, Evidence
from oci.domain.machines import lifecycle
from oci.domain.path import attempt_log
from oci.domain.path.convergence import NO_CATALOGUE
from oci.domain.path.works import WORKS
from oci.records.cloud.run_orders import checks_of_machine

RUN, ORDER, WORK, EVENT, JOB = tables.Run, tables.RunOrder, tables.Work, tables.Event, tables.Job
REFUSALS = {"puppet.unclassified": "the classification was refused", "puppet.refused": "the certificate was refused"}
"""Events that tell what the machine itself is not told, and how they begin among its lines."""
BEFORE_SECONDS = 900
"""How long before a failed run such an event may be to be its reason: the run begins with it."""
_TAIL = LINES * LOOKED_AT


def of(ctx: Ctx, machine: tables.Machine) -> Evidence:
    """The newest evidence of what failed on `machine`, or goes wrong on it now; without words where nothing did.

    Four statements at most. It holds no secret: what it is made of was kept without.
    """
    work = ctx.db.scalar(select(WORK).where(WORK.machine_id == machine.id).order_by(WORK.id.desc()).limit(1))
    if machine.state == lifecycle.FAILED or lifecycle.transient(machine.state):
        return _of_work(ctx, machine, work)
    return _of_puppet(ctx, machine, work.finished or 0.0 if work else 0.0)


def is_wanted(machine: tables.Machine) -> bool:
    """Whether the machine is in a state in which something may have failed that is not over."""
    return machine.state in (lifecycle.FAILED, lifecycle.ACTIVE) or lifecycle.transient(machine.state)


def _of_work(ctx: Ctx, machine: tables.Machine, work: tables.Work | None) -> Evidence:
    """Of an install, a wipe or a first boot that failed or is in trouble."""
    if power := _power(ctx, machine, work):
        return Evidence(BY_POWER, power)
    if work is None or work.claimed is None:
        return Evidence(BY_APPLIANCE, machine.reason, _tail(work) if work is not None else ())
    if work.kind in WORKS and (not work.phase or work.phase in WORKS[work.kind].phases):
        return Evidence(AT_INSTALL, machine.reason, _tail(work))
    run = _last_run(ctx, machine, work.started)
    if run is not None and run.status in NO_CATALOGUE:
        return Evidence(BY_PUPPET, machine.reason or run.text, _told(ctx, machine, run))
    return Evidence(AT_FIRST_BOOT, machine.reason, _refusals(ctx, machine, work.started))


def _of_puppet(ctx: Ctx, machine: tables.Machine, since: float) -> Evidence:
    """Of a machine that is installed: its last run, and the last order that it carried out, whichever is newer."""
    run, order = _last_run(ctx, machine, since), _last_order(ctx, machine, since)
    log = _told(ctx, machine, run) if run is not None and run.status in NO_CATALOGUE else ()
    if order is not None and (run is None or (order.ended or 0.0) >= run.at):
        if order.outcome not in _WELL:
            words = order.words or run_orders.OUTCOMES[order.outcome]
            return Evidence(BY_PUPPET, words, log or _refusals(ctx, machine, order.ordered - BEFORE_SECONDS))
        if red := run_orders.unwell(order.checks, checks_of_machine(ctx, machine.id)):
            return Evidence(BY_CHECKS, red[0], tuple(red[1 : LINES + 1]))
    if run is not None and run.status in NO_CATALOGUE:
        return Evidence(BY_PUPPET, run.text, log)
    return Evidence(BY_APPLIANCE, machine.reason)


_WELL = (run_orders.CONVERGED, run_orders.DONE, run_orders.DROPPED)


def _last_run(ctx: Ctx, machine: tables.Machine, since: float) -> tables.Run | None:
    """The last run that was not dry, of `since` or later."""
    last = select(RUN).where(RUN.machine_id == machine.id, RUN.noop.is_(False)).order_by(RUN.id.desc()).limit(1)
    run = ctx.db.scalar(last)
    return run if run is not None and run.at >= since else None


def _last_order(ctx: Ctx, machine: tables.Machine, since: float) -> tables.RunOrder | None:
    ended = select(ORDER).where(ORDER.machine_id == machine.id, ORDER.ended >= since)
    return ctx.db.scalar(ended.order_by(ORDER.id.desc()).limit(1))


def _power(ctx: Ctx, machine: tables.Machine, work: tables.Work | None) -> str:
    """What the controller said, where the last order to switch the power was given up and is what the machine waits for."""
    if not machine.reason:
        return ""
    given_up = select(JOB.error).where(JOB.machine_id == machine.id, JOB.kind == "power", JOB.error == machine.reason)
    since = work.started if work is not None else 0.0
    return ctx.db.scalar(given_up.where(JOB.created >= since).order_by(JOB.id.desc()).limit(1)) or ""


def _refusals(ctx: Ctx, machine: tables.Machine, since: float) -> tuple[str, ...]:
    query = select(EVENT.kind, EVENT.text).where(EVENT.machine_id == machine.id, EVENT.kind.in_(REFUSALS))
    rows = ctx.db.execute(query.where(EVENT.at >= since).order_by(EVENT.id.desc()).limit(1))
    return tuple(f"{REFUSALS[kind]}: {text}" for kind, text in rows)


def _told(ctx: Ctx, machine: tables.Machine, run: tables.Run) -> tuple[str, ...]:
    """What is known of a run that failed: why the machine was refused, and what it logged."""
    return (*_refusals(ctx, machine, run.at - BEFORE_SECONDS), *map(str, run.log))


def _tail(work: tables.Work) -> tuple[str, ...]:
    """The last lines of the last attempt that logged anything."""
    for section in reversed(attempt_log.sections(work.log)):
        lines = [line for line in section[-_TAIL:].splitlines() if line.strip() and not line.startswith(attempt_log.MARK)]
        if lines:
            return tuple(lines[-LINES:])
    return ()
