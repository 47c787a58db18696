"""The machines of the story: their hardware, and the role that each gets."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any


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


@dataclass
class Watch:
    """What was last said of a machine that is waited for, and when and at how many CPU seconds its part began."""

    plan: Plan
    since: float
    mark: float = 0.0
    said: str = ""


BIOS = Plan("bios", "52:54:00:77:00:01", "bios", "compute", "10.78.0.11")
UEFI = Plan("uefi", "52:54:00:77:00:02", "uefi", "controller", "10.78.0.12")
