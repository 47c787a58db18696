"""The periodic tick: looks at what is and what should be, and queues what is missing. Level-triggered."""

from __future__ import annotations

from functools import lru_cache

from sqlalchemy import delete, select

from oci.db import tables
from oci.domain.health import Check
from oci.domain.lifecycle import STATES
from oci.domain.patience import words
from oci.ports import OutsideError
from oci.render.dnsmasq import BadDhcpValue, DhcpSettings, render
from oci.services import clock_turns, liveness, names, power_orders
from oci.services.boot_session import prune
from oci.services.context import Ctx, usecase
from oci.services.liveness import open_install
from oci.services.moves import close_install, move, rearm

TRANSIENT = [name for name, state in STATES.items() if state.transient]
POWER_CHECK_SECONDS = 20
STALE_LIVE_BEATS = 12
STALE_PUPPET_SECONDS = 7200
JOBS_KEPT_SECONDS = 7 * 86400
# A DHCP server that is being started listens a moment later; that is nothing to tell.
DHCP_GRACE_SECONDS = 15


def _overdue(ctx: Ctx, machine: tables.Machine, install: tables.Install | None) -> bool:
    if machine.deadline is None or ctx.now() <= machine.deadline:
        return False
    where = liveness.doing(install) if install else "no work was running"
    still = words(ctx.now() - max(machine.state_since, (install.moved or 0) if install else 0))
    why = (
        f"{machine.state} took longer than its deadline ({words(ctx.now() - machine.state_since)} in all, "
        f"{still} without progress; {where})"
    )
    if machine.reason:
        why += f"; before that: {machine.reason}"
    move(ctx, machine, "overdue", reason=why)
    close_install(ctx, machine, "failed")
    return True


def _power_job_waits(ctx: Ctx, machine: tables.Machine) -> bool:
    return (
        ctx.db.scalar(
            select(tables.Job.id)
            .where(
                tables.Job.machine_id == machine.id, tables.Job.kind == "power", tables.Job.state.in_(("queued", "running"))
            )
            .limit(1)
        )
        is not None
    )


def _silent(ctx: Ctx, machine: tables.Machine, install: tables.Install) -> None:
    """A busy machine that was not heard of for too long is started anew, from the power button on.

    An attempt that was working is not given up yet: if the machine only could not be reached, it goes on. It is given up
    by the machine's next boot, or when nothing at all comes of the restart.
    """
    quiet, spoke = liveness.quiet_since(machine, install), liveness.last_word(machine, install)
    if ctx.now() - quiet <= liveness.allowed_silence(ctx, machine, install):
        return
    why = f"silent for {int(ctx.now() - quiet)} s in phase {install.phase or 'none'}"
    ctx.event("machine.silent", why, machine)
    working = install.claimed is not None and install.restarted is None
    if machine.state != "configuring" and not working and not rearm(ctx, machine, install, why):
        return
    install.restarted = ctx.now()
    if machine.bmc_address:
        power_orders.order(
            ctx,
            machine,
            "cycle" if machine.state == "configuring" else "netboot",
            why,
            install=install.id,
            attempt=install.attempt,
            silent_since=spoke,
        )
    else:
        machine.reason = f"{why}; no management controller is known, so somebody must power it off and on"


def _busy(ctx: Ctx, machine: tables.Machine) -> None:
    install = open_install(ctx, machine)
    if _overdue(ctx, machine, install) or install is None:
        return
    _silent(ctx, machine, install)
    waits = machine.bmc_address and not _power_job_waits(ctx, machine)
    heard = liveness.last_word(machine, install) or install.started
    if waits and ctx.now() - max(heard, machine.power_seen or 0) > POWER_CHECK_SECONDS:
        ctx.queue("power", machine, verb="ensure", why=f"at work, and not heard of for {int(ctx.now() - heard)} s")


def _presence(ctx: Ctx) -> None:
    """What was not heard of lately is no longer called present."""
    beats = ctx.now() - STALE_LIVE_BEATS * ctx.config.heartbeat_seconds
    for machine in ctx.db.scalars(
        select(tables.Machine)
        .where(tables.Machine.presence == "live", tables.Machine.seen < beats, tables.Machine.state.not_in(TRANSIENT))
        .limit(200)
    ):
        machine.presence = "unknown"
    stale = ctx.now() - STALE_PUPPET_SECONDS
    for machine in ctx.db.scalars(
        select(tables.Machine)
        .where(tables.Machine.convergence.in_(("ok", "changed")), tables.Machine.converged_at < stale)
        .limit(200)
    ):
        machine.convergence = "stale"


def _begin_anew(ctx: Ctx) -> int:
    busy = ctx.db.scalars(select(tables.Machine).where(tables.Machine.state.in_(TRANSIENT))).all()
    for machine in busy:
        install = open_install(ctx, machine)
        clock_turns.no_later(machine, ctx.now())
        if install is not None:
            clock_turns.no_later(install, ctx.now())
            install.restarted = ctx.now()
            liveness.progress(ctx, machine, install)
    clock_turns.jobs_no_later(ctx)
    return len(busy)


