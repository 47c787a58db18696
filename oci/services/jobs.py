"""Background work: leased rows, so that whoever is killed, another carries on."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sqlalchemy import or_, select

from oci.db import tables
from oci.ports import BmcAccess, OutsideError
from oci.services import liveness
from oci.services.context import Ctx, usecase

LEASE_SECONDS = 120
ATTEMPTS = 5
KEPT_SECONDS = 7 * 86400


@usecase("appliance")
def take(ctx: Ctx, job_id: int, owner: str) -> dict[str, Any] | None:
    """Lease the job to `owner`; None when it is not due, taken, or done."""
    job = ctx.db.get(tables.Job, job_id)
    now = ctx.now()
    if job is None or job.state not in ("queued", "running") or job.run_after > now:
        return None
    if job.state == "running" and (job.lease_until or 0) > now:
        return None
    job.state, job.lease_owner, job.lease_until = "running", owner, now + LEASE_SECONDS
    job.attempts += 1
    return {"kind": job.kind, "machine_id": job.machine_id, "args": dict(job.args), "attempts": job.attempts}


@usecase("appliance")
def finish(ctx: Ctx, job_id: int, owner: str, error: str = "") -> None:
    """The job ended; with `error` it is tried again with back-off, and given up after ATTEMPTS."""
    job = ctx.db.get(tables.Job, job_id)
    if job is None or job.lease_owner != owner or job.state != "running":
        return  # the lease ran out and somebody else has it
    now = ctx.now()
    job.error, job.lease_until = error[:500], None
    if not error:
        job.state, job.finished = "done", now
    elif job.attempts < ATTEMPTS:
        job.state, job.run_after = "queued", now + 5 * 2 ** (job.attempts - 1)
    else:
        job.state, job.finished = "failed", now
        ctx.event("job.failed", f"{job.kind}: {error}", job.machine_id)
        machine = ctx.db.get(tables.Machine, job.machine_id) if job.machine_id else None
        if machine:
            machine.reason = error[:500]


@usecase("appliance", reads=True)
def due(ctx: Ctx) -> list[int]:
    """Jobs that wait for a worker, or whose worker was lost."""
    now = ctx.now()
    return list(ctx.db.scalars(select(tables.Job.id).where(
        or_((tables.Job.state == "queued") & (tables.Job.run_after <= now),
            (tables.Job.state == "running") & (tables.Job.lease_until <= now))).order_by(tables.Job.id).limit(100)))


@usecase("appliance", reads=True)
def bmc_access(ctx: Ctx, machine_id: int) -> BmcAccess | None:
    """How to reach the machine's controller, with the password in clear; None when there is none."""
    machine = ctx.db.get(tables.Machine, machine_id)
    if machine is None or not machine.bmc_address:
        return None
    return BmcAccess(machine.bmc_address, machine.bmc_username, ctx.outside.sealer.open(machine.bmc_password),
                     machine.bmc_port)


@usecase("appliance")
def saw_power(ctx: Ctx, machine_id: int, state: str, verb: str = "") -> None:
    """Record what the controller says; an event when it changed or was switched."""
    machine = ctx.db.get(tables.Machine, machine_id)
    if machine is None:
        return
    if verb or machine.power != state:
        ctx.event("machine.power", f"power is {state}" + (f" after {verb}" if verb else ""), machine)
    machine.power, machine.power_seen = state, ctx.now()
    if state == "off":
        machine.presence = "nothing"
    elif verb and machine.presence != "live":
        machine.presence = "unknown"


@usecase("appliance")
def spared(ctx: Ctx, machine_id: int, args: dict[str, Any]) -> bool:
    """Whether the power stays as it is, because what it was to be switched for is no longer so."""
    machine = ctx.db.get(tables.Machine, machine_id)
    why = liveness.spared(ctx, machine, args) if machine else ""
    if why:
        ctx.event("power.spared", f"{args.get('verb')} was not carried out: {why}", machine_id)
    return bool(why)


@usecase("appliance", reads=True)
def renewed(ctx: Ctx, certname: str, since: float) -> bool:
    """Whether the certificate of `certname` was cleaned and asked for anew after `since`."""
    return ctx.db.scalar(select(tables.Challenge.id).where(
        tables.Challenge.certname == certname, tables.Challenge.issued >= since).limit(1)) is not None


def power(ctx: Ctx, machine_id: int, args: dict[str, Any]) -> None:
    """Switch or read the power of a machine. Verbs: status, on, off, cycle, netboot, ensure."""
    bmc = bmc_access(ctx, machine_id)
    if bmc is None or spared(ctx, machine_id, args):
        return
    port, verb = ctx.outside.power, str(args.get("verb", "status"))
    if verb == "netboot":
        port.boot_device(bmc, "pxe")
        state = port.status(bmc)
        if state == "on" and spared(ctx, machine_id, args):  # the controller may have taken its time
            return
        port.cycle(bmc) if state == "on" else port.on(bmc)
        saw_power(ctx, machine_id, "on", "network boot")
    elif verb == "ensure":  # a machine at work that lost its power gets it back; a running one is left alone
        if port.status(bmc) == "off":
            port.on(bmc)
            saw_power(ctx, machine_id, "on", "it was found off while it should work")
        else:
            saw_power(ctx, machine_id, "on")
    elif verb in ("on", "off", "cycle"):
        {"on": port.on, "off": port.off, "cycle": port.cycle}[verb](bmc)
        saw_power(ctx, machine_id, "off" if verb == "off" else "on", verb)
    else:
        saw_power(ctx, machine_id, port.status(bmc))


def clean_certificate(ctx: Ctx, _machine_id: int, args: dict[str, Any]) -> None:
    """Revoke the certificate of a machine that is no longer what it was, but never the one that its name got since."""
    if "ordered" in args and renewed(ctx, str(args["certname"]), float(args["ordered"])):
        return
    ctx.outside.puppet_ca.clean(str(args["certname"]))


KINDS: dict[str, Callable[[Ctx, int, dict[str, Any]], None]] = {
    "power": power,
    "clean_certificate": clean_certificate,
}


def run(ctx: Ctx, job_id: int, owner: str) -> bool:
    """Take and do one job; False when somebody else has it. Never raises for what happens outside."""
    job = take(ctx, job_id, owner)
    if job is None:
        return False
    error = ""
    try:
        KINDS[job["kind"]](ctx, job["machine_id"] or 0, job["args"])
    except OutsideError as problem:
        error = str(problem)
    except Exception as problem:  # a defect: named, kept, and no reason to stop the worker
        error = f"{type(problem).__name__} in {job['kind']}"
        finish(ctx, job_id, owner, error)
        raise
    finish(ctx, job_id, owner, error)
    return True
