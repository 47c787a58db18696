"""Looks for drift: ordered by people, or when a machine's moment has come; and acceptances whose end has come are told."""

from __future__ import annotations

import logging
from collections.abc import Callable

from oci.context import Ctx
from oci.db import tables
from oci.records.deploy import drift
from oci.records.deploy import looks as records
from oci.records.machines.moves import find
from oci.records.machines.views import detail
from oci.schemas.machines.machines import MachineDetail
from oci.services.usecase import usecase

log = logging.getLogger("oci.looks")


@usecase("machine.look", "operator")
def look(ctx: Ctx, name: str) -> MachineDetail:
    """Have a machine looked at for drift by its next poll. Raises NotFound, Conflict for one that is not active."""
    machine = find(ctx, name)
    order = records.order(ctx, machine)
    ctx.event("drift.ordered", f"{machine.name} is to be looked at for drift", machine, order=order.id)
    return detail(ctx, machine)


@usecase("look.due", "appliance", reads=True)
def _due(ctx: Ctx) -> tuple[list[int], list[int]]:
    """The machines that are due, and the acceptances whose end is to be told."""
    return records.due(ctx), drift.ended(ctx)


@usecase("look.order", "appliance")
def _order(ctx: Ctx, machine_id: int) -> None:
    machine = ctx.db.get(tables.Machine, machine_id)
    if machine is not None and records.is_due(ctx, machine):
        records.order(ctx, machine)


@usecase("drift.end", "appliance")
def _end(ctx: Ctx, number: int) -> None:
    drift.tell_ended(ctx, number)


def _alone(ctx: Ctx, act: Callable[[Ctx, int], None], number: int) -> None:
    """What goes wrong with one keeps no other from its turn; it is tried again in the next round."""
    try:
        act(ctx, number)
    except Exception:
        log.exception("%s of %d failed; it is tried again in the next round", act.__name__.strip("_"), number)


def advance(ctx: Ctx) -> int:
    """One round: order the looks that are due, each in a transaction of its own; returns how many were. Where nothing is due
    this costs two SELECTs, however many machines there are."""
    due, ended = _due(ctx)
    for machine_id in due:
        _alone(ctx, _order, machine_id)
    for number in ended:
        _alone(ctx, _end, number)
    return len(due)
