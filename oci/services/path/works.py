"""Works (installs, wipes), as the machine drives them: heartbeat, claim, phases, outcome.

An attempt is claimed once, by the boot that speaks for the machine. When it goes silent or fails in a way
that another try can mend, the next attempt is armed, until there are none left.
"""

from __future__ import annotations

import secrets
import uuid
from dataclasses import dataclass
from typing import Any, cast

from sqlalchemy import Row, TableClause, bindparam, select, update

from oci.context import Ctx
from oci.db import tables
from oci.db.session import glance as db_glance
from oci.domain import hardware
from oci.domain.cluster.settings import InForce
from oci.domain.hardware.disks import disk_wipe
from oci.domain.machines import lifecycle
from oci.domain.path import attempt_log, phases, pulse
from oci.domain.path.works import DONE, FAILED, INSTALL, KIND_OF, WIPE, WORKS, evaluated
from oci.domain.promise.interfaces import canonical
from oci.domain.promise.layouts import CannotLayOut
from oci.domain.promise.promise import BadPromise, Promise
from oci.ports import OutsideError
from oci.problems import Conflict, Problem
from oci.records.activity import queue
from oci.records.cloud import vault
from oci.records.clusters import addresses, assignments, names, settings
from oci.records.machines import disk_orders, promises
from oci.records.machines.moves import move
from oci.records.machines.works import close_work, rearm
from oci.records.path import liveness, pulses
from oci.records.path.boot_session import authenticate, is_proved, speak_for, token_hash
from oci.records.path.liveness import open_work
from oci.records.path.order_guard import refuse_another_machine
from oci.records.path.returns import back_to_disk, before_proof, doubt_two_at_once
from oci.records.path.work_session import authenticate_work
from oci.render.machine.orders import given
from oci.services.usecase import usecase

LOG_BYTES, DOING_CHARS, LOOKS_AGAIN = 262144, 200, 2


@dataclass(frozen=True)
class Orders:
    """What the machine is told to do next, and how often it shall say that it is there (seconds)."""

    action: str
    heartbeat: int


def _action(ctx: Ctx, machine: tables.Machine, boot: tables.Boot, agent_hash: str) -> str:
    if machine.pulse.report_hash != agent_hash:
        return "report"
    kind = KIND_OF.get(machine.state)
    work = open_work(ctx, machine) if kind else None
    if work and work.kind == kind:
        silent = ctx.now() - (work.seen or work.started)
        # The agent beats only while no installer runs: a claimed attempt whose boot beats has lost its installer.
        if work.claimed and silent > ctx.config.takeover_seconds:
            words = "the installer stopped" if work.boot_id == boot.id else "the machine started again"
            if not rearm(ctx, machine, work, f"{words} in phase {work.phase or 'none'}"):
                return "wait"
        return work.kind if work.claimed is None and queue.admit(ctx, machine, work) else "wait"
    if machine.state in (lifecycle.CONFIGURING, lifecycle.ACTIVE):
        return back_to_disk(ctx, machine, boot)
    return "wait"


# The states in which a machine of the live image is told to wait, whatever else is the case.
IDLE = frozenset(n for n, s in lifecycle.STATES.items() if not s.transient and not lifecycle.has_disk_to_boot(n))
_GLANCE = (
    select(
        tables.Boot.id,
        tables.Boot.facts,
        tables.Pulse.machine_id,
        tables.Pulse.seen,
        tables.Pulse.beat,
        tables.Machine.state,
        tables.Machine.report_digest,
    )
    .join(tables.Pulse, tables.Pulse.boot_id == tables.Boot.id)
    .join(tables.Machine, tables.Machine.id == tables.Pulse.machine_id)
    .where(
        tables.Boot.token_hash == bindparam("token"),
        tables.Boot.machine_id == tables.Pulse.machine_id,
        tables.Boot.replaced.is_(False),
        tables.Pulse.report_hash == bindparam("report"),
        tables.Pulse.presence == "live",
        tables.Pulse.power == "on",
    )
)


def glance(ctx: Ctx, token: str, agent_hash: str, digest: str | None = None) -> Orders | None:
    """What a machine is told that says what it said before, found by one SELECT; None when there is more to do.

    `digest` is that of the report it sends, if it does. Most of what machines say is this: it costs no transaction, but
    for the one statement that writes down now and then that they are still there.
    """
    pause = pulses.known_pace(ctx)
    if pause is None or not token:
        return None
    with db_glance(ctx.make_session) as connection:
        row = connection.execute(_GLANCE, {"token": token_hash(token), "report": agent_hash}).one_or_none()
    if row is None or row.state not in IDLE or (digest is not None and digest != row.report_digest):
        return None
    if not row.beat or not row.facts.get("reported") or "conflict" in row.facts or "refused" in row.facts:
        return None
    late = pulse.due(row.seen, ctx.now(), float(ctx.config.pulse_seconds)) or pause > row.beat
    return Orders("wait", pause) if not late or _remember(ctx, row, pause) else None


