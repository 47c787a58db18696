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
# Both live and installed systems say 'network'; wipes share the first two steps of an install.
WIPE = ("check", "teardown", "wipe", "verify")
INSTALL = tuple(p.name for p in _TABLE if p.part == "install")


def progress(kind: str, phase: str, percent: int) -> int:
    """Percent of the whole work (`kind` install or wipe) when `phase` is `percent` done; 0 when unknown."""
    order = INSTALL if kind == "install" else WIPE
    if phase not in order:
        return 0
    total = sum(PHASES[name].weight for name in order)
    before = sum(PHASES[name].weight for name in order[: order.index(phase)])
    return min(100, (100 * before + PHASES[phase].weight * max(0, min(100, percent))) // total)
