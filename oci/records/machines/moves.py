"""Finding a machine and moving it through its states. Shared by use cases; holds none itself."""

from __future__ import annotations

from sqlalchemy import and_, or_, select

from oci.context import Ctx
from oci.db import tables
from oci.domain.machines import lifecycle
from oci.problems import Conflict, NotFound
from oci.records.path import liveness

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