@usecase("appliance")
def woke(ctx: Ctx) -> int:
    """The appliance begins to listen, or its clock was set. Until now nobody could be heard and no progress be told, so
    neither counts; returns how many machines are busy."""
    return _begin_anew(ctx)


@usecase("appliance")
def machines(ctx: Ctx) -> int:
    """One pass over the machines that must not wait for ever; returns how many are busy."""
    if clock_turns.went_back(ctx, "worker"):
        _begin_anew(ctx)
    busy = ctx.db.scalars(select(tables.Machine).where(tables.Machine.state.in_(TRANSIENT))).all()
    for machine in busy:
        _busy(ctx, machine)
    _presence(ctx)
    prune(ctx)
    ctx.db.merge(
        tables.Watch(
            name="worker",
            state="ok",
            what="it does its rounds",
            why="",
            instead="",
            since=ctx.now(),
            seen=ctx.now(),
            told=True,
        )
    )
    ctx.db.execute(delete(tables.Job).where(tables.Job.finished < ctx.now() - JOBS_KEPT_SECONDS))
    ctx.db.execute(delete(tables.SignIn).where(tables.SignIn.at < ctx.now() - 3600))
    return len(busy)


def dhcp_settings(ctx: Ctx, records: names.Records = names.NOBODY) -> DhcpSettings:
    """The DHCP server's settings, as the configuration says, and the `records` that it answers by DNS."""
    c = ctx.config
    return DhcpSettings(
        interface=c.dhcp_interface,
        server_address=c.server_address,
        mode=c.dhcp_mode,
        range_start=c.dhcp_first,
        range_end=c.dhcp_last,
        netmask=c.dhcp_netmask,
        gateway=c.dhcp_gateway,
        dns=names.dns_servers(ctx),
        serve_dns=c.dns_serve,
        local_domains=records.domains,
        records=records.hosts,
        http_url=c.http_url,
        ra_prefix=c.dhcp_ra_prefix,
        lease_file=str(c.path("state_dir", "dnsmasq.leases")),
        pid_file=str(c.path("run_dir", "dnsmasq.pid")),
    )


# A tick in which nothing changed writes no ten thousand lines to throw them away.
_rendered = lru_cache(maxsize=1)(render)


@usecase("appliance", reads=True)
def _records(ctx: Ctx) -> names.Records:
    return names.records(ctx)


def _dhcp_trouble(ctx: Ctx) -> tuple[bool, Check]:
    """Whether the configuration changed, and what is to be said of DHCP now."""
    changed = False
    try:
        records = _records(ctx) if ctx.config.dns_serve else names.NOBODY
        changed = ctx.outside.dhcp.apply(_rendered(dhcp_settings(ctx, records)))
        ctx.outside.dhcp.check(ctx.config.dhcp_interface, ctx.config.server_address)
    except BadDhcpValue as wrong:
        return changed, Check(
            "dhcp",
            "bad",
            "the DHCP configuration could not be made, so the one before stays in force",
            str(wrong),
            "Correct the setting, then run `oci-admin apply`",
        )
    except OutsideError as trouble:
        return changed, Check("dhcp", "bad", trouble.what, trouble.why, trouble.instead)
    return changed, Check("dhcp", "ok", f"machines at {ctx.config.dhcp_interface} are served")


def dhcp(ctx: Ctx) -> str:
    """Render the DHCP configuration, take it into use when it changed, and see by effect that machines are served.

    Never raises for what is wrong there: it is remembered, and told by one event. Returns what was told now, or ''.
    """
    if ctx.config.dhcp_config == "off":
        return ""
    changed, found = _dhcp_trouble(ctx)
    return _dhcp_seen(ctx, changed, found)


@usecase("appliance")
def _dhcp_seen(ctx: Ctx, changed: bool, found: Check) -> str:
    row = ctx.db.get(tables.Watch, "dhcp") or tables.Watch(name="dhcp", state="", what="", why="", since=ctx.now())
    if changed or (row.state, row.what, row.why) != (found.state, found.what[:500], found.why[:500]):
        row.told, row.since = False, ctx.now()
    row.state, row.seen = found.state, ctx.now()
    row.what, row.why, row.instead = found.what[:500], found.why[:500], found.instead[:500]
    ctx.db.add(row)
    if row.told or (found.state == "bad" and ctx.now() - row.since < DHCP_GRACE_SECONDS):
        return ""
    row.told = True
    if found.state == "bad":
        text = f"{found.what}: {found.why}. {found.instead}"
        ctx.event("dhcp.refused", text)
        return text
    ctx.event("dhcp.applied", "the DHCP configuration was taken into use, and machines are served")
    return "the DHCP configuration was taken into use"
