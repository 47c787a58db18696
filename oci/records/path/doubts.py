"""Questions for a person: opening them, and what follows an answer. Shared by use cases; holds none itself."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import select

from oci.context import Ctx
from oci.db import tables
from oci.domain.identity.facts import Identity
from oci.domain.identity.verdict import Claim
from oci.problems import NotFound, Problem
from oci.records.machines.identities import facts_as_data


def key_of(*parts: Any) -> str:
    """The same for the same question, whoever asks it when."""
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()


def open_doubt(
    ctx: Ctx,
    kind: str,
    text: str,
    key: str,
    facts: Identity | None = None,
    boot: tables.Boot | None = None,
    claims: Sequence[Claim] = (),
) -> tables.Conflict:
    """Ask a person, once: a question that is open already is only counted."""
    now = ctx.now()
    found = ctx.db.scalar(select(tables.Conflict).where(tables.Conflict.key == key, tables.Conflict.closed.is_(None)))
    if found is None:
        found = tables.Conflict(
            kind=kind, key=key, text=text[:500], opened=now, seen=now, times=0, facts=facts_as_data(facts) if facts else {}
        )
        found.machines = [{"id": c.machine_id, "agree": list(c.agree)[:20], "differ": list(c.differ)[:20]} for c in claims]
        ctx.db.add(found)
        ctx.db.flush()
        first = claims[0].machine_id if claims else None
        ctx.event(
            "machine.conflict",
            f"{text}; `ocicli conflict show {found.id}` tells what can be done",
            first,
            conflict=found.id,
            machines=[c.machine_id for c in claims],
        )
    found.seen, found.times = now, found.times + 1
    if boot is not None:
        found.boot_id = boot.id
        boot.facts = {**boot.facts, "conflict": found.id}
    return found


def is_open(ctx: Ctx, boot: tables.Boot) -> bool:
    """True while a person has not yet said whose `boot` is."""
    number = boot.facts.get("conflict")
    found = ctx.db.get(tables.Conflict, number) if number else None
    return found is not None and found.closed is None


def settle_boot(ctx: Ctx, known: Iterable[int], mac: str, machine: tables.Machine) -> None:
    """A report has answered what an unknown card that booted as one of `known` had made a question."""
    keys = [key_of("boot", number, mac) for number in known]
    if not keys:
        return
    table = tables.Conflict
    for found in ctx.db.scalars(select(table).where(table.key.in_(keys), table.closed.is_(None))):
        close_doubt(ctx, found, "closed", machine)


def get_open(ctx: Ctx, number: int) -> tables.Conflict:
    """The open question `number`. Raises NotFound, Problem."""
    found = ctx.db.get(tables.Conflict, number)
    if found is None:
        raise NotFound(f"there is no conflict {number}; `ocicli conflict list` shows those that are open")
    if found.closed is not None:
        raise Problem(f"conflict {number} was {found.outcome} by {found.actor} already; nothing was changed")
    return found


def close_doubt(ctx: Ctx, found: tables.Conflict, outcome: str, machine: tables.Machine | None = None) -> None:
    """Write down how a question was answered, and bind the boot that it is about to the answer."""
    found.closed, found.outcome, found.actor = ctx.now(), outcome, ctx.actor.name
    found.machine_id = machine.id if machine else None
    boot = ctx.db.get(tables.Boot, found.boot_id) if found.boot_id else None
    if boot is None or machine is None:
        return
    boot.machine_id = machine.id
    # Its next report is this machine's: a person said so.
    boot.facts = {**{k: v for k, v in boot.facts.items() if k not in ("reported", "refused")}, "decided": machine.id}