_PULSE = cast(TableClause, tables.Pulse.__table__)
_REMEMBER = (
    update(_PULSE)
    .where(
        _PULSE.c.machine_id == bindparam("machine"),
        _PULSE.c.boot_id == bindparam("boot"),
        _PULSE.c.presence == "live",
        _PULSE.c.seen == bindparam("before"),
    )
    .values(seen=bindparam("now"), beat=bindparam("pause"))
)


@usecase("agent.pulse", "nobody")
def _remember(ctx: Ctx, glanced: Row[Any], pause: int) -> bool:
    """Write down that the machine is still there; False when anybody wrote of it since it was glanced at."""
    found = dict(machine=glanced.machine_id, boot=glanced.id, before=glanced.seen, now=ctx.now(), pause=pause)
    return ctx.db.connection().execute(_REMEMBER, found).rowcount == 1


def beat(ctx: Ctx, token: str, agent_hash: str) -> Orders:
    """The machine waits in the live image; tell it what to do. Raises Unauthorised."""
    return glance(ctx, token, agent_hash) or heartbeat(ctx, token, agent_hash)


@usecase("agent.heartbeat", "nobody")
def heartbeat(ctx: Ctx, token: str, agent_hash: str) -> Orders:
    """The machine waits in the live image; tell it what to do. Raises Unauthorised."""
    boot = authenticate(ctx, token)
    pause = pulses.pace(ctx)
    if action := before_proof(ctx, boot):
        return Orders(action, pause)
    try:
        machine = speak_for(ctx, boot)
    except Conflict:
        doubt_two_at_once(ctx, boot)
        return Orders("wait", pause)
    assert machine is not None
    pulses.beats(ctx, machine, pause)
    return Orders(_action(ctx, machine, boot, agent_hash), pause)


class Undoable(Exception):
    """Orders that the machine's disks do not allow; no second claim could mend it."""


class NotAsReported(Undoable):
    """Orders that what the machine reports does not allow: another report may."""


def _root_hash(ctx: Ctx, known: InForce) -> str:
    """The hash of root's password. Raises Undoable: nobody wants a machine that he cannot enter."""
    try:
        return settings.secret(ctx, known, "root_password_hash")
    except OutsideError as lost:
        raise Undoable(f"root_password_hash: {lost}") from None


def _resolvers(ctx: Ctx, known: InForce, promise: Promise) -> str:
    """The DNS servers that are set; else those of the machine's networks, else those of the site."""
    places = (place for interface in promise.interfaces for place in interface.places)
    of_networks = " ".join(dict.fromkeys(server for place in places for server in place.dns))
    return settings.resolvers(known, of_networks) or " ".join(names.dns_servers(ctx))


def _install_orders(ctx: Ctx, machine: tables.Machine, work: tables.Work, token: str) -> dict[str, str]:
    """The orders of an install, made of what was promised and of the site. Raises Undoable."""
    try:
        promise = promises.to_carry_out(ctx, machine, work)
    except (BadPromise, CannotLayOut, Conflict) as refused:
        raise NotAsReported(str(refused)) from None
    assignment = ctx.db.get(tables.Assignment, machine.id)
    assert assignment is not None
    image, config, known = ctx.outside.images.root(assignment.role), ctx.config, settings.in_force(ctx, machine)
    facts = {
        "TOKEN": token,
        "MARK": machine.mark,
        "PROMISE": canonical(promise.to_dict()).decode("ascii"),
        "URL": config.https_url,
        "HOSTNAME": assignment.hostname,
        "FQDN": assignment.fqdn,
        "ADDRESSES": " ".join(addresses.installed_over(ctx, machine.id)),
        "DNS": _resolvers(ctx, known, promise),
        "NTP": " ".join(known.words("ntp_servers")),
        "IMAGE_URL": f"{config.http_url}/images/{image.name}",
        "IMAGE_SHA256": image.sha256,
        "IMAGE_BYTES": str(image.bytes),
        "PUPPET_SERVER": config.puppet_server,
        "PUPPET_ADDRESS": config.puppet_address,
        "ENVIRONMENT": "production",
        "ROOT_HASH": _root_hash(ctx, known),
        "SSH_KEYS": "\n".join(known.words("ssh_authorized_keys")),
        "KERNEL_ARGS": known.text("kernel_args"),
    }
    try:
        given(facts)  # what cannot be written down is refused before the orders are spent
    except ValueError as refused:
        raise Undoable(str(refused)) from None
    return facts


