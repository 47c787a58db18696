"""Machines that take their time in their first Puppet run: slow, hanging, or frozen as a whole."""

from __future__ import annotations

import contextlib
import os
import signal
from dataclasses import dataclass, field

from lab.ground.process import wait_until
from lab.simulated import ledger
from lab.simulated.machine import SimulatedMachine
from lab.simulated.simulation import Simulation


@dataclass
class Waiting:
    """One machine from its order to active. `puppet` is what its first run is like; `frozen`: all of it stops then."""

    puppet: str
    frozen: bool = False
    state: str = ""
    events: list[tuple[str, str]] = field(default_factory=list)

    def run(self, sim: Simulation) -> Waiting:
        """Install, let it take its time, wait for its end; `events` are those after its disk was written."""
        with sim.lease() as machine:
            (machine.path / "puppet.does").write_text(f"{self.puppet}\n")
            sim.order(machine, "install")
            if self.frozen:
                wait_until("Puppet's catalogue", lambda: self._phase(sim, machine) == "catalog", 600)
                self._freeze(machine)
            wait_until("the end", lambda: sim.show(machine).state in ("active", "failed"), 1500)
            self.state = sim.show(machine).state
            self.events = self._after_install(sim, machine)
        return self

    @staticmethod
    def _phase(sim: Simulation, machine: SimulatedMachine) -> str:
        progress = sim.show(machine).progress
        return progress.phase if progress else ""

    @staticmethod
    def _freeze(machine: SimulatedMachine) -> None:
        for pid in machine.pids():
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGSTOP)

    @staticmethod
    def _after_install(sim: Simulation, machine: SimulatedMachine) -> list[tuple[str, str]]:
        kinds = [(event.kind, event.text) for event in ledger.events(sim.made, sim.show(machine).id)]
        written = next(at for at, (_kind, text) in enumerate(kinds) if text.startswith("installed:"))
        return kinds[written:]

    def switched(self) -> list[str]:
        """How its power was switched since its disk was written."""
        return [text for kind, text in self.events if kind == "machine.power" and "after" in text]
