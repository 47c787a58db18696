"""Installs and wipes: ordered, armed again, ended. Shared by use cases; holds none itself."""

from __future__ import annotations

from oci.context import Ctx
from oci.db import tables
from oci.domain.hardware.disks import disk_wipe
from oci.domain.machines import lifecycle
from oci.domain.path import attempt_log
from oci.domain.path.works import ABORTED, FAILED, INSTALL, WIPE, WORKS
from oci.domain.promise.layouts import CannotLayOut
from oci.domain.quantities import counted
from oci.problems import Conflict
from oci.records.clusters import claims, settings
from oci.records.machines import disk_orders, power_orders, promises
from oci.records.machines.identities import facts_of
from oci.records.machines.moves import move
from oci.records.path import liveness, pulses
from oci.records.path.liveness import open_install


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
    start_work(ctx, machine, INSTALL.name, approved)


def abort(ctx: Ctx, machine: tables.Machine) -> None:
    """Stop what runs on the machine; a half-written disk stays as it is. Raises Conflict."""
    move(ctx, machine, "abort", reason=f"aborted by {ctx.actor.name}")
    close_install(ctx, machine, ABORTED)


def release(ctx: Ctx, machine: tables.Machine) -> None:
    """Order the wipe of the machine's disks; its promise ends with that. Raises Conflict."""
    move(ctx, machine, WIPE.starts)
    left = disk_wipe.told(disk_orders.wipe_plan(machine).left)
    if left:
        ctx.event("install.disk", f"the wipe of {machine.name} will not be whole: {left}", machine)
    start_work(ctx, machine, WIPE.name)


def close_install(ctx: Ctx, machine: tables.Machine, outcome: str) -> None:
    """End the machine's running install or wipe; its token is worth nothing from now on."""
    install = open_install(ctx, machine)
    if install:
        install.finished, install.outcome = ctx.now(), outcome
        install.admitted = None
        _end_token(install)


def _end_token(install: tables.Install) -> None:
    install.ended_hash, install.token_hash = install.token_hash or install.ended_hash, ""


def start_work(ctx: Ctx, machine: tables.Machine, kind: str, approved: str = "") -> None:
    """Open an install or wipe and get the machine to the live image, unless it waits there already. `approved` is the
    digest of the promise that is carried out."""
    close_install(ctx, machine, ABORTED)
    now = ctx.now()
    install = tables.Install(
        machine_id=machine.id,
        kind=kind,
        started=now,
        phase="",
        percent=0,
        facts=facts_of(ctx, machine),
        approved=approved,
    )
    ctx.db.add(install)
    ctx.db.flush()
    if not pulses.waits(ctx, machine):
        if machine.bmc.address:
            power_orders.order(ctx, machine, "netboot", f"the {kind} of its disks begins", install=install.id, attempt=1)
        else:
            machine.reason = "waiting for a person to power it on: no management controller is known"


def rearm(ctx: Ctx, machine: tables.Machine, install: tables.Install, why: str) -> bool:
    """Arm the next attempt, or call the work failed when none is left (False)."""
    attempts = settings.in_force(ctx, machine).number("attempts")
    if install.attempt >= attempts or not WORKS[install.kind].retryable:
        move(ctx, machine, "error", reason=f"{why}; tried {counted(install.attempt, 'time')}")
        close_install(ctx, machine, FAILED)
        return False
    install.attempt += 1
    install.admitted = install.queued = None
    _end_token(install)
    install.boot_id, install.claimed, install.percent, install.doing = "", None, 0, ""
    install.restarted = ctx.now()
    head = attempt_log.header(install.attempt, install.kind, liveness.utc_at(ctx.now()), why)
    install.log = attempt_log.begin(install.log, head)
    install.log_bytes = 0
    liveness.progress(ctx, machine, install)
    ctx.event("install.retry", f"attempt {install.attempt} of {attempts}: {why}", machine)
    return True
