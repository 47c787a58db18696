"""What a rule of the classifier of failures is, and the words of its columns."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from oci.domain.levels import APPLIANCE

TRANSIENT, CONFIGURATION, HARDWARE, OURS, UNKNOWN = "transient", "configuration", "hardware", "ours", "unknown"
KINDS: dict[str, str] = {
    TRANSIENT: "something was away, busy or not ready yet; the same step may succeed when it is tried again",
    CONFIGURATION: "what was ordered or set cannot work as it is; a person has to change it first",
    HARDWARE: "the machine, a disk, its firmware or its controller does not do what it should; somebody has to look at it",
    OURS: "a fault of this product; tell its makers, with the line and the log",
    UNKNOWN: "no rule knows why; nothing is tried again by itself, and a person has to read the log",
}
"""The classes of a failure. Only what is transient is worth another try."""

AT_INSTALL, AT_FIRST_BOOT, BY_PUPPET, BY_CHECKS, BY_POWER = "install", "firstboot", "puppet", "check", "power"
BY_APPLIANCE = APPLIANCE
SOURCES: dict[str, str] = {
    AT_INSTALL: "the installer, or the wipe, in the live system",
    AT_FIRST_BOOT: "the installed system, on its way to Puppet",
    BY_PUPPET: "a run of Puppet",
    BY_CHECKS: "the checks of the machine's profiles",
    BY_POWER: "the management controller, or the way to it",
    BY_APPLIANCE: "the appliance, which refused or gave up",
}
"""Who told of a failure."""

ROOT, CAUSE, SYMPTOM, ECHO = 0, 1, 2, 3
DEPTHS: dict[int, str] = {
    ROOT: "what makes everything on a machine fail: a full or broken disk, no memory",
    CAUSE: "why one thing failed",
    SYMPTOM: "that something else is away or not ready; why that is so, a line of lesser depth may tell",
    ECHO: "that something failed, and nothing of why",
}
"""How deep a line is. Of several lines that rules know the deepest wins (ROOT first), and among equals the first."""


@dataclass(frozen=True)
class Rule:
    """One way in which a step fails, and the line by which it is known.

    `sources`: where the line is looked for. `meaning` and `advice` are for people. `examples` are lines of the real
    programs, of the versions in `seen` ('' where the line is the product's own).
    """

    name: str
    kind: str
    sources: tuple[str, ...]
    pattern: re.Pattern[str]
    meaning: str
    advice: str
    examples: tuple[str, ...]
    seen: str = ""
    depth: int = CAUSE


def rule(
    name: str,
    kind: str,
    sources: Iterable[str],
    pattern: str,
    *examples: str,
    means: str,
    do: str,
    seen: str = "",
    depth: int = CAUSE,
) -> Rule:
    """A row of a table of rules. Raises re.error for a pattern that is none."""
    return Rule(name, kind, tuple(sources), re.compile(pattern), means, do, examples, seen, depth)


BOOTED = (AT_FIRST_BOOT, BY_PUPPET, BY_CHECKS)
"""Where an installed system speaks."""
RUNNING = (AT_FIRST_BOOT, BY_PUPPET)
"""Where Puppet speaks."""
ON_MACHINE = (AT_INSTALL, *BOOTED)
"""Where any program of the machine speaks."""
ON_DISKS = (AT_INSTALL, BY_APPLIANCE)
"""Where an install or a wipe is ordered and done."""
