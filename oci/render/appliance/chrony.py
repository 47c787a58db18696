"""The appliance's lines for chrony: it serves time to the provisioning network."""

from __future__ import annotations

from ipaddress import IPv4Network


def render(server_address: str, netmask: str) -> str:
    """The text of the file in chrony's conf.d. Raises ValueError for what is no network."""
    network = IPv4Network(f"{server_address}/{netmask}", strict=False)
    return (
        f"# Made by `oci-admin site` from the settings; changes here are overwritten.\nallow {network}\n"
        "# Machines agree with the appliance, and so with each other, also where no better clock can be reached.\n"
        "local stratum 10\n"
    )
