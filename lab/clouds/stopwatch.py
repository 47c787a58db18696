"""How long the steps of a cloud take: by the clock, and of processors. Printed as they end, and kept in a file."""

from __future__ import annotations

import contextlib
import json
import os
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

from lab.ground.site import Lab

_TICKS = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True)
class Split:
    """One step: seconds by the clock, and CPU seconds of all that belongs to the lab, machines and appliance."""

    step: str
    seconds: float
    cpu_seconds: float


class Stopwatch:
    """The steps of one lab. `machines` tells the CPU seconds that its machines have taken."""

    def __init__(self, lab: Lab, machines: Callable[[], float], say: Callable[[str], None]) -> None:
        self.lab, self.machines, self.say = lab, machines, say
        self.splits: list[Split] = []
        self._spent: dict[int, float] = {}

    @contextlib.contextmanager
    def step(self, name: str) -> Iterator[None]:
        """What runs in this block is the step `name`."""
        began, before = time.monotonic(), self._cpu()
        yield
        split = Split(name, time.monotonic() - began, self._cpu() - before)
        self.splits.append(split)
        self.say(f"{name}: {split.seconds:.0f} s by the clock, {split.cpu_seconds:.0f} CPU s")

    def keep(self, file: Path) -> None:
        """Write what was measured, as JSON; what an earlier run kept there is replaced."""
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(json.dumps([asdict(split) for split in self.splits], indent=1) + "\n")

    @property
    def total(self) -> Split:
        """All steps together."""
        return Split("all", sum(one.seconds for one in self.splits), sum(one.cpu_seconds for one in self.splits))

    def _cpu(self) -> float:
        """Machines, and the appliance's processes with those that ended below them; one that is gone keeps its count."""
        for pid in self.lab.net.pids() if self.lab.net.exists() else ():
            with contextlib.suppress(OSError, IndexError, ValueError):
                fields = Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2].split()
                self._spent[pid] = sum(map(int, fields[11:15])) / _TICKS  # proc(5): utime, stime, cutime, cstime
        return self.machines() + sum(self._spent.values())
