"""The named steps between the power button and Puppet: title, and which part of the work they belong to.

A phase not in this table is refused, so that no stranger writes free text into a timeline.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Phase:
    """One step. `part` is boot, live, install, wipe or firstboot; `weight` its share of the part's time."""

    name: str
    title: str
    part: str
    weight: int = 1


_TABLE = (
    Phase("kernel", "Live kernel started", "boot"),
    Phase("network", "Network is up", "boot"),
    Phase("image", "Live image fetched and verified", "boot"),
    Phase("live", "Live system started", "live"),
    Phase("devices", "Devices found", "live"),
    Phase("trouble", "Trouble", "boot"),
    Phase("check", "Confirming the disk", "install", 1),
    Phase("teardown", "Tearing down old signatures", "install", 1),
    Phase("partition", "Partitioning the disk", "install", 2),
    Phase("filesystems", "Making file systems", "install", 2),
    Phase("stream", "Streaming the system", "install", 34),
    Phase("configure", "Configuring the system", "install", 2),
    Phase("bootloader", "Installing the boot loader", "install", 4),
    Phase("finish", "Flushing the disk", "install", 2),
    Phase("wipe", "Wiping the disks", "wipe", 20),
    Phase("verify", "Verifying the wipe", "wipe", 4),
    Phase("firstboot", "Installed system started", "firstboot"),
    Phase("puppet", "Puppet started", "firstboot"),
    Phase("catalog", "Puppet got its catalog", "firstboot"),
)
PHASES: dict[str, Phase] = {phase.name: phase for phase in _TABLE}
# Both live and installed systems say 'network'. That an installed system speaks is known by these.
OF_INSTALLED = ("network", *(phase.name for phase in _TABLE if phase.part == "firstboot"))
CATALOG = "catalog"
"""The last phase before Puppet's own report."""


def beacon(name: str) -> Phase | None:
    """The phase `name`, if a live system that is not known yet may say that it reached it."""
    phase = PHASES.get(name)
    return phase if phase is not None and phase.part in ("boot", "live") else None
