"""CPU seconds of a plan, and how they grow with the cluster; printed, never a reason to fail.

Wanted: 2,000 machines in a second at most, and 10,000 at most 1.2 times that for each machine.
"""

from __future__ import annotations

import time

from oci.domain.cluster.roles import Role, parse
from oci.domain.deploy.plans import Limits, Machine, digest, plan
from oci.domain.machines.lifecycle import ACTIVE

SIZES, ROUNDS = (2_000, 10_000), 7
OLD, NEW = "0" * 64, "1" * 64


def roles() -> dict[str, Role]:
    """Three that a change goes round in three ways."""
    return {
        name: parse(name, {"name": name, "order": order, "profiles": ["profile::base"], **more})
        for name, order, more in (
            ("first", 30, {"quorum": True, "first_alone": True}),
            ("second", 40, {"max_unavailable": 5}),
            ("third", 50, {"canary": True, "max_unavailable": "10%"}),
        )
    }


def machines(count: int) -> list[Machine]:
    """All of them changed: five that have a quorum, a quarter in small groups, the rest in large ones."""
    named = [("first" if number < 5 else "second" if number % 4 == 0 else "third", number) for number in range(count)]
    return [
        Machine(number, f"{role}{number}.test", role, number, ACTIVE, NEW, OLD, OLD, place=f"leaf{number // 40}")
        for role, number in named
    ]


def best(count: int, limits: Limits) -> float:
    """The fastest of some rounds: the others measure what else the host does."""
    fleet, known, found = machines(count), roles(), []
    for _ in range(ROUNDS):
        before = time.process_time()
        digest(plan(fleet, known, limits))
        found.append(time.process_time() - before)
    return min(found)


def main() -> None:
    """Print what each size costs, with limits and without."""
    for name, limits in (("without limits", Limits()), ("with limits", Limits(50, 2))):
        seconds = [best(count, limits) for count in SIZES]
        for count, took in zip(SIZES, seconds, strict=True):
            print(f"plan of {count} machines {name}: {took:.3f} CPU s, {1e6 * took / count:.1f} µs each")
        growth = seconds[-1] / SIZES[-1] / (seconds[0] / SIZES[0])
        print(f"plan {name}: {SIZES[-1]} cost {growth:.2f} times as much each as {SIZES[0]}")


if __name__ == "__main__":
    main()
