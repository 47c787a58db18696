"""One trial: a simulated machine is put to work, something is killed at a chosen moment, and it must recover."""

from __future__ import annotations

import contextlib
import os
import signal
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

from lab.ground.process import LabError, started_at, wait_until
from lab.ground.site import unique_name
from lab.simulated import ledger
from lab.simulated.ledger import Event
from lab.simulated.machine import SimulatedMachine
from lab.simulated.simulation import Simulation

K = TypeVar("K")
GOALS = {"install": "active", "release": "discovered"}
APPLIANCE_REST = 4.0  # seconds that nginx stays away


@dataclass
class Trial:
    """`verb` is install or release. `moment` is (before|after, word of a request, seconds later) or seconds after
    the order. `kind` is what is killed: a method below with this name."""

    sim: Simulation
    verb: str
    kind: str
    moment: tuple[str, str, float] | float
    deadline: float = 240.0
    verbs: int = 0
    attempts: int = 0
    seconds: float = 0.0
    story: list[str] = field(default_factory=list)

    def run(self) -> Trial:
        """The whole trial. Raises AssertionError or TimeoutError, with the story so far."""
        with self.sim.lease() as machine:
            try:
                self._run(machine)
            except (AssertionError, TimeoutError) as error:
                raise type(error)("\n".join([str(error), *self.story, *self._seen(machine)])) from error
        return self

    def _run(self, machine: SimulatedMachine) -> None:
        if self.verb == "release" and self.sim.show(machine).state != "active":
            self.sim.order(machine, "install")
            self._follow(machine, "install")
            machine.stop()
        if isinstance(self.moment, tuple):
            machine.arm(self.moment[0], self.moment[1], hold=not self.moment[2])
        # Before the wire is looked at, and after it below: the event of a machine that boots meanwhile is not missed.
        since = ledger.last_event(self.sim.made)
        before, asked = time.monotonic(), len(machine.wire())
        self.sim.order(machine, self.verb)
        self._wait_for_moment(machine)
        self._say(f"{self.kind} at {self.sim.show(machine).progress}")
        getattr(self, self.kind)(machine)
        machine.disarm()
        self._follow(machine, self.verb)
        self.seconds = time.monotonic() - before
        problems = self.broken(machine, since, asked)
        assert not problems, "; ".join(problems)

    def _say(self, text: str) -> None:
        self.story.append(f"{time.strftime('%H:%M:%S')} {text}")

    def _wait_for_moment(self, machine: SimulatedMachine) -> None:
        if isinstance(self.moment, tuple):
            wait_until(f"the request with {self.moment[1]}", machine.reached, 120, machine.process.log, every=0.02)
            time.sleep(self.moment[2])
        else:
            time.sleep(self.moment)

    def _follow(self, machine: SimulatedMachine, verb: str) -> None:
        """Wait for the goal of `verb`; a machine that failed for a reason gets one verb more."""
        end = time.monotonic() + self.deadline
        while True:
            now = self.sim.show(machine)
            if now.state == GOALS[verb]:
                return
            if now.state == "failed":
                assert len(now.reason) > 20, f"failed without a reason that a person understands: {now.reason!r}"
                self._say(f"failed: {now.reason}")
                self.verbs += 1
                assert self.verbs < 2, "failed again after one verb"
                self.sim.order(machine, verb)
            if now.deadline:
                late = time.time() - now.deadline - 15
                assert late < 0, f"{now.state} for {late + 15:.0f} s longer than its deadline"
            if time.monotonic() > end:
                raise TimeoutError(f"waited {self.deadline} s for {GOALS[verb]}; it is {now.state}, {now.progress}")
            time.sleep(0.2)

    # -- what is killed

    def nothing(self, _machine: SimulatedMachine) -> None:
        """For the measure of an undisturbed run."""

    def power(self, machine: SimulatedMachine) -> None:
        """The power fails and stays off: only the controller can switch it on again."""
        machine.stop()

    def blink(self, machine: SimulatedMachine) -> None:
        """The power fails and comes back at once."""
        machine.reset()

    def installer(self, machine: SimulatedMachine) -> None:
        """The installer is killed, the agent goes on."""
        self._kill(
            machine,
            lambda words: any(w.endswith(("discovery/install", "discovery/wipe")) or "install.d/" in w for w in words),
        )

    def agent(self, machine: SimulatedMachine) -> None:
        """The agent is killed, and started again while its installer still runs."""
        self._kill(machine, lambda words: any(w.endswith("discovery/agent") for w in words))

    def _kill(self, machine: SimulatedMachine, match: Callable[[list[str]], bool]) -> None:
        for pid in machine.pids():
            with contextlib.suppress(OSError):
                if match(Path(f"/proc/{pid}/cmdline").read_bytes().decode(errors="replace").split("\0")):
                    os.kill(pid, signal.SIGKILL)

    def web(self, _machine: SimulatedMachine) -> None:
        """Both web processes are killed and started again."""
        self._crash("machines", "puppet")

    def worker(self, _machine: SimulatedMachine) -> None:
        """The worker is killed and started again."""
        self._crash("worker")

    def appliance(self, _machine: SimulatedMachine) -> None:
        """All Python of the appliance is killed and started again."""
        self._crash("machines", "puppet", "worker")

    def _crash(self, *names: str) -> None:
        with self.sim.lock:
            for name in names:
                self.sim.appliance.processes[name].kill()
            for name in names:
                self.sim.appliance.restart(name)

    def nginx(self, _machine: SimulatedMachine) -> None:
        """nginx is away for some seconds."""
        with self.sim.lock:
            self.sim.appliance.processes["nginx"].stop()
            time.sleep(APPLIANCE_REST)
            self.sim.appliance.restart("nginx")

    def cut(self, _machine: SimulatedMachine) -> None:
        """All connections are cut: nginx's worker process dies, its master starts another."""
        with self.sim.lock:
            master = self.sim.appliance.processes["nginx"].pid
            assert master
            for pid in Path(f"/proc/{master}/task/{master}/children").read_text().split():
                os.kill(int(pid), signal.SIGKILL)
            wait_until("nginx's next worker", lambda: self._children(master), 10)

    @staticmethod
    def _children(pid: int) -> list[str]:
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
        return [child for child in children if started_at(int(child))]

    # -- what must hold

    def _events(self, machine: SimulatedMachine, since: int = 0) -> list[Event]:
        return ledger.events(self.sim.made, self.sim.show(machine).id, since)

    def broken(self, machine: SimulatedMachine, since: int, asked: int) -> list[str]:
        """Promises that were not kept: an answered request without its event, a wrong count of attempts, data left."""
        answers = machine.wire()[asked:]
        events = self._events(machine, since)
        since_then = events[0].at if events else 0
        runs = ledger.runs(self.sim.made, self.sim.show(machine).id, since_then)
        problems = ledger.lost(answers, events, runs)
        self.story += [e.text for e in events if e.kind in ("install.retry", "install.failed", "machine.silent")]
        work = ledger.newest_work(self.sim.made, self.sim.show(machine).id)
        self.attempts = work.attempt if work else 0
        kinds = Counter(event.kind for event in events)
        if not self.verbs and self.attempts != 1 + kinds["install.retry"]:
            problems.append(f"attempt {self.attempts} after {kinds['install.retry']} retries")
        if work is None or work.outcome != "done":
            problems.append(f"the outcome is {work.outcome if work else None}")
        if self.verb == "release" and ledger.holds_data(machine.path / "disk.img"):
            problems.append("the disk still holds data after the wipe")
        return problems

    def _seen(self, machine: SimulatedMachine) -> list[str]:
        lines = [f"{time.strftime('%H:%M:%S', time.localtime(e.at))} {e.kind}: {e.text}" for e in self._events(machine)]
        return [*lines[-25:], *(f"{status} {asked}" for status, asked in machine.wire()[-12:])]


