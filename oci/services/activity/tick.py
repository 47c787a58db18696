"""The periodic tick: looks at what is and what should be, and queues what is missing. Level-triggered.

One SELECT says which machines need a look, and each of them has a transaction of its own: nobody waits for long behind
the tick, and a row that cannot be worked with stops nobody else.
"""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Callable
from functools import lru_cache
from typing import Any

from sqlalchemy import ColumnElement, and_, case, delete, func, or_, select, update
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import joinedload

from oci.context import Ctx
from oci.db import tables
from oci.domain.activity.health import Check
from oci.domain.machines.lifecycle import CONFIGURING, TRANSIENT
from oci.domain.path.pulse import kept_seconds
from oci.domain.path.works import ADOPT, FAILED
from oci.domain.quantities import span
from oci.ports import OutsideError
from oci.problems import Problem
from oci.records.clusters import dhcp as dhcp_networks
from oci.records.clusters import names, settings
from oci.records.machines import power_orders
from oci.records.machines.moves import move
from oci.records.machines.works import close_work, rearm
from oci.records.path import clock_turns, liveness, pulses
from oci.records.path.boot_session import old_boots
from oci.records.path.liveness import open_work
from oci.render.appliance.dnsmasq import BadDhcpValue, DhcpNetwork, DhcpSettings, render
from oci.services.usecase import usecase

log = logging.getLogger("oci.tick")
POWER_CHECK_SECONDS = 20
STALE_LIVE_BEATS = 12
STALE_PUPPET_SECONDS = 7200
JOBS_KEPT_SECONDS = 7 * 86400
SIGN_INS_KEPT_SECONDS = 3600
# Rows that one transaction forgets.
AT_ONCE = 200
# The health page calls the worker lost after a minute without.
ROUND_KEPT_SECONDS = 20
DHCP_KEPT_SECONDS = 60
# A DHCP server that is being started listens a moment later; that is nothing to tell.
DHCP_GRACE_SECONDS = 15
_WHOLE = (joinedload(tables.Machine.pulse), joinedload(tables.Machine.bmc))


def _overdue(ctx: Ctx, machine: tables.Machine, work: tables.Work | None) -> bool:
    if machine.deadline is None or ctx.now() <= machine.deadline:
        return False
    where = liveness.doing(work) if work else "no work was running"
    still = span(ctx.now() - max(machine.state_since, (work.moved or 0) if work else 0))
    why = (
        f"{machine.state} took longer than its deadline ({span(ctx.now() - machine.state_since)} in all, "
        f"{still} without progress; {where})"
    )
    if machine.reason:
        why += f"; before that: {machine.reason}"
    move(ctx, machine, "overdue", reason=why)
    close_work(ctx, machine, FAILED)
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


def _silent(ctx: Ctx, machine: tables.Machine, work: tables.Work) -> None:
    """A busy machine that was not heard of for too long is started anew, from the power button on.

    An attempt that was working is not given up yet: if the machine only could not be reached, it goes on. It is given up
    by the machine's next boot, or when nothing at all comes of the restart.
    """
    quiet, spoke = liveness.quiet_since(machine, work), liveness.last_word(machine, work)
    if ctx.now() - quiet <= liveness.allowed_silence(ctx, machine, work):
        return
    why = f"silent for {span(int(ctx.now() - quiet))} in phase {work.phase or 'none'}"
    ctx.event("machine.silent", why, machine)
    working = work.claimed is not None and work.restarted is None
    if machine.state != CONFIGURING and not working and not rearm(ctx, machine, work, why):
        return
    work.restarted = ctx.now()
    if work.kind == ADOPT:
        machine.reason = f"{why}; unpack the archive of `ocicli machine adopt` on it, and start oci-firstboot there"
    elif machine.bmc.address:
        power_orders.order(
            ctx,
            machine,
            "cycle" if machine.state == CONFIGURING else "netboot",
            why,
            work=work.id,
            attempt=work.attempt,
            silent_since=spoke,
        )
    else:
        machine.reason = f"{why}; no management controller is known, so somebody must power it off and on"


