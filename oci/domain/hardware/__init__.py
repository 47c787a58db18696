"""What a machine is made of: from the raw report of the live system to an inventory.

One module per probe, each with `parse(text)`; `report.parse` joins them.
"""

from __future__ import annotations

from oci.domain.hardware.disk_choice import (
    AmbiguousDisk,
    disk_name,
    disk_named,
    fixed_disks,
    install_disk,
)
from oci.domain.hardware.identity_facts import disks as disk_names
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
)
from oci.domain.hardware.report import PROBES, Probe, clock_is_wrong, parse
from oci.domain.identity import Identity

__all__ = [
    "PROBES",
    "AmbiguousDisk",
    "Bmc",
    "Cpu",
    "Dimm",
    "Disk",
    "Identity",
    "Inventory",
    "Neighbour",
    "Nic",
    "Partition",
    "PciDevice",
    "Probe",
    "clock_is_wrong",
    "disk_name",
    "disk_named",
    "disk_names",
    "fixed_disks",
    "identity",
    "install_disk",
    "parse",
]

