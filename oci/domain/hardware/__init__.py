"""What a machine is made of: from the raw report of the live system to an inventory.

One module per probe, each with `parse(text)`; `report.parse` joins them.
"""

from __future__ import annotations

from oci.domain.hardware.disk_choice import (
    NAMED,
    NEVER,
    VERDICTS,
    Choice,
    Judged,
    Remembered,
    choose,
    fixed_disks,
    install_disk,
    judge,
    judge_all,
    needs_confirmation,
    remembered,
)
from oci.domain.hardware.disk_names import AmbiguousDisk, disk_name, disk_named
from oci.domain.hardware.inventory import (
    Bmc,
    Cpu,
    Dimm,
    Disk,
    Inventory,
    Neighbour,
    Nic,
    Partition,
    PciDevice,
)
from oci.domain.hardware.report import PROBES, Probe, clock_is_wrong, parse
from oci.domain.identity import Identity

__all__ = [
    "NAMED",
    "NEVER",
    "PROBES",
    "VERDICTS",
    "AmbiguousDisk",
    "Bmc",
    "Choice",
    "Cpu",
    "Dimm",
    "Disk",
    "Identity",
    "Inventory",
    "Judged",
    "Neighbour",
    "Nic",
    "Partition",
    "PciDevice",
    "Probe",
    "Remembered",
    "choose",
    "clock_is_wrong",
    "disk_name",
    "disk_named",
    "fixed_disks",
    "identity",
    "install_disk",
    "judge",
    "judge_all",
    "needs_confirmation",
    "parse",
    "remembered",
]


def identity(inventory: Inventory) -> Identity:
    """The facts of `inventory` that tell machines apart.

    The BMC's own USB card is left out: many vendors give it the same MAC in every machine.
    """
    return Identity.of(
        macs=(nic.mac for nic in inventory.nics if not nic.bmc_usb),
        bmc_mac=inventory.bmc.mac,
        uuid=inventory.uuid,
        serial=inventory.serial,
        vendor=inventory.vendor,
        model=inventory.model,
    )