def _wipe_orders(ctx: Ctx, machine: tables.Machine, work: tables.Work, token: str) -> dict[str, str]:
    plan = disk_orders.wipe_plan(machine)
    work.left = disk_wipe.told(plan.left)
    if not plan.names:
        raise Undoable(work.left or "no disk is known that could be wiped; let the machine report again")
    words = f"wipes {', '.join(disk.name for disk in plan.disks)}"
    others = [disk.name for disk in plan.spared if disk.bytes]
    words += f"; not its own or removable, so left alone: {', '.join(others)}" if others else ""
    ctx.event("install.disk", words + (f"; {work.left}" if work.left else ""), machine)
    return {"TOKEN": token, "DISKS": " ".join(plan.names), "UNITS": " ".join(plan.units), "METHOD": "discard"}


@usecase("agent.claim", "nobody")
def claim(ctx: Ctx, token: str, action: str) -> dict[str, str] | Problem:
    """The orders of this attempt, secrets included, once. Raises Unauthorised, Conflict.

    Where the machine is not the one that was meant, or its disks do not allow what was ordered, the work has failed by
    then, with that reason.
    """
    boot = authenticate(ctx, token)
    machine = speak_for(ctx, boot)
    if machine is None or not is_proved(boot):
        raise Conflict("report first; nothing is ordered for an unknown machine")
    work = open_work(ctx, machine)
    if work is None or KIND_OF.get(machine.state) != action or work.kind != action:
        ctx.note("token.refused", f"{machine.name} claimed {action[:20]} that nobody ordered", machine.id)
        raise Conflict(f"no {action[:20]} is ordered for {machine.name}")
    if work.claimed is not None:
        ctx.note("token.refused", f"the orders of {machine.name} were asked for a second time and refused", machine.id)
        raise Conflict("the orders of this attempt were already given out")
    if refusal := refuse_another_machine(ctx, machine, work):
        return refusal
    if not queue.admit(ctx, machine, work):
        return Conflict(f"{machine.name} has to wait: {queue.sentence(ctx, work)}")
    secret = secrets.token_urlsafe(32)
    if action == INSTALL.name:
        # Another one each time: what an earlier attempt wrote, on whichever disk, is not what shall boot.
        machine.mark = str(uuid.uuid4())
    try:
        orders = (
            _install_orders(ctx, machine, work, secret)
            if action == INSTALL.name
            else _wipe_orders(ctx, machine, work, secret)
        )
    except Undoable as refused:
        if isinstance(refused, NotAsReported) and _looks_again(ctx, machine, boot):
            return Conflict(f"{machine.name} could not read all of its disks, and looks at them again")
        return Conflict(_refuse(ctx, machine, str(refused)))
    work.token_hash, work.boot_id, work.claimed = token_hash(secret), boot.id, ctx.now()
    work.phase, work.percent, work.doing = "", 0, ""
    if not work.log:
        work.log = attempt_log.header(work.attempt, action, liveness.utc_at(ctx.now()))
    liveness.heard(ctx, machine, work)
    liveness.progress(ctx, machine, work)
    ctx.event("install.claimed", f"fetched the orders of attempt {work.attempt} ({action})", machine)
    return orders


def _looks_again(ctx: Ctx, machine: tables.Machine, boot: tables.Boot) -> bool:
    """Have the machine report anew where its report leaves its disks open, a few times in each boot: what shares its
    processor, or its disks, with much else may not have got to them in time."""
    looks = int(boot.facts.get("looks", 0))
    if looks >= LOOKS_AGAIN or not hardware.may_change_by_another_look(disk_orders.inventory_of(machine)):
        return False
    boot.facts = {**boot.facts, "looks": looks + 1}
    machine.pulse.report_hash = ""  # that of no report: its next heartbeat is answered by asking for one
    ctx.event("install.disk", f"{machine.name} could not read all of its disks, and looks at them again", machine)
    return True


def _refuse(ctx: Ctx, machine: tables.Machine, why: str) -> str:
    """Nothing was written: the machine waits for a person instead of asking for ever."""
    ctx.event("install.disk", why, machine)
    move(ctx, machine, "error", reason=why)
    close_work(ctx, machine, FAILED)
    return why


@usecase("install.phase", "nobody")
def phase(ctx: Ctx, token: str, name: str, percent: int, message: str) -> None:
    """The installer or the first boot reached phase `name`, `percent` through."""
    machine, work = authenticate_work(ctx, token)
    known = phases.PHASES.get(name)
    if known is None:
        raise Problem(f"phase {name[:40]!r} is not known")
    if name in phases.OF_INSTALLED:
        machine.pulse.presence = "installed"
    percent = max(0, min(100, percent))
    if name != work.phase or percent > work.percent:
        liveness.progress(ctx, machine, work)
    if name != work.phase:
        work.phase, work.phase_since, work.doing = name, ctx.now(), ""
        ctx.event(
            "install.phase",
            known.title + (f": {message[:200]}" if message else ""),
            machine,
            phase=name,
            attempt=work.attempt,
        )
    work.percent = percent


