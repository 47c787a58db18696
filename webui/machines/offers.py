"""The verbs of people on a machine: how a page offers them and what it says before and after."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from oci.context import Ctx
from oci.domain.hardware import Disk, Inventory
from oci.domain.machines import lifecycle
from oci.schemas.machines.machines import MachineDetail
from oci.services.machines import verbs
from oci.services.path import adoptions


@dataclass(frozen=True)
class Verb:
    """One verb. `before` is what a page says about it, `after` what it says when it was done."""

    label: str
    before: str
    after: str
    do: Callable[[Ctx, str], MachineDetail] | None = None
    asks: tuple[str, ...] = ()  # states in which it is asked about on a page of its own
    danger: bool = False


VERBS: dict[str, Verb] = {
    "assign": Verb(
        "Assign",
        "Give it a cluster, a role, a name and an address. Nothing on it is touched.",
        "{name} is assigned. Unassign takes that back.",
    ),
    "install": Verb(
        "Install",
        "Debian is installed on the disk below. What is on that disk is lost.",
        "{name} is being installed.",
        verbs.install,
        (lifecycle.ACTIVE,),
    ),
    "adopt": Verb(
        "Adopt",
        "It has a system of its own, which stays: Puppet takes it over, and may change all that its role is about.",
        "{name} is being adopted.",
        None,
        (lifecycle.ASSIGNED, lifecycle.FAILED),
    ),
    "abort": Verb(
        "Abort",
        "What runs on it is stopped. A disk that is half written stays as it is.",
        "{name} was stopped.",
        verbs.abort,
        tuple(lifecycle.TRANSIENT),
        True,
    ),
    "unassign": Verb(
        "Unassign",
        "It gives its role, name and address back. Nothing on it is touched.",
        "{name} is promised to nobody now. Assign makes a new promise.",
        verbs.unassign,
    ),
    "release": Verb(
        "Release",
        "Its disks are wiped and its role, name and address given back. This cannot be undone.",
        "The disks of {name} are being wiped.",
        None,
        (lifecycle.ACTIVE, lifecycle.FAILED),
        True,
    ),
    "retire": Verb(
        "Retire",
        "It is kept in the records only, and neither booted nor installed.",
        "{name} is retired. Restore undoes it.",
        verbs.retire,
    ),
    "restore": Verb("Restore", "It is used again and counts as discovered.", "{name} is back.", verbs.restore),
}
USE_CASES: dict[str, Callable[..., Any]] = {
    verb: adoptions.adopt if verb == "adopt" else getattr(verbs, verb) for verb in VERBS
}
"""What each verb is done by, and so who may."""
POWER = {
    "on": Verb("Power on", "It is switched on.", "{name} is being switched on."),
    "off": Verb(
        "Power off",
        "It is switched off at once, as if its cord were pulled. What runs on it ends.",
        "{name} is being switched off.",
        danger=True,
    ),
    "cycle": Verb(
        "Power cycle",
        "It is switched off and on at once. What runs on it ends.",
        "{name} is being switched off and on.",
        danger=True,
    ),
}


@dataclass(frozen=True)
class Loss:
    """Which disks a verb writes over, and which it leaves alone."""

    disks: tuple[Disk, ...] = ()
    spared: tuple[Disk, ...] = ()


def loss(verb: str, machine: MachineDetail) -> Loss:
    """What `verb` takes from the machine."""
    inventory = Inventory.from_dict(machine.inventory)
    names = {"release": machine.wipe_devices, "install": machine.disk_devices}.get(verb)
    if names is None:
        return Loss()
    taken = tuple(disk for disk in inventory.disks if disk.name in names)
    return Loss(taken, tuple(disk for disk in inventory.disks if disk not in taken))


def asks_name(verb: str, state: str) -> bool:
    """True where the machine's name must be typed: what is lost was in use."""
    return verb == "release" or (verb == "install" and state in VERBS["install"].asks)
