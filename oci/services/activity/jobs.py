"""Background work: leased rows, so that whoever is killed, another carries on."""

from __future__ import annotations

from dataclasses import dataclass, replace

from sqlalchemy import select

from oci.context import Ctx
from oci.db import tables
from oci.domain.activity.jobs import KINDS, back_off, is_lost
from oci.domain.machines.power import STAGES, Progress, Step, decide
from oci.domain.quantities import counted, span
from oci.ports import BmcAccess, OutsideError, PowerRefused, PowerUnseen
from oci.records.activity.job_claims import claim, claimable
from oci.records.activity.leases import GIVEN_UP, RUN, Hopeless, Later, Lost, Work, own, replace_by_newer
from oci.records.clusters.claims import protected
from oci.records.machines import power_orders
from oci.records.machines.controllers import contradiction
from oci.records.path import liveness
from oci.services.usecase import usecase


@usecase("job.take", "appliance")
def take(ctx: Ctx, owner: str, only: int | None = None) -> Work | None:
    """Lease the next job, or `only` that one, to `owner`; None when there is none that may begin.

    What a newer order replaces, and what ended its worker too often, ends here.
    """
    while (job := claim(ctx, owner, only)) is not None:
        kind = KINDS.get(job.kind)
        work = Work(job.id, owner, job.kind, job.machine_id or 0, dict(job.args))
        if kind is None or is_lost(kind, job.attempts):
            why = "its worker was lost each time it was tried" if kind else "this version does not know that kind of work"
            _give_up(ctx, job, f"{why}; order it again if it is still wanted")
        elif not replace_by_newer(ctx, job):
            return work
        ctx.db.flush()
    return None


def _give_up(ctx: Ctx, job: tables.Job, error: str) -> None:
    job.state, job.finished, job.lease_until, job.error = "failed", ctx.now(), None, error[:500]
    what = power_orders.say(job.args) if job.kind == "power" else job.kind
    ctx.event("job.failed", f"{what}: {error}", job.machine_id)
    if job.kind in GIVEN_UP:
        GIVEN_UP[job.kind](ctx, job, error)
    machine = ctx.db.get(tables.Machine, job.machine_id) if job.machine_id else None
    if machine is None:
        return
    machine.reason = error[:500]
    pulse = machine.pulse
    if job.kind == "power" and max(pulse.power_seen or 0, pulse.seen or 0) < job.created:
        pulse.power = "unknown"  # nobody could read it since the order was given


@usecase("job.finish", "appliance")
def finish(ctx: Ctx, work: Work, error: str = "", result: str = "", final: bool = False) -> None:
    """The job ended; with `error` it is tried again with back-off, given up after its last try or when `final`."""
    job = own(ctx, work)
    if job is None:
        return  # the lease ran out and somebody else has it
    # A controller's own words may hold what PostgreSQL does not keep.
    error, result = error.replace("\0", ""), result.replace("\0", "")
    job.error, job.result, job.lease_until = error[:500], result[:500], None
    if not error:
        job.state, job.finished = "done", ctx.now()
    elif job.attempts < KINDS[job.kind].attempts and not final:
        job.state, job.run_after = "queued", ctx.now() + back_off(job.attempts)
    else:
        _give_up(ctx, job, error)


@usecase("job.put-off", "appliance")
def put_off(ctx: Ctx, work: Work, seconds: float) -> None:
    """Look at the job again in `seconds`; this was no failed try."""
    job = own(ctx, work)
    if job is None:
        return
    job.state, job.run_after, job.lease_until, job.error = "queued", ctx.now() + seconds, None, ""
    job.attempts -= 1


@usecase("job.due", "appliance", reads=True)
def due(ctx: Ctx, most: int = 100) -> list[int]:
    """Up to `most` jobs that may begin now: they wait for a worker, or their worker was lost."""
    return list(ctx.db.scalars(claimable(ctx.now()).limit(most)))


@dataclass(frozen=True)
class Controller:
    """A machine's controller, how the machine boots, and how far the order for it has come."""

    access: BmcAccess
    firmware: str
    progress: Progress


