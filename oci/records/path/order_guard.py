"""An order to write or wipe disks is for one machine: who that was is kept with it, and looked at before it is given out.

Shared by use cases; holds none itself.
"""

from __future__ import annotations

from oci.context import Ctx
from oci.db import tables
from oci.domain.identity.verdict import Identity, mainboard_differs
from oci.domain.machines.lifecycle import transient
from oci.domain.path.works import FAILED
from oci.problems import Conflict, Problem
from oci.records.machines.identities import facts_from_data, facts_of
from oci.records.machines.moves import move
from oci.records.machines.works import close_work
from oci.records.path.liveness import open_work


def bind_first(ctx: Ctx, machine: tables.Machine) -> None:
    """An order for a machine that had never reported is for the one whose report came first."""
    work = open_work(ctx, machine) if transient(machine.state) else None
    if work is not None and not work.facts:
        ctx.db.flush()  # its cards are read from the database
        work.facts = facts_of(ctx, machine)


def bind_anew(ctx: Ctx, machine: tables.Machine) -> None:
    """A person said that the machine is the one that was meant: its order is for what it is made of now."""
    work = open_work(ctx, machine)
    if work is not None:
        work.facts = facts_of(ctx, machine)


def refuse_another_machine(ctx: Ctx, machine: tables.Machine, work: tables.Work) -> Problem | None:
    """End the work when every fact of the mainboard is another than when it was ordered; None when it may go on."""
    now = facts_of(ctx, machine)
    if not work.facts:
        work.facts = now
        return None
    ordered, found = facts_from_data(work.facts), facts_from_data(now)
    if not mainboard_differs(found, ordered):
        return None
    why = (
        f"the {work.kind} was ordered for another mainboard: {_said(ordered)} then, {_said(found)} now; "
        "no disk was touched. If it is the machine that was meant, order it again"
    )
    ctx.event("install.refused", why, machine, attempt=work.attempt)
    move(ctx, machine, "error", reason=why)
    close_work(ctx, machine, FAILED)
    return Conflict(f"{machine.name}: {why}")


def _said(facts: Identity) -> str:
    names = (("UUID", "uuid"), ("BMC", "bmc_mac"), ("board", "board_serial"))
    said = [f"{name} {value}" for name, key in names if (value := getattr(facts, key))]
    return ", ".join(said) or "MACs " + " ".join(sorted(facts.macs)[:4])
