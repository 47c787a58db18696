"""The machines of the story: their hardware, and the role that each gets."""

from __future__ import annotations

from dataclasses import dataclass, field
from ipaddress import IPv4Interface
from typing import Any

from lab.ground.machine import Card
from lab.ground.wires.switch import Network, Port


@dataclass(frozen=True)
class Plan:
    """One machine of the story: its hardware and the role that it gets."""

    name: str
    mac: str
    firmware: str
    role: str
    bmc_address: str
    memory_mib: int = 1024
    hardware: dict[str, Any] = field(default_factory=dict)
    cx16: bool = False


@dataclass(frozen=True)
class Wired:
    """A machine with a second card: the lab's networks behind it, and what OCI is told of them.

    `roles` are those of the site's own that it needs, which have these networks: their texts by their names.
    """

    plan: Plan
    roles: dict[str, str]
    networks: tuple[Network, ...]
    orders: tuple[tuple[str, ...], ...]
    cabling: tuple[str, ...]


@dataclass
class Watch:
    """What was last said of a machine that is waited for, and when and at how many CPU seconds its part began."""

    plan: Plan
    since: float
    mark: float = 0.0
    said: str = ""


# A role of profile::base alone: what becomes of a machine is not about the services of a cloud.
BIOS = Plan("bios", "52:54:00:77:00:01", "bios", "network", "10.78.0.11")
SECOND = "52:54:00:77:01:02"
STORAGE, TUNNEL = 20, 30
# On its second card comes one network without a tag and one with, and both families of the latter.
UEFI = Plan(
    "uefi",
    "52:54:00:77:00:02",
    "uefi",
    "wired",
    "10.78.0.12",
    hardware={"more_cards": (Card(SECOND, Port(STORAGE, (TUNNEL,))),)},
)
WIRED = Wired(
    UEFI,
    {
        UEFI.role: f"name: {UEFI.role}\ntitle: A machine with a network of each kind\norder: 31\n"
        "networks: [provisioning, storage, tunnel]\nprofiles: [profile::base]\n"
    },
    (Network(STORAGE, IPv4Interface("10.79.0.1/24")), Network(TUNNEL, IPv4Interface("10.80.0.1/24"))),
    (
        (
            "--name",
            "storage",
            "--purpose",
            "storage",
            "--cidr",
            "10.79.0.0/24",
            "--first",
            "10.79.0.11",
            "--last",
            "10.79.0.90",
        ),
        (
            *("--name", "tunnel", "--purpose", "tunnel", "--cidr", "10.80.0.0/24", "--vlan", str(TUNNEL)),
            *("--first", "10.80.0.11", "--last", "10.80.0.90", "--mtu", "1400", "--routes", "10.99.0.0/16=10.80.0.1"),
        ),
        (
            *("--name", "tunnel6", "--purpose", "tunnel", "--cidr", "fd00:80::/64", "--vlan", str(TUNNEL), "--mtu", "1400"),
            *("--first", "fd00:80::11", "--last", "fd00:80::99"),
        ),
    ),
    ("--cards", f"tunnel={SECOND}", "--cards", f"tunnel6={SECOND}"),
)
