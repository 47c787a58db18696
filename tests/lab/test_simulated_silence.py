"""First Puppet runs that last much longer than a machine may be silent: times are scaled, 75 s stand for half an hour."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor

import pytest

from lab.ground.site import unique_name
from lab.simulated.simulation import SETTINGS, Simulation
from lab.simulated.waiting import Waiting

SLOW_SECONDS = 75
# A busy host needs longer to start three machines at once than a machine may be silent; this is not about the firmware.
FIRST_SIGN_SECONDS = 400
CASES = {"slow": Waiting(f"slow {SLOW_SECONDS}"), "hangs": Waiting("hang"), "frozen": Waiting("slow 20", frozen=True)}


@pytest.fixture(scope="module")
def ran() -> Iterator[dict[str, Future[Waiting]]]:
    """All three at once."""
    simulation = Simulation(unique_name("silence"), {"first_sign_seconds": FIRST_SIGN_SECONDS})
    with simulation.running() as sim, ThreadPoolExecutor(len(CASES)) as pool:
        yield {name: pool.submit(case.run, sim) for name, case in CASES.items()}


@pytest.mark.lab
def test_a_long_run_is_never_disturbed(ran: dict[str, Future[Waiting]]) -> None:
    assert SLOW_SECONDS / float(str(SETTINGS["firstboot_silence_seconds"])) > 1800 / 420
    case = ran["slow"].result(timeout=1600)
    assert case.state == "active" and case.switched() == [], case.events
    assert not [text for kind, text in case.events if kind == "machine.silent"]


@pytest.mark.lab
def test_a_run_that_hangs_is_ended_on_the_machine_and_tried_again(ran: dict[str, Future[Waiting]]) -> None:
    case = ran["hangs"].result(timeout=1600)
    assert case.state == "active" and case.switched() == [], case.events
    assert [text for kind, text in case.events if kind == "install.failed" and "stood still" in text and "hangs" in text]


@pytest.mark.lab
def test_a_machine_without_a_sign_of_life_is_switched_off_and_on_at_the_limit(ran: dict[str, Future[Waiting]]) -> None:
    case = ran["frozen"].result(timeout=1600)
    assert case.state == "active", case.events
    assert [text.partition(":")[0] for text in case.switched()] == ["power is on after power cycle, ordered by appliance"]
    silent = [text for kind, text in case.events if kind == "machine.silent"]
    assert len(silent) == 1 and int(silent[0].split()[2]) >= int(str(SETTINGS["firstboot_silence_seconds"])), silent
