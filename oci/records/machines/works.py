"""Works (installs, wipes): ordered, armed again, ended. Shared by use cases; holds none itself."""

from __future__ import annotations

from oci.context import Ctx
from oci.db import tables
from oci.domain.hardware.disks import disk_wipe
from oci.domain.machines import lifecycle
from oci.domain.path import attempt_log
from oci.domain.path.works import ABORTED, ADOPT, FAILED, INSTALL, WIPE, WORKS
from oci.domain.promise.layouts import CannotLayOut
from oci.domain.quantities import counted
from oci.problems import Conflict
from oci.records.cloud import run_orders
from oci.records.clusters import claims, settings
from oci.records.machines import disk_orders, power_orders, promises
from oci.records.machines.identities import facts_of
from oci.records.machines.moves import move
from oci.records.path import liveness, pulses
from oci.records.path.boot_session import token_hash
from oci.records.path.liveness import open_work


def install(ctx: Ctx, machine: tables.Machine) -> None:
    """Order the install that the machine's assignment promises. Raises Conflict."""
    if machine.state in (lifecycle.FAILED, lifecycle.ACTIVE) and ctx.db.get(tables.Assignment, machine.id) is None:
        raise Conflict(f"{machine.name} has no role; unassign it and assign it to a cluster first")
    claims.check_promise(ctx, machine)
    layout = claims.layout_of(ctx, machine)
    move(ctx, machine, INSTALL.starts)
    approved = ""
    if machine.inventory:  # one that was enrolled and has not reported yet is judged when it asks for its orders
        try:
            choices = disk_orders.laid_out(machine, layout)
            approved = promises.approve(ctx, machine)
        except CannotLayOut as refused:
            raise Conflict(str(refused)) from None
        ctx.event("install.disk", disk_orders.sentences(choices), machine)
    machine.convergence = "never"
    if (assignment := ctx.db.get(tables.Assignment, machine.id)) is not None:
        assignment.settled = ""  # what was well is written over
    start_work(ctx, machine, INSTALL.name, approved)


def adopt(ctx: Ctx, machine: tables.Machine, token: str) -> None:
    """Hand the machine, which runs a system of its own already, to Puppet: whoever has `token` is it. Raises Conflict."""
    claims.check_promise(ctx, machine)
    move(ctx, machine, ADOPT)
    close_work(ctx, machine, ABORTED)
    run_orders.silence(ctx, machine.id)
    now = ctx.now()
    ctx.db.add(
        tables.Work(
            machine_id=machine.id,
            kind=ADOPT,
            started=now,
            claimed=now,
            restarted=now,  # somebody carries the archive to it first
            token_hash=token_hash(token),
            phase="",
            percent=0,
            facts=facts_of(ctx, machine),
        )
    )
    machine.convergence = "never"
    ctx.db.flush()


def abort(ctx: Ctx, machine: tables.Machine) -> None:
    """Stop what runs on the machine; a half-written disk stays as it is. Raises Conflict."""
    move(ctx, machine, "abort", reason=f"aborted by {ctx.actor.name}")
    close_work(ctx, machine, ABORTED)


def release(ctx: Ctx, machine: tables.Machine) -> None:
    """Order the wipe of the machine's disks; its promise ends with that. Raises Conflict."""
    move(ctx, machine, WIPE.starts)
    left = disk_wipe.told(disk_orders.wipe_plan(machine).left)
    if left:
        ctx.event("install.disk", f"the wipe of {machine.name} will not be whole: {left}", machine)
    start_work(ctx, machine, WIPE.name)


def close_work(ctx: Ctx, machine: tables.Machine, outcome: str) -> None:
    """End the machine's running work; its token is worth nothing from now on."""
    work = open_work(ctx, machine)
    if work:
        work.finished, work.outcome = ctx.now(), outcome
        work.admitted = None
        _end_token(work)


def _end_token(work: tables.Work) -> None:
    work.ended_hash, work.token_hash = work.token_hash or work.ended_hash, ""


def start_work(ctx: Ctx, machine: tables.Machine, kind: str, approved: str = "") -> None:
    """Open a work of `kind` and get the machine to the live image, unless it waits there already. `approved` is the
    digest of the promise that is carried out."""
    close_work(ctx, machine, ABORTED)
    run_orders.silence(ctx, machine.id)
    now = ctx.now()
    work = tables.Work(
        machine_id=machine.id,
        kind=kind,
        started=now,
        phase="",
        percent=0,
        facts=facts_of(ctx, machine),
        approved=approved,
    )
    ctx.db.add(work)
    ctx.db.flush()
    if not pulses.waits(ctx, machine):
        if machine.bmc.address:
            power_orders.order(ctx, machine, "netboot", f"the {kind} of its disks begins", work=work.id, attempt=1)
        else:
            machine.reason = "waiting for a person to power it on: no management controller is known"


def rearm(ctx: Ctx, machine: tables.Machine, work: tables.Work, why: str) -> bool:
    """Arm the next attempt, or call the work failed when none is left (False)."""
    attempts = settings.in_force(ctx, machine).number("attempts")
    if work.attempt >= attempts or not WORKS[work.kind].retryable:
        move(ctx, machine, "error", reason=f"{why}; tried {counted(work.attempt, 'time')}")
        close_work(ctx, machine, FAILED)
        return False
    work.attempt += 1
    work.admitted = work.queued = None
    _end_token(work)
    work.boot_id, work.claimed, work.percent, work.doing = "", None, 0, ""
    work.restarted = ctx.now()
    head = attempt_log.header(work.attempt, work.kind, liveness.utc_at(ctx.now()), why)
    work.log = attempt_log.begin(work.log, head)
    work.log_bytes = 0
    liveness.progress(ctx, machine, work)
    ctx.event("install.retry", f"attempt {work.attempt} of {attempts}: {why}", machine)
    return True
