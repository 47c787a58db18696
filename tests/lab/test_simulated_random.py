"""Kills at random moments of a simulated machine's life, from the order to its first Puppet run.

The moments follow from a seed, OCI_SEED, and from the length of an undisturbed run that is measured
first. Twelve of them belong to every run of the tests, all hundred to `make test-long`.
"""

from __future__ import annotations

import os
import random
from collections.abc import Iterator
from concurrent.futures import Future

import pytest

from lab.simulated.simulation import Simulation
from lab.simulated.trial import Trial, begun, measured

AT_ONCE, SOME, ALL = 5, 12, 100
SEED = int(os.environ.get("OCI_SEED", "2027"))
# The machine itself is killed most often, and every part of the appliance now and then.
KINDS = ("power",) * 5 + ("blink",) * 5 + ("web", "worker", "appliance", "nginx", "cut")
VERBS = ("install",) * 6 + ("release",)


def _drawn(sim: Simulation, number: int, length: float) -> Trial:
    """Trial `number` of this seed, when an undisturbed run takes `length` seconds."""
    dice = random.Random(f"{SEED}/{number}")
    verb = dice.choice(VERBS)
    share = dice.random() * (1.0 if verb == "install" else 0.5)
    return Trial(sim, verb, dice.choice(KINDS), share * length)


@pytest.fixture(scope="module")
def ran(request: pytest.FixtureRequest) -> Iterator[dict[int, Future[Trial]]]:
    """All chosen numbers, begun; each test waits for its own."""
    chosen = sorted(
        {
            item.callspec.params["number"]
            for item in request.session.items
            if item.path == request.path and hasattr(item, "callspec")
        }
    )

    def plan(sim: Simulation) -> dict[int, Trial]:
        length = measured(sim, AT_ONCE)
        print(f"seed {SEED}, an undisturbed run takes {length:.1f} s")
        return {number: _drawn(sim, number, length) for number in chosen}

    with begun("random", plan, AT_ONCE) as futures:
        yield futures


def _check(ran: dict[int, Future[Trial]], number: int) -> None:
    trial = ran[number].result(timeout=ALL * 300)
    print(
        f"seed {SEED} number {number}: {trial.verb}, {trial.kind} after {trial.moment:.1f} s: {trial.seconds:.0f} s, "
        f"{trial.attempts} attempts: {'; '.join(trial.story)}"
    )
    assert trial.verbs <= 1


@pytest.mark.lab
@pytest.mark.parametrize("number", range(SOME))
def test_a_random_moment(ran: dict[int, Future[Trial]], number: int) -> None:
    _check(ran, number)


@pytest.mark.lab
@pytest.mark.long
@pytest.mark.parametrize("number", range(ALL))
def test_a_hundred_random_moments(ran: dict[int, Future[Trial]], number: int) -> None:
    _check(ran, number)
