"""Probe `bmc`: `ipmitool lan print`, then `ipmitool mc info`."""

from __future__ import annotations

from oci.domain.hardware import fillers
from oci.domain.hardware.inventory import Bmc
from oci.domain.hardware.text import clean, facts
from oci.domain.identity import canonical_mac

_ANSWERED = ("Device ID", "Firmware Revision", "IP Address Source", "MAC Address")


def parse(text: str) -> Bmc:
    """The controller that answered, or a record with `present` False. Never raises.

    The SNMP community, which `lan print` shows too, is left out: it opens the controller.
    """
    found: dict[str, str] = {}
    for key, value in facts(text):
        found.setdefault(key, clean(value))
    address = found.get("IP Address", "")
    return Bmc(
        present=any(key in found for key in _ANSWERED),
        address="" if address == "0.0.0.0" else address,
        mac=canonical_mac(found.get("MAC Address", "")),
        vendor=fillers.vendor(found.get("Manufacturer Name", "")),
        firmware=fillers.version(found.get("Firmware Revision", "")),
    )
