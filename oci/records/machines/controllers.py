"""One controller belongs to one machine: checked where an address is told, and against every report. No use case here."""

from __future__ import annotations

from collections.abc import Iterator

from sqlalchemy import select

from oci.context import Ctx
from oci.db import tables
from oci.domain.machines import controllers, lifecycle
from oci.problems import Conflict
from oci.records.clusters import claims
from oci.schemas.machines.machines import BmcIn

MACHINE = tables.Machine


def _reporters(ctx: Ctx, machine: tables.Machine, address: str) -> Iterator[tables.Machine]:
    """Other machines in use whose own report shows their controller at `address`."""
    yield from ctx.db.scalars(
        select(MACHINE)
        .where(
            MACHINE.bmc_reported == address,
            MACHINE.bmc_reported != "",
            MACHINE.id != machine.id,
            MACHINE.state != lifecycle.RETIRED,
        )
        .order_by(MACHINE.id)
        .limit(5)
    )


def contradiction(ctx: Ctx, machine: tables.Machine) -> str:
    """Why switching the machine would switch another one. Blank when nothing says so."""
    if not machine.bmc_address or machine.bmc_reported == machine.bmc_address:
        return ""
    other = next(_reporters(ctx, machine, machine.bmc_address), None)
    return f"{other.name} reports {machine.bmc_address} as its own controller" if other else ""


def _refuse(ctx: Ctx, machine: tables.Machine, address: str, port: int) -> None:
    holder = ctx.db.scalar(
        select(MACHINE).where(MACHINE.bmc_address == address, MACHINE.bmc_port == port, MACHINE.id != machine.id)
    )
    if holder:
        raise _held(holder.name, address, port)
    other = next(_reporters(ctx, machine, address), None)
    if other and machine.bmc_reported != address:
        raise Conflict(
            f"{other.name} reports {address} as its own controller, so switching {machine.name} by it "
            f"would switch {other.name}. Check the address; if {other.name} has another one now, let it "
            "report again"
        )
    twin = (
        ctx.db.scalar(
            select(MACHINE).where(
                MACHINE.bmc_mac == machine.bmc_mac,
                MACHINE.bmc_mac != "",
                MACHINE.bmc_address != "",
                MACHINE.id != machine.id,
                MACHINE.state != lifecycle.RETIRED,
            )
        )
        if machine.bmc_mac
        else None
    )
    if twin:
        raise Conflict(
            f"{twin.name} reports the same controller {machine.bmc_mac}, and is switched by it at "
            f"{twin.bmc_address}; one of the two records is wrong"
        )


def _held(name: str, address: str, port: int) -> Conflict:
    return Conflict(
        f"the controller {address} port {port} belongs to {name}; switching one would switch the other. "
        f"Check the address, or take it from {name} first with `ocicli machine forget-bmc {name}`"
    )


def take(ctx: Ctx, machine: tables.Machine, bmc: BmcIn) -> None:
    """Let the machine be switched by this controller; the password is sealed. Raises Problem, Conflict."""
    address = claims.controller_address(ctx, bmc.address)
    _refuse(ctx, machine, address, bmc.port)
    machine.bmc_address, machine.bmc_port, machine.bmc_username = address, bmc.port, bmc.username
    machine.bmc_password = ctx.outside.sealer.seal(bmc.password)
    ctx.db.flush()
    ctx.event("machine.bmc", f"controller is {bmc.username}@{address}", machine)
    wrong = controllers.doubt(address, machine.bmc_reported)
    if wrong:
        ctx.event("machine.conflict", f"{machine.name}: {wrong}; switching it may switch another machine", machine)
    ctx.queue("power", machine, verb="status")


def forget(ctx: Ctx, machine: tables.Machine) -> None:
    """The machine is switched by nobody but people from now on."""
    ctx.event("machine.bmc", f"controller {machine.bmc_username}@{machine.bmc_address} is no longer used", machine)
    machine.bmc_address, machine.bmc_username, machine.bmc_password, machine.bmc_port = "", "", "", 623
    machine.pulse.power = "unknown"


def compare(ctx: Ctx, machine: tables.Machine) -> None:
    """After a report: tell when it shows another controller than was told, or one by which another is switched."""
    wrong = controllers.doubt(machine.bmc_address, machine.bmc_reported)
    if wrong:
        ctx.event("machine.conflict", f"{wrong}; switching it may switch another machine", machine)
    if not machine.bmc_reported:
        return
    for other in ctx.db.scalars(
        select(MACHINE).where(MACHINE.bmc_address == machine.bmc_reported, MACHINE.id != machine.id).limit(5)
    ):
        if other.bmc_reported != other.bmc_address:
            ctx.event(
                "machine.conflict",
                f"{machine.name} reports {machine.bmc_reported} as its own controller; "
                f"{other.name} is not switched by it any more",
                other,
            )