@usecase("job.controller", "appliance")
def controller(ctx: Ctx, work: Work) -> Controller | None:
    """How to reach the machine's controller, with the password in clear; None when there is none. Raises Hopeless."""
    machine, job = ctx.db.get(tables.Machine, work.machine_id), own(ctx, work)
    if machine is None or job is None or not machine.bmc.address:
        return None
    bmc, doubt = machine.bmc, contradiction(ctx, machine)
    if doubt and work.verb == "ensure":
        return None  # it is asked for every few seconds, and the order before it has said why
    if doubt and work.verb != "status":
        raise Hopeless(f"{machine.name} was not switched", doubt, "Correct the controller of one of the two")
    access = BmcAccess(bmc.address, bmc.username, ctx.outside.sealer.open(bmc.password), bmc.port)
    place = f"{access.address}:{access.port}"
    progress = power_orders.start(ctx, job, place) if work.verb in STAGES else Progress(bmc=place)
    return Controller(access, machine.firmware, progress)


@usecase("job.progress", "appliance")
def note_progress(ctx: Ctx, work: Work, progress: Progress, kind: str = "", text: str = "") -> bool:
    """Keep how far the work has come, with an event, and renew the lease. False: the work is somebody else's now.

    What is going to be told ('power.told') is kept only if it may still be told.
    """
    job = own(ctx, work)
    if job is None:
        return False
    if kind != "power.told":
        job.progress = progress.to_dict()
    if replace_by_newer(ctx, job):
        return False
    job.progress = progress.to_dict()
    job.lease_until = ctx.now() + KINDS[job.kind].seconds
    if kind:
        ctx.event(kind, text, work.machine_id, job=work.job_id)
    return True


@usecase("machine.saw-power", "appliance")
def saw_power(ctx: Ctx, machine_id: int, state: str, after: str = "") -> None:
    """Record what the controller shows; an event when it changed, or `after` an order was carried out."""
    machine = ctx.db.get(tables.Machine, machine_id)
    if machine is None:
        return
    if after or machine.pulse.power != state:
        ctx.event("machine.power", f"power is {state}" + (f" after {after}" if after else ""), machine)
    machine.pulse.power, machine.pulse.power_seen = state, ctx.now()
    if state == "off":
        machine.pulse.presence = "nothing"
    elif after and machine.pulse.presence != "live":
        machine.pulse.presence = "unknown"


def _keep(ctx: Ctx, work: Work, progress: Progress, kind: str = "", text: str = "") -> None:
    if not note_progress(ctx, work, progress, kind, text):
        raise Lost


def _name_device(ctx: Ctx, work: Work, found: Controller, progress: Progress) -> None:
    """Let the machine boot from the network. A controller that refuses leaves it to the machine's own order."""
    try:
        ctx.outside.power.boot_device(found.access, "pxe", found.firmware)
    except PowerRefused as refused:
        _keep(
            ctx,
            work,
            progress,
            "power.refused",
            f"{refused.what}: {refused.why}. The machine is started all the "
            "same, and boots from the network if its own boot order says so",
        )


def _give(ctx: Ctx, work: Work, found: Controller, step: Step) -> Progress | Later:
    """Tell the controller. What is going to be told is written down before, what it said after."""
    progress, words = step.progress, f"{found.access.address} is told to switch {step.wanted}"
    if work.verb == "netboot" and step.wanted == "on":
        _name_device(ctx, work, found, replace(progress, ordered=""))
    _keep(ctx, work, progress, "power.told", f"{words} ({power_orders.say(work.args)})")
    try:
        {"on": ctx.outside.power.on, "off": ctx.outside.power.off}[step.wanted](found.access)
    except PowerUnseen:
        _keep(ctx, work, replace(progress, sure=True))
        return Later()
    except PowerRefused:
        _keep(ctx, work, replace(progress, ordered="", times=progress.times - 1))
        raise
    return replace(progress, sure=True)


@usecase("job.spared", "appliance")
def spared(ctx: Ctx, work: Work) -> str:
    """Why the power stays as it is, because what it was to be switched for is no longer so; empty when it is switched."""
    machine = ctx.db.get(tables.Machine, work.machine_id)
    why = liveness.spared(ctx, machine, work.args) if machine else ""
    if why:
        ctx.event("power.spared", f"{work.verb} was not carried out: {why}", work.machine_id)
    return why