def _busy(ctx: Ctx, machine: tables.Machine) -> None:
    work = open_work(ctx, machine)
    if _overdue(ctx, machine, work) or work is None:
        return
    _silent(ctx, machine, work)
    waits = machine.bmc.address and work.kind != ADOPT and not _power_job_waits(ctx, machine)
    heard = liveness.last_word(machine, work) or work.started
    quiet = POWER_CHECK_SECONDS + pulses.unwritten(ctx, machine)
    if waits and ctx.now() - max(heard, machine.pulse.power_seen or 0) > quiet:
        ctx.queue("power", machine, verb="ensure", why=f"at work, and not heard of for {span(int(ctx.now() - heard))}")


def _earlier(moment: float, *columns: Any) -> ColumnElement[bool]:
    return and_(*(func.coalesce(column, 0.0) < moment for column in columns))


@usecase("tick.suspects", "appliance", reads=True)
def suspects(ctx: Ctx) -> list[int]:
    """The machines at work that need a look: overdue, silent for too long, or not heard of for a while.

    One SELECT over the machines at work, which locks nothing. It may name too many: `look` decides. So each is measured by
    the least silence that any machine is allowed.
    """
    machine, pulse, bmc, work, now = tables.Machine, tables.Pulse, tables.Bmc, tables.Work, ctx.now()
    least = settings.shortest(ctx)
    starts = or_(work.claimed.is_(None), work.restarted.is_not(None))
    words = (work.seen, pulse.seen, work.restarted, work.started)
    silent = or_(
        and_(starts, _earlier(now - least["first_sign_seconds"], *words)),
        and_(~starts, machine.state == CONFIGURING, _earlier(now - least["firstboot_silence_seconds"], *words)),
        and_(~starts, machine.state != CONFIGURING, _earlier(now - least["silence_seconds"], *words)),
    )
    # What waits is written down now and then only; see oci.domain.path.pulse.
    longest = kept_seconds(ctx.config.pulse_seconds, min(least.values()))
    kept = case((pulse.beat > 0, pulse.beat + longest), else_=0.0)
    dark = and_(
        bmc.address != "",
        _earlier(now - POWER_CHECK_SECONDS, work.seen, pulse.power_seen),
        func.coalesce(pulse.seen, 0.0) + kept < now - POWER_CHECK_SECONDS,
    )
    query = (
        select(machine.id)
        .join(pulse, pulse.machine_id == machine.id)
        .join(bmc, bmc.machine_id == machine.id)
        .outerjoin(work, and_(work.machine_id == machine.id, work.finished.is_(None)))
        .where(machine.state.in_(TRANSIENT), or_(machine.deadline < now, silent, dark))
    )
    return list(ctx.db.scalars(query.order_by(machine.id).distinct()))


@usecase("tick.look", "appliance")
def look(ctx: Ctx, machine_id: int) -> None:
    """Do for one machine at work what its silence or its deadline asks for."""
    machine = ctx.db.get(tables.Machine, machine_id, options=_WHOLE)
    if machine is not None and machine.state in TRANSIENT:
        _busy(ctx, machine)


@usecase("tick.at-work", "appliance", reads=True)
def _at_work(ctx: Ctx) -> list[int]:
    return list(ctx.db.scalars(select(tables.Machine.id).where(tables.Machine.state.in_(TRANSIENT))))


@usecase("tick.begin-anew", "appliance")
def _begin_anew(ctx: Ctx, machine_id: int) -> None:
    machine = ctx.db.get(tables.Machine, machine_id)
    if machine is None or machine.state not in TRANSIENT:
        return
    work = open_work(ctx, machine)
    clock_turns.no_later(machine, ctx.now())
    clock_turns.no_later(machine.pulse, ctx.now())
    if work is not None:
        clock_turns.no_later(work, ctx.now())
        work.restarted = ctx.now()
        liveness.progress(ctx, machine, work)


@usecase("tick.jobs-no-later", "appliance")
def _jobs_no_later(ctx: Ctx) -> None:
    clock_turns.jobs_no_later(ctx)


