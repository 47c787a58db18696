"""Which disks a machine's orders name, and what is remembered of them. Shared by use cases; holds none itself."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from oci.context import Ctx
from oci.db import tables
from oci.domain import hardware
from oci.domain.hardware import Choice, Inventory, Remembered
from oci.domain.hardware.disks import disk_wipe
from oci.domain.promise import layouts
from oci.domain.promise.layouts import CannotLayOut, OrderedDisk


def inventory_of(machine: tables.Machine) -> Inventory:
    """What the machine's latest report said."""
    return Inventory.from_dict(machine.inventory)


def last_of(machine: tables.Machine) -> Remembered | None:
    """The disk of the machine's last install."""
    return Remembered.from_dict(machine.disk_last or {})


def wish_of(machine: tables.Machine) -> Remembered | None:
    """The disk that a person chose for the machine."""
    return Remembered.from_dict(machine.disk_wish or {})


def choices(machine: tables.Machine, layout: str) -> tuple[Choice, ...]:
    """The disks that an install of `layout` would write now; the last has none, and the reason, where there are too few."""
    others = [was for kept in (machine.disk_last or {}).get("others", ()) if (was := Remembered.from_dict(kept))]
    count = layouts.named(layout).disks
    return hardware.choose_set(inventory_of(machine), count, last_of(machine), wish_of(machine), others)


def sentence(found: Choice) -> str:
    """The choice, or its refusal, for a person."""
    if found.disk is None:
        return f"no disk is chosen: {found.reason}"
    return f"{found.disk.name} ({found.name}) is written, because {found.reason}"


def sentences(found: Sequence[Choice]) -> str:
    """All choices of one install, for a person."""
    return "; ".join(map(sentence, found))


def refusal(machine: tables.Machine, found: Choice) -> str:
    """Why an install of the machine cannot be ordered, and what can be done."""
    return (
        f"{machine.name} has no disk that can be installed: {found.reason}. Its Disks page shows them; "
        "`ocicli machine disk` names one"
    )


def outlook(machine: tables.Machine, layout: str) -> dict[str, Any]:
    """What an install and a release of the machine would do to its disks, as its page shows it."""
    if not machine.inventory:
        return {}
    found, plan = choices(machine, layout), wipe_plan(machine)
    return {
        "disk": sentences(found),
        "disk_device": found[0].disk.name if found[0].disk else "",
        "disk_devices": [one.disk.name for one in found if one.disk],
        "wipe_devices": [disk.name for disk in plan.disks],
        "wipe_left": disk_wipe.told(plan.left),
    }


def laid_out(machine: tables.Machine, layout: str) -> tuple[Choice, ...]:
    """The disks that an install of `layout` writes, in the layout's order. Raises CannotLayOut when there are none such."""
    found = choices(machine, layout)
    if found[-1].disk is None:
        raise CannotLayOut(refusal(machine, found[-1]))
    layouts.steps(layout, ordered(found), layouts.NO_MARK)
    return found


def ordered(found: Sequence[Choice]) -> list[OrderedDisk]:
    """The chosen disks as orders name them."""
    return [OrderedDisk(one.name, one.disk.bytes, one.disk.sector_bytes) for one in found if one.disk]


def remember(ctx: Ctx, machine: tables.Machine, found: Sequence[Choice]) -> None:
    """Keep the disks that are written from now on; their contents are as good as lost."""
    inventory = inventory_of(machine)
    first, *others = ({**hardware.remembered(inventory, one.disk).to_dict(), "name": one.name} for one in found if one.disk)
    machine.disk_last = {**first, "others": [{**kept, "contents": []} for kept in others]} if others else first
    ctx.event("install.disk", sentences(found), machine)


def forget_contents(machine: tables.Machine, of: str) -> None:
    """What lay on the disk before the install, or before a person confirmed it, is no longer excused there."""
    stored = getattr(machine, of) or {}
    if stored.get("contents"):
        setattr(machine, of, {**stored, "contents": []})


def forget(machine: tables.Machine) -> None:
    """The machine's disks are empty: none of them is anybody's choice or last install."""
    machine.disk_last, machine.disk_wish = {}, {}


def wipe_plan(machine: tables.Machine) -> disk_wipe.WipePlan:
    """Which disks a release of the machine wipes, and which it must leave."""
    return disk_wipe.plan(inventory_of(machine), last_of(machine))
