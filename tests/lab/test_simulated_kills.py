"""Everything that can be killed, killed in every phase of a simulated machine's life: it ends where it should.

The installer's scripts run on loop disks in namespaces, the appliance is the real one. All cases run
against one appliance, some at a time: killing the appliance for one disturbs the others as well.
"""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import Future
from dataclasses import dataclass

import pytest

from lab.simulated.simulation import Simulation
from lab.simulated.trial import Trial, begun

AT_ONCE = 5
DEADLINE = 300


@dataclass(frozen=True)
class Case:
    """Kill `kind` `seconds` after the moment `when` (before or after) the request with `word`."""

    verb: str
    kind: str
    when: str
    word: str
    seconds: float = 0.0
    least: int = 1  # attempts that it must take
    most: int = 6

    def __str__(self) -> str:
        place = self.word.strip("/").rpartition("/")[2].removeprefix("phase=")
        return f"{self.verb}-{self.kind}-{self.when}-{place}"


def _after(word: str, kind: str, seconds: float = 0.0, least: int = 1, **more: object) -> Case:
    return Case(
        str(more.get("verb", "install")),
        kind,
        str(more.get("when", "after")),
        word,
        seconds,
        least,
        int(str(more.get("most", 6))),
    )


BOOT = [
    _after("/boot/script", "power"),
    _after("/boot/script", "blink"),
    _after("/boot/site.cpio", "power"),
    _after("/boot/site.cpio", "blink"),
    _after("/agent/report", "power", when="before"),
    _after("/agent/report", "blink"),
    _after("/agent/heartbeat", "power"),
    _after("/agent/claim", "blink", least=2),
]
# Power kills alternate between a machine that stays off and one that comes back at once.
INSTALL = [
    _after("phase=check", "power", least=2),
    _after("phase=teardown", "blink", 0.1, least=2),
    _after("phase=partition", "power", 0.2, least=2),
    _after("phase=filesystems", "blink", 0.2, least=2),
    _after("phase=stream", "power", 1.5, least=2),
    _after("phase=stream", "blink", 2.0, least=2),
    _after("phase=configure", "blink", 0.1, least=2),
    _after("phase=bootloader", "power", 0.5),
    _after("phase=finish", "blink"),
    _after("/install/done", "power", when="before"),
    _after("/install/done", "power"),
]
FIRST_BOOT = [
    _after("phase=firstboot", "power"),
    _after("/firstboot/ready", "blink"),
    _after("certificate_request/", "power"),
    _after("/puppet/v3/report/", "blink", when="before"),
    _after("/puppet/v3/report/", "power"),
]
WIPE = [
    _after("phase=check", "blink", verb="release"),
    _after("phase=teardown", "power", verb="release"),
    _after("phase=wipe", "blink", verb="release"),
    _after("phase=verify", "power", verb="release"),
    _after("/install/wiped", "blink", verb="release", when="before"),
    _after("/install/wiped", "power", verb="release"),
]
STREAM = [_after("phase=stream", kind, 1.5, most=2) for kind in ("web", "worker", "appliance", "nginx", "cut")]
INSIDE = [
    _after("phase=stream", "installer", 1.0, least=2),
    _after("phase=stream", "agent", 1.0),
    _after("phase=bootloader", "installer", least=2),
]
CASES = BOOT + INSTALL + FIRST_BOOT + WIPE + STREAM + INSIDE


@pytest.fixture(scope="module")
def ran(request: pytest.FixtureRequest) -> Iterator[dict[Case, Future[Trial]]]:
    """All chosen cases, begun; each test waits for its own."""
    chosen = [
        item.callspec.params["case"]
        for item in request.session.items
        if item.path == request.path and hasattr(item, "callspec")
    ]

    def plan(sim: Simulation) -> dict[Case, Trial]:
        return {case: Trial(sim, case.verb, case.kind, (case.when, case.word, case.seconds)) for case in chosen}

    with begun("kills", plan, AT_ONCE) as futures:
        yield futures


@pytest.mark.lab
@pytest.mark.parametrize("case", CASES, ids=str)
def test_it_recovers(ran: dict[Case, Future[Trial]], case: Case) -> None:
    trial = ran[case].result(timeout=len(CASES) * DEADLINE)
    print(f"{case}: {trial.seconds:.0f} s, {trial.attempts} attempts: {'; '.join(trial.story[1:])}")
    assert trial.verbs == 0, f"it took a person: {trial.story}"
    assert case.least <= trial.attempts <= case.most, trial.story