def woke(ctx: Ctx) -> int:
    """The appliance begins to listen, or its clock was set. Until now nobody could be heard and no progress be told, so
    neither counts; returns how many machines are busy."""
    ids = _at_work(ctx)
    for machine_id in ids:
        _alone(ctx, machine_id, _begin_anew)
    _jobs_no_later(ctx)
    return len(ids)


@usecase("tick.tell", "appliance")
def _tell(ctx: Ctx, machine_id: int, text: str) -> None:
    ctx.event("machine.stuck", text, machine_id)


def _alone(ctx: Ctx, machine_id: int, act: Callable[[Ctx, int], None]) -> None:
    """Let `act` look at one machine. What goes wrong there is told once, and keeps no other from being looked at."""
    stuck, trouble = ctx.outside.stuck, ""
    try:
        act(ctx, machine_id)
    except Exception as error:
        trouble = f"the round could not look at it: {type(error).__name__} in {act.__name__.strip('_')}"
        if stuck.get(machine_id) != trouble:
            log.exception("machine %s: %s; it is tried again in each round, and told once", machine_id, trouble)
    if stuck.get(machine_id, "") == trouble:
        return
    stuck[machine_id] = trouble
    if not trouble:
        del stuck[machine_id]
    with contextlib.suppress(Problem, SQLAlchemyError):
        _tell(ctx, machine_id, f"{trouble}; see the appliance's journal" if trouble else "the round looks at it again")


@usecase("tick.stale", "appliance", reads=True)
def _stale(ctx: Ctx) -> tuple[list[int], list[int]]:
    """Machines that are no longer heard of, and machines whose Puppet is."""
    row, shortest = tables.Pulse, STALE_LIVE_BEATS * ctx.config.heartbeat_seconds
    latest = ctx.now() - ctx.config.pulse_seconds - shortest
    gone = (
        select(row.machine_id)
        .join(tables.Machine, tables.Machine.id == row.machine_id)
        .where(row.presence == "live", row.seen < latest, tables.Machine.state.not_in(TRANSIENT))
        .where(row.seen < latest + shortest - STALE_LIVE_BEATS * row.beat)
        .limit(AT_ONCE)
    )
    puppet = (
        select(tables.Machine.id)
        .where(tables.Machine.convergence.in_(("ok", "changed")))
        .where(tables.Machine.converged_at < ctx.now() - STALE_PUPPET_SECONDS)
        .limit(AT_ONCE)
    )
    return list(ctx.db.scalars(gone)), list(ctx.db.scalars(puppet))


@usecase("tick.forget-presence", "appliance")
def _forget_presence(ctx: Ctx, gone: list[int], puppet: list[int]) -> None:
    """What was not heard of lately is no longer called present."""
    row, latest = tables.Pulse, ctx.now() - ctx.config.pulse_seconds - STALE_LIVE_BEATS * ctx.config.heartbeat_seconds
    ctx.db.execute(
        update(row).where(row.machine_id.in_(gone), row.presence == "live", row.seen < latest).values(presence="unknown")
    )
    for machine in ctx.db.scalars(select(tables.Machine).where(tables.Machine.id.in_(puppet))):
        machine.convergence = "stale"


def _forget_old(ctx: Ctx) -> None:
    """Delete what is kept for some time only, some rows in each transaction; nothing is begun where nothing is old."""
    if any(stale := _stale(ctx)):
        _forget_presence(ctx, *stale)
    for table, ids in _old(ctx):
        _delete(ctx, table, ids)


@usecase("tick.old", "appliance", reads=True)
def _old(ctx: Ctx) -> list[tuple[Any, list[Any]]]:
    now, job, sign_in = ctx.now(), tables.Job, tables.SignIn
    queries = [
        *old_boots(now),
        (job, select(job.id).where(job.finished < now - JOBS_KEPT_SECONDS)),
        (sign_in, select(sign_in.id).where(sign_in.at < now - SIGN_INS_KEPT_SECONDS)),
    ]
    found = [(table, list(ctx.db.scalars(query.limit(AT_ONCE)))) for table, query in queries]
    return [(table, ids) for table, ids in found if ids]