@usecase("certificate.renewed", "appliance", reads=True)
def renewed(ctx: Ctx, certname: str, since: float) -> bool:
    """Whether the certificate of `certname` was cleaned and asked for anew after `since`."""
    return (
        ctx.db.scalar(
            select(tables.Challenge.id)
            .where(tables.Challenge.certname == certname, tables.Challenge.issued >= since)
            .limit(1)
        )
        is not None
    )


def power(ctx: Ctx, work: Work) -> str | Later:
    """Switch or read the power of a machine. Verbs: status, and those of STAGES."""
    found = controller(ctx, work)
    if found is None:
        return "the machine has no management controller that may be used"
    progress, port = found.progress, ctx.outside.power
    while True:
        shown = port.status(found.access)
        if work.verb not in STAGES:
            saw_power(ctx, work.machine_id, shown)
            return f"power is {shown}"
        step = decide(work.verb, progress, shown, ctx.now(), ctx.config.bmc_settle_seconds)
        after = power_orders.say(work.args) if step.do == "done" and (work.verb != "ensure" or progress.ordered) else ""
        saw_power(ctx, work.machine_id, shown, after)
        if step.do == "done":
            _keep(ctx, work, step.progress)
            return f"power is {shown}"
        if step.do == "wait":
            _keep(ctx, work, step.progress)
            return Later()
        if step.do == "give up":
            seconds = ctx.now() - progress.at
            raise Hopeless(
                f"{found.access.address} did not switch {progress.ordered}",
                f"it took the order {counted(progress.times, 'time')}, and still shows {shown} after {span(int(seconds))}",
                "Look at the machine's own event log, restart the controller, or switch the machine by hand",
            )
        # Asked after the controller was read, which may take its time; what was begun is not left half done.
        untouched = not (progress.ordered or progress.stage)
        if untouched and (why := spared(ctx, work)):
            return f"left alone: {why}"
        given = _give(ctx, work, found, step)
        if isinstance(given, Later):
            return given
        progress = given


@usecase("certificate.may-clean", "appliance")
def may_clean(ctx: Ctx, certname: str, machine_id: int) -> bool:
    """Whether `certname` is a machine's; that of the Puppet server or the appliance is never cleaned, and told."""
    holder = protected(ctx, certname)
    if holder:
        ctx.event(
            "puppet.refused", f"{certname} is the name of {holder}; its certificate is not cleaned", machine_id or None
        )
    return not holder


def clean_certificate(ctx: Ctx, work: Work) -> str:
    """Revoke the certificate of a machine that is no longer what it was, but never the one that its name got since."""
    certname = str(work.args["certname"])
    if not may_clean(ctx, certname, work.machine_id or 0):
        return "it is not a machine's"
    if "ordered" in work.args and renewed(ctx, certname, float(work.args["ordered"])):
        return "its name has a newer one since"
    ctx.outside.puppet_ca.clean(certname)
    return ""


RUN |= {"power": power, "clean_certificate": clean_certificate}


def run(ctx: Ctx, job_id: int, owner: str) -> bool:
    """Take and do that job; False when it may not begin now. Never raises for what happens outside."""
    return _do(ctx, take(ctx, owner, job_id))


def run_next(ctx: Ctx, owner: str) -> bool:
    """Take and do the job that waits longest; False when none may begin. Never raises for what happens outside."""
    return _do(ctx, take(ctx, owner))


def _do(ctx: Ctx, work: Work | None) -> bool:
    if work is None:
        return False
    try:
        ended = RUN[work.kind](ctx, work)
    except Lost:
        return True
    except OutsideError as problem:
        finish(ctx, work, str(problem), final=isinstance(problem, Hopeless))
    except Exception as problem:  # a defect: named, kept, and no reason to stop the worker
        finish(ctx, work, f"{type(problem).__name__} in {work.kind}")
        raise
    else:
        put_off(ctx, work, ended.seconds) if isinstance(ended, Later) else finish(ctx, work, result=ended)
    return True