@contextlib.contextmanager
def begun(name: str, plan: Callable[[Simulation], Mapping[K, Trial]], at_once: int) -> Iterator[dict[K, Future[Trial]]]:
    """A simulation in which the planned trials run, `at_once` at a time, each to be waited for by its key.

    Raises LabError when an event was lost or anything is left after it.
    """
    if os.geteuid() != 0:
        raise LabError("the simulation needs root: it makes namespaces, mounts and loop devices")
    simulation = Simulation(unique_name(name))
    with simulation.running() as sim, ThreadPoolExecutor(at_once) as pool:
        try:
            futures = {key: pool.submit(trial.run) for key, trial in plan(sim).items()}
            yield futures
            for future in futures.values():
                future.exception()
            if gone := ledger.gaps(sim.made):
                raise LabError(f"events {gone} are gone")
        finally:
            pool.shutdown(wait=True, cancel_futures=True)
    if left := simulation.leftovers():
        raise LabError(f"left after the simulation: {left}")


def measured(sim: Simulation, at_once: int) -> float:
    """Seconds that an undisturbed install takes on average when `at_once` of them run."""
    with ThreadPoolExecutor(at_once) as pool:
        runs = [pool.submit(Trial(sim, "install", "nothing", 0.0).run) for _ in range(at_once)]
        return sum(run.result().seconds for run in runs) / at_once
