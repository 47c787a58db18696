"""One controller belongs to one machine: checked where an address is told, and against every report. No use case here."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from sqlalchemy import Select, select
from sqlalchemy.orm import contains_eager

from oci.context import Ctx
from oci.db import tables
from oci.domain.machines import controllers, lifecycle
from oci.problems import Conflict
from oci.records.clusters import claims
from oci.schemas.machines.machines import BmcIn

MACHINE, BMC = tables.Machine, tables.Bmc
TOLD = {"address": "", "port": 623, "username": "", "password": ""}
"""What a person tells of a controller, and what stands there while nobody did."""


def _others(machine: tables.Machine) -> Select[tuple[tables.Machine]]:
    """Other machines, each with its controller."""
    return select(MACHINE).join(MACHINE.bmc).options(contains_eager(MACHINE.bmc)).where(MACHINE.id != machine.id)


def _reporters(ctx: Ctx, machine: tables.Machine, address: str) -> Iterator[tables.Machine]:
    """Other machines in use whose own report shows their controller at `address`."""
    yield from ctx.db.scalars(
        _others(machine)
        .where(BMC.reported == address, BMC.reported != "", MACHINE.state != lifecycle.RETIRED)
        .order_by(MACHINE.id)
        .limit(5)
    )


def contradiction(ctx: Ctx, machine: tables.Machine) -> str:
    """Why switching the machine would switch another one. Blank when nothing says so."""
    bmc = machine.bmc
    if not bmc.address or bmc.reported == bmc.address:
        return ""
    other = next(_reporters(ctx, machine, bmc.address), None)
    return f"{other.name} reports {bmc.address} as its own controller" if other else ""


def _refuse(ctx: Ctx, machine: tables.Machine, address: str, port: int) -> None:
    holder = ctx.db.scalar(_others(machine).where(BMC.address == address, BMC.port == port))
    if holder:
        raise _held(holder.name, address, port)
    other = next(_reporters(ctx, machine, address), None)
    if other and machine.bmc.reported != address:
        raise Conflict(
            f"{other.name} reports {address} as its own controller, so switching {machine.name} by it "
            f"would switch {other.name}. Check the address; if {other.name} has another one now, let it "
            "report again"
        )
    mac = machine.bmc.mac
    same_card = _others(machine).where(BMC.mac == mac, BMC.address != "", MACHINE.state != lifecycle.RETIRED)
    twin = ctx.db.scalar(same_card) if mac else None
    if twin:
        raise Conflict(
            f"{twin.name} reports the same controller {mac}, and is switched by it at "
            f"{twin.bmc.address}; one of the two records is wrong"
        )


def _held(name: str, address: str, port: int) -> Conflict:
    return Conflict(
        f"the controller {address} port {port} belongs to {name}; switching one would switch the other. "
        f"Check the address, or take it from {name} first with `ocicli machine forget-bmc {name}`"
    )


def _write(bmc: tables.Bmc, told: Mapping[str, Any]) -> None:
    for column, value in told.items():
        setattr(bmc, column, value)


def take(ctx: Ctx, machine: tables.Machine, bmc: BmcIn) -> None:
    """Let the machine be switched by this controller; the password is sealed. Raises Problem, Conflict."""
    address = claims.controller_address(ctx, bmc.address)
    _refuse(ctx, machine, address, bmc.port)
    password = ctx.outside.sealer.seal(bmc.password)
    _write(machine.bmc, {"address": address, "port": bmc.port, "username": bmc.username, "password": password})
    ctx.db.flush()
    ctx.event("machine.bmc", f"controller is {bmc.username}@{address}", machine)
    wrong = controllers.doubt(address, machine.bmc.reported)
    if wrong:
        ctx.event("machine.conflict", f"{machine.name}: {wrong}; switching it may switch another machine", machine)
    ctx.queue("power", machine, verb="status")


def forget(ctx: Ctx, machine: tables.Machine) -> None:
    """The machine is switched by nobody but people from now on."""
    bmc = machine.bmc
    ctx.event("machine.bmc", f"controller {bmc.username}@{bmc.address} is no longer used", machine)
    _write(bmc, TOLD)
    machine.pulse.power = "unknown"


def take_over(ctx: Ctx, machine: tables.Machine, other: tables.Machine) -> None:
    """Let the machine be switched by the controller of `other`, whose record goes; one that it has itself is kept."""
    if machine.bmc.address or not other.bmc.address:
        return
    told = {column: getattr(other.bmc, column) for column in TOLD}
    _write(other.bmc, TOLD)
    ctx.db.flush()  # one controller is never in two rows, not even until the other is gone
    _write(machine.bmc, told)


def compare(ctx: Ctx, machine: tables.Machine) -> None:
    """After a report: tell when it shows another controller than was told, or one by which another is switched."""
    address, reported = machine.bmc.address, machine.bmc.reported
    wrong = controllers.doubt(address, reported)
    if wrong:
        ctx.event("machine.conflict", f"{wrong}; switching it may switch another machine", machine)
    if not reported:
        return
    for other in ctx.db.scalars(_others(machine).where(BMC.address == reported).limit(5)):
        if other.bmc.reported != reported:
            ctx.event(
                "machine.conflict",
                f"{machine.name} reports {reported} as its own controller; {other.name} is not switched by it any more",
                other,
            )
