"""What a machine is made of: from the raw report of the live system to an inventory.

One module per probe, each with `parse(text)`; `report.parse` joins them.
"""

from __future__ import annotations

from oci.domain.hardware.disks.disk_choice import (
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
    may_change_by_another_look,
    needs_confirmation,
    remembered,
)
from oci.domain.hardware.disks.disk_names import AmbiguousDisk, disk_name, disk_named
from oci.domain.hardware.disks.disk_set import choose_set
from oci.domain.hardware.identity_facts import identity
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
    WantedFirmware,
)
from oci.domain.hardware.report import PROBES, Probe, clock_is_wrong, parse
from oci.domain.identity.verdict import Identity

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
    "WantedFirmware",
    "choose",
    "choose_set",
    "clock_is_wrong",
    "disk_name",
    "disk_named",
    "fixed_disks",
    "identity",
    "install_disk",
    "judge",
    "judge_all",
    "may_change_by_another_look",
    "needs_confirmation",
    "parse",
    "remembered",
]