def _still_boots(ctx: Ctx, machine: tables.Machine, work: tables.Work) -> None:
    """The last words of an installer that is through do not come from the system that boots now."""
    if machine.state == lifecycle.CONFIGURING and work.phase in INSTALL.phases:
        work.restarted = ctx.now()


def _append(work: tables.Work, data: bytes, at: int | None) -> None:
    """Add what is new of `data`, which begins at byte `at` of this attempt's log; an answer may have been lost."""
    new = data if at is None else data[max(0, work.log_bytes - at) :] if at <= work.log_bytes else data
    told = (work.log_bytes if at is None else at) + len(data)
    work.log_bytes = max(work.log_bytes, min(told, 2**31 - 1))  # a column of 31 bits, and a machine that may lie
    text = attempt_log.quote(new.decode("utf-8", "replace").replace("\0", ""))
    if text:
        work.log = attempt_log.bounded(work.log + text, LOG_BYTES)


@usecase("install.log", "nobody")
def log(ctx: Ctx, token: str, text: str | bytes, at: int | None = None) -> None:
    """Append to the log of this attempt. `at` says where `text` begins in it, in bytes, so that nothing is there twice."""
    machine, work = authenticate_work(ctx, token)
    _still_boots(ctx, machine, work)
    _append(work, text.encode() if isinstance(text, str) else text, at)


@usecase("install.alive", "nobody")
def alive(ctx: Ctx, token: str, doing: str) -> None:
    """The machine is at work, on `doing`. Other words than before are progress: a machine that only beats stands still."""
    machine, work = authenticate_work(ctx, token)
    _still_boots(ctx, machine, work)
    words = "".join(c if c.isprintable() else " " for c in doing)
    words = " ".join(words.split())[:DOING_CHARS]
    if words and words != work.doing:
        work.doing = words
        if work.phase == phases.CATALOG:
            told = evaluated(words)
            work.percent = work.percent if told is None else told
        liveness.progress(ctx, machine, work)


@usecase("install.failed", "nobody")
def failed(ctx: Ctx, token: str, name: str, reason: str) -> None:
    """The work failed in phase `name`. Another attempt is armed where that can help."""
    machine, work = authenticate_work(ctx, token)
    title = phases.PHASES[name].title if name in phases.PHASES else name[:40]
    reason = vault.hiding(ctx, machine.id)(reason[:2000])
    why = f"{title}: {reason[:300]}" + (f"; {work.left}" if work.left else "")
    ctx.event("install.failed", why, machine, phase=name[:40], attempt=work.attempt)
    if machine.state == lifecycle.CONFIGURING:
        liveness.trouble(ctx, machine, work, why)  # the first boot keeps trying by itself until the deadline
        return
    if name in WORKS[work.kind].final_phases:
        move(ctx, machine, "error", reason=why)
        close_work(ctx, machine, FAILED)
    else:
        rearm(ctx, machine, work, why)


@usecase("install.done", "nobody")
def done(ctx: Ctx, token: str) -> None:
    """The disk is written and bootable."""
    machine, work = authenticate_work(ctx, token)
    if machine.state == lifecycle.CONFIGURING:
        return  # said twice: the first answer was lost
    if work.kind != INSTALL.name:
        raise Conflict("this is a wipe; it ends with /install/wiped")
    move(ctx, machine, "installed")
    work.admitted = None  # its disk is written: whoever waits may have its room
    disk_orders.forget_contents(machine, "disk_wish")
    machine.pulse.presence = "nothing"
    work.restarted = ctx.now()
    liveness.progress(ctx, machine, work)
    boot = ctx.db.get(tables.Boot, machine.pulse.boot_id)
    if boot:
        boot.replaced = True  # the live system ends here; the next boot need not wait for its silence
    machine.pulse.boot_id = ""


@usecase("install.wiped", "nobody")
def wiped(ctx: Ctx, token: str) -> None:
    """The disks that were ordered are empty. The promise ends here, unless a disk that may hold data was left out."""
    machine, work = authenticate_work(ctx, token)
    if work.kind != WIPE.name:
        raise Conflict("this is an install; it ends with /install/done")
    if work.left:
        move(ctx, machine, "error", reason=f"the machine is not empty: {work.left}")
        close_work(ctx, machine, FAILED)
        return
    move(ctx, machine, "wiped")
    disk_orders.forget(machine)
    close_work(ctx, machine, DONE)
    assignments.forget(ctx, machine)
    machine.convergence, machine.converged_at = "never", None
