"""Who may speak for a machine: the token of a live boot. Shared by use cases; holds none itself."""

from __future__ import annotations

import hashlib
from typing import Any

from sqlalchemy import Select, bindparam, exists, select
from sqlalchemy.orm import joinedload
from sqlalchemy.orm.interfaces import ORMOption

from oci.context import Ctx
from oci.db import tables
from oci.problems import Conflict, Unauthorised
from oci.records.path import pulses

BOOTS_KEPT_SECONDS = 86400
_BY_TOKEN = select(tables.Boot).where(tables.Boot.token_hash == bindparam("token"))
_WITH_PULSE = (joinedload(tables.Machine.pulse),)


def token_hash(token: str) -> str:
    """What is stored of a token. SHA-256 suffices: tokens are 256 random bits."""
    return hashlib.sha256(token.encode()).hexdigest()


def authenticate(ctx: Ctx, token: str) -> tables.Boot:
    """The boot that `token` was given to. Raises Unauthorised. Call inside a use case."""
    boot = ctx.db.scalar(_BY_TOKEN, {"token": token_hash(token)}) if token else None
    if boot is None or boot.replaced:
        ctx.note("token.refused", "a request with an unknown or replaced boot token was refused")
        raise Unauthorised("the token of this boot is not known, or a later boot replaced it; boot again")
    return boot


def is_proved(boot: tables.Boot) -> bool:
    """True once a report of this boot has shown whose it is; before that its MAC is only a guess."""
    return boot.machine_id is not None and bool(boot.facts.get("reported"))


def speak_for(ctx: Ctx, boot: tables.Boot, *also: ORMOption) -> tables.Machine | None:
    """The machine that `boot` may speak for, None before its first report has proved which that is.

    A later boot takes over once the earlier one has been silent for takeover_seconds: so a stranger
    who boots with a busy machine's MAC learns nothing and stops nothing. `also` says what is read together with the
    machine. Raises Conflict, Unauthorised.
    """
    machine = ctx.db.get(tables.Machine, boot.machine_id, options=(*_WITH_PULSE, *also)) if is_proved(boot) else None
    if machine is None or machine.pulse.boot_id == boot.id:
        return machine
    current = ctx.db.get(tables.Boot, machine.pulse.boot_id) if machine.pulse.boot_id else None
    if current is not None and current.asked > boot.asked:
        raise Unauthorised("a later boot of this machine replaced this one; boot again")
    if current is not None and not pulses.silent(ctx, machine, ctx.config.takeover_seconds):
        ctx.note("token.refused", "a second boot of this machine asks to speak for it; it has to wait", machine.id)
        raise Conflict("another boot of this machine is still active; waiting until it is silent")
    if current is not None:
        current.replaced = True
    machine.pulse.boot_id = boot.id
    return machine


def old_boots(now: float) -> list[tuple[Any, Select[Any]]]:
    """What may be forgotten at `now`: old boots that speak for no machine, and events of boots that never became one."""
    boot, event, before = tables.Boot, tables.Event, now - BOOTS_KEPT_SECONDS
    speaks = exists().where(tables.Pulse.boot_id == boot.id)
    # Anybody can ask for boot scripts: what never became a machine must not fill the disk.
    strangers = event.machine_id.is_(None) & event.boot_id.is_not(None)
    return [
        (boot, select(boot.id).where(boot.asked < before, ~speaks)),
        (event, select(event.id).where(strangers, event.at < before)),
    ]