@usecase("tick.delete", "appliance")
def _delete(ctx: Ctx, table: Any, ids: list[Any]) -> None:
    ctx.db.execute(delete(table).where(table.id.in_(ids)))


@usecase("tick.is-told", "appliance", reads=True)
def _is_told(ctx: Ctx) -> tuple[bool, bool]:
    """Whether the clock went back since the last round that was written down, and whether one was, lately."""
    row = ctx.db.get(tables.Watch, "worker")
    return clock_turns.went_back(ctx, "worker"), row is not None and 0 <= ctx.now() - row.seen < ROUND_KEPT_SECONDS


@usecase("tick.tell-round", "appliance")
def _tell_round(ctx: Ctx) -> None:
    now = ctx.now()
    ctx.db.merge(
        tables.Watch(
            name="worker", state="ok", what="it does its rounds", why="", instead="", since=now, seen=now, told=True
        )
    )


def machines(ctx: Ctx) -> int:
    """One round over the machines that must not wait for ever; returns how many needed a look.

    Each has a transaction of its own. While nothing happens nothing is written, but once in ROUND_KEPT_SECONDS that the
    worker does its rounds.
    """
    back, told = _is_told(ctx)
    if back:
        woke(ctx)
    ids = suspects(ctx)
    for machine_id in [*ids, *(set(ctx.outside.stuck) - set(ids))]:
        _alone(ctx, machine_id, look)
    _forget_old(ctx)
    if back or not told:
        _tell_round(ctx)
    return len(ids)


def dhcp_settings(ctx: Ctx, records: names.Records = names.NOBODY, served: tuple[DhcpNetwork, ...] = ()) -> DhcpSettings:
    """The DHCP server's settings: the networks `served` of the database, without any the one of the configuration, and the
    `records` that it answers by DNS."""
    c = ctx.config
    return DhcpSettings(
        interface=c.dhcp_interface,
        server_address=c.server_address,
        mode=c.dhcp_mode,
        range_start="" if served else c.dhcp_first,
        range_end="" if served else c.dhcp_last,
        networks=served,
        netmask=c.dhcp_netmask,
        gateway=c.dhcp_gateway,
        dns=names.dns_servers(ctx),
        serve_dns=c.dns_serve,
        domains=records.domains,
        records=records.hosts,
        http_url=c.http_url,
        ra_prefix=c.dhcp_ra_prefix,
        lease_file=str(c.path("state_dir", "dnsmasq.leases")),
        pid_file=str(c.path("run_dir", "dnsmasq.pid")),
    )


# A tick in which nothing changed writes no ten thousand lines to throw them away.
_rendered = lru_cache(maxsize=1)(render)


@usecase("dhcp.records", "appliance", reads=True)
def _records(ctx: Ctx) -> tuple[names.Records, tuple[DhcpNetwork, ...]]:
    return names.records(ctx) if ctx.config.dns_serve else names.NOBODY, dhcp_networks.served(ctx)


def _dhcp_trouble(ctx: Ctx) -> tuple[bool, Check]:
    """Whether the configuration changed, and what is to be said of DHCP now."""
    changed = False
    try:
        changed = ctx.outside.dhcp.apply(_rendered(dhcp_settings(ctx, *_records(ctx))))
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
    return "" if _is_known(ctx, changed, found) else _dhcp_seen(ctx, changed, found)


@usecase("dhcp.is-known", "appliance", reads=True)
def _is_known(ctx: Ctx, changed: bool, found: Check) -> bool:
    """Whether that was found before, was told, and was written down lately."""
    row = ctx.db.get(tables.Watch, "dhcp")
    if row is None or changed or not row.told or not 0 <= ctx.now() - row.seen < DHCP_KEPT_SECONDS:
        return False
    return (row.state, row.what, row.why) == (found.state, found.what[:500], found.why[:500])


@usecase("dhcp.seen", "appliance")
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
