"""The disks of a machine: what may be done with each, and a person's word on which one is installed."""

from __future__ import annotations

from oci.context import Ctx
from oci.db import tables
from oci.domain import hardware
from oci.domain.hardware import Inventory
from oci.domain.hardware.disks import disk_contents, disk_names
from oci.domain.machines.lifecycle import STATES
from oci.problems import Conflict, NotFound, Problem
from oci.records.clusters import claims
from oci.records.machines import disk_orders
from oci.records.machines.moves import find
from oci.schemas.machines.disks import DiskIn, DiskList, DiskOut
from oci.services.usecase import usecase


def _row(found: hardware.Judged, chosen: tuple[hardware.Choice, ...]) -> DiskOut:
    disk = found.disk
    return DiskOut(
        name=found.name,
        device=disk.name,
        bytes=disk.bytes,
        model=f"{disk.vendor} {disk.model}".strip(),
        serial=disk.serial,
        contents=disk_contents.told(disk),
        verdict=found.verdict.word,
        reason=found.reason,
        chosen=any(disk == one.disk for one in chosen),
        confirm=hardware.needs_confirmation(found),
    )


@usecase("machine.disks", "viewer", reads=True)
def list_disks(ctx: Ctx, name: str) -> DiskList:
    """The machine's disks, each with its verdict and reason, and the one that an install would write."""
    machine = find(ctx, name)
    return _list(ctx, machine)


def _list(ctx: Ctx, machine: tables.Machine) -> DiskList:
    chosen = disk_orders.choices(machine, claims.layout_of(ctx, machine))
    judged = hardware.judge_all(disk_orders.inventory_of(machine), disk_orders.last_of(machine))
    return DiskList(disks=[_row(found, chosen) for found in judged], choice=disk_orders.sentences(chosen))


@usecase("machine.disk", "operator")
def choose_disk(ctx: Ctx, name: str, order: DiskIn) -> DiskList:
    """Say which disk the next installs write; an empty name takes that back.

    A disk that holds data, or is not the machine's own, must be confirmed by its name. Raises NotFound, Conflict, Problem.
    """
    machine = find(ctx, name)
    if STATES[machine.state].transient:
        raise Conflict(f"{machine.name} is {machine.state}; its disk can be chosen once that has ended, or was aborted")
    if not order.disk:
        machine.disk_wish = {}
        ctx.event("machine.disk", f"the choice of a disk was taken back by {ctx.actor.name}", machine)
    else:
        inventory = disk_orders.inventory_of(machine)
        found = _asked_for(inventory, order.disk, disk_orders.last_of(machine))
        _confirmed(found, order.confirm)
        machine.disk_wish = {**hardware.remembered(inventory, found.disk).to_dict(), "name": found.name}
        lost = disk_contents.told(found.disk)
        ctx.event(
            "machine.disk",
            f"{ctx.actor.name} chose the disk {found.disk.name} ({found.name}) for installs"
            + (f", knowing that it holds {lost}" if lost else ""),
            machine,
        )
    ctx.db.flush()
    return _list(ctx, machine)


def _asked_for(inventory: Inventory, name: str, last: hardware.Remembered | None) -> hardware.Judged:
    disk = disk_names.disk_named(inventory, name)
    if disk is None:
        raise NotFound(
            f"no disk of the machine, or more than one, is named {name[:80]!r}; `ocicli machine disks` shows their names"
        )
    found = hardware.judge(inventory, disk, last)
    if found.verdict.install == hardware.NEVER or not found.name:
        raise Conflict(f"{disk.name} ({name[:80]}) cannot be written: {found.reason}. Choose another disk")
    return found


def _confirmed(found: hardware.Judged, word: str) -> None:
    if not hardware.needs_confirmation(found) or word == found.name:
        return
    raise Problem(
        f"{found.disk.name} is not written without being confirmed, because {found.reason}. What is on it will be "
        f"lost: confirm it with exactly its name, {found.name}" + (f"; {word[:80]!r} is not it" if word else "")
    )
