"""Finding a machine and moving it through its states. Shared by use cases; holds none itself."""

from __future__ import annotations

from sqlalchemy import and_, or_, select

from oci.db import tables
from oci.domain import attempt_log, lifecycle
from oci.services import liveness, power_orders
from oci.services.context import Conflict, Ctx, NotFound
from oci.services.liveness import open_install
from oci.services.records import facts_of

MACHINE = tables.Machine


def find(ctx: Ctx, name: str) -> tables.Machine:
    """The machine called `name`: its name, id, short host name, MAC or, last, its serial.

    What a machine says of itself comes last, so that none can take another's name. Raises NotFound, Conflict.
    """
    # An id has one spelling: 0042 is a serial.
    number = int(name) if name.isascii() and name.isdigit() and len(name) < 10 and str(int(name)) == name else -1
    by_host = select(tables.Assignment.machine_id).where(tables.Assignment.hostname == name)
    by_nic = select(tables.Nic.machine_id).where(tables.Nic.mac == name.lower())
    ways = (
        or_(MACHINE.name == name, MACHINE.id == number, MACHINE.id.in_(by_host), MACHINE.id.in_(by_nic)),
        and_(MACHINE.serial == name, MACHINE.serial != ""),
    )
    for way in ways:
        found = ctx.db.scalars(select(MACHINE).where(way).limit(2)).all()
        if len(found) > 1:
            raise Conflict(f"{name!r} means more than one machine; use the id from `ocicli machine list`")
        if found:
            return found[0]
    raise NotFound(f"no machine is called {name[:80]!r}; `ocicli machine list` shows those that are known")


def move(ctx: Ctx, machine: tables.Machine, verb: str, reason: str = "") -> None:
    """Take the machine through `verb`, with the deadline of the new state. Raises Conflict."""
    before = machine.state
    try:
        machine.state = lifecycle.step(before, verb)
    except lifecycle.Refused as refused:
        raise Conflict(f"{machine.name}: {refused}") from None
    machine.state_since = ctx.now()
    liveness.set_deadline(ctx, machine, None)
    machine.reason = reason.replace("\0", "")[:500]
    text = f"{verb}: {before} -> {machine.state}" + (f", because {reason}" if reason else "")
    ctx.event("machine.state", text, machine, verb=verb, before=before, after=machine.state)


def forget_promise(ctx: Ctx, machine: tables.Machine) -> None:
    """Give the machine's role, name and addresses back. What was signed for that name is worth nothing from now on."""
    fqdn = ctx.db.scalar(select(tables.Assignment.fqdn).where(tables.Assignment.machine_id == machine.id))
    known = (
        select(tables.Challenge.id).where(tables.Challenge.machine_id == machine.id),
        select(tables.Install.id).where(tables.Install.machine_id == machine.id),
    )
    if fqdn and any(ctx.db.scalar(query.limit(1)) is not None for query in known):
        ctx.queue("clean_certificate", machine, certname=fqdn, ordered=ctx.now())
    for table in (tables.Assignment, tables.Address, tables.Challenge):
        for row in ctx.db.scalars(select(table).where(table.machine_id == machine.id)):
            ctx.db.delete(row)
    machine.name = f"machine-{machine.id}"
    ctx.db.flush()


def close_install(ctx: Ctx, machine: tables.Machine, outcome: str) -> None:
    """End the machine's running install or wipe; its token is worth nothing from now on."""
    install = open_install(ctx, machine)
    if install:
        install.finished, install.outcome = ctx.now(), outcome
        _end_token(install)


def _end_token(install: tables.Install) -> None:
    install.ended_hash, install.token_hash = install.token_hash or install.ended_hash, ""


def start_work(ctx: Ctx, machine: tables.Machine, kind: str) -> None:
    """Open an install or wipe and get the machine to the live image, unless it waits there already."""
    close_install(ctx, machine, "aborted")
    now = ctx.now()
    install = tables.Install(
        machine_id=machine.id, kind=kind, started=now, phase="", percent=0, facts=facts_of(ctx, machine)
    )
    ctx.db.add(install)
    ctx.db.flush()
    beats = liveness.WAITING_BEATS * ctx.config.heartbeat_seconds
    waiting = machine.presence == "live" and machine.seen and now - machine.seen < beats
    if not waiting:
        if machine.bmc_address:
            power_orders.order(ctx, machine, "netboot", f"the {kind} of its disks begins", install=install.id, attempt=1)
        else:
            machine.reason = "waiting for a person to power it on: no management controller is known"


def rearm(ctx: Ctx, machine: tables.Machine, install: tables.Install, why: str) -> bool:
    """Arm the next attempt, or call the work failed when none is left (False)."""
    if install.attempt >= ctx.config.attempts:
        move(ctx, machine, "error", reason=f"{why}; tried {install.attempt} times")
        close_install(ctx, machine, "failed")
        return False
    install.attempt += 1
    _end_token(install)
    install.boot_id, install.claimed, install.percent, install.doing = "", None, 0, ""
    install.restarted = ctx.now()
    head = attempt_log.header(install.attempt, install.kind, liveness.utc_at(ctx.now()), why)
    install.log = attempt_log.begin(install.log, head)
    install.log_bytes = 0
    liveness.progress(ctx, machine, install)
    ctx.event("install.retry", f"attempt {install.attempt} of {ctx.config.attempts}: {why}", machine)
    return True
