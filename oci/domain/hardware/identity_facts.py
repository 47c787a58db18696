"""The facts of an inventory that tell machines apart, and which network ports are one card."""

from __future__ import annotations

from collections.abc import Iterable

from oci.domain.hardware.inventory import Inventory, Nic
from oci.domain.identity.facts import Identity


def cards(nics: Iterable[Nic]) -> list[frozenset[str]]:
    """The MACs of each card together.

    Ports are of one card when they have one PCI device address (without the function), or where that is not known
    or a bridge on the card hides it, when their MACs follow one another and one driver runs them.
    """
    groups: list[list[Nic]] = []
    for nic in sorted((nic for nic in nics if nic.mac), key=lambda nic: nic.mac):
        group = next((g for g in groups if any(_one_card(nic, other) for other in g)), None)
        if group is None:
            groups.append([nic])
        else:
            group.append(nic)
    return [frozenset(nic.mac for nic in group) for group in groups]


def _one_card(one: Nic, other: Nic) -> bool:
    if one.onboard != other.onboard:
        return False
    if one.bus and one.bus.partition(".")[0] == other.bus.partition(".")[0]:
        return True
    near = abs(_number(one.mac) - _number(other.mac)) <= 1 and one.mac[:8] == other.mac[:8]
    return near and one.driver == other.driver


def _number(mac: str) -> int:
    return int(mac.replace(":", ""), 16)


def disks(inventory: Inventory) -> list[str]:
    """What each disk of the machine is called; those that the BMC lends are left out."""
    return [name for disk in inventory.disks if not disk.virtual_media and (name := disk.wwn or disk.serial)]


def identity(inventory: Inventory, booted_from: str = "") -> Identity:
    """The facts of `inventory` that tell machines apart; `booted_from` is the MAC that its boot asked with.

    The BMC's own USB card is left out: many vendors give it the same MAC in every machine.
    """
    nics = [nic for nic in inventory.nics if not nic.bmc_usb]
    return Identity.of(
        macs=(nic.mac for nic in nics),
        bmc_mac=inventory.bmc.mac,
        uuid=inventory.uuid,
        serial=inventory.serial,
        vendor=inventory.vendor,
        model=inventory.model,
        board_serial=inventory.board_serial,
        chassis_serial=inventory.chassis_serial,
        onboard=(nic.mac for nic in nics if nic.onboard),
        cards=cards(nics),
        boot_macs=(booted_from,),
        disks=disks(inventory),
    )
