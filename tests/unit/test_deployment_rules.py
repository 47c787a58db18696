"""What comes next for a machine in a wave: pure, whatever is seen of it."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as some

from oci.domain.cloud import run_orders
from oci.domain.deploy import deployments as rules
from oci.domain.deploy.deployments import CHECKED, CONVERGED, ENDED, FAILED, RUNNING, STEPS, Next, Order, Seen
from oci.domain.deploy.plans import KINDS
from oci.domain.machines.lifecycle import ACTIVE, STATES

ORDERS = some.builds(
    Order,
    outcome=some.sampled_from(["", *run_orders.OUTCOMES]),
    words=some.sampled_from(["", "why"]),
    checks=some.dictionaries(some.sampled_from(["a.x", "b.x"]), some.sampled_from(["", "red"])),
    taken=some.booleans(),
    late=some.booleans(),
)
SEEN = some.builds(
    Seen,
    name=some.just("m"),
    state=some.sampled_from(list(STEPS)),
    machine=some.sampled_from(list(STATES)),
    reason=some.just("was so"),
    why=some.just("broken"),
    gone=some.booleans(),
    converged=some.booleans(),
    able=some.booleans(),
    kind=some.sampled_from(list(KINDS)),
    changed=some.booleans(),
    ordered=some.integers(0, 1),
    runs=some.integers(0, 4),
    run=some.none() | ORDERS,
    check=some.none() | ORDERS,
    wanted=some.sampled_from([(), ("a.x",), ("a.x", "b.x")]),
)


@given(SEEN)
def test_nothing_is_ordered_of_what_has_ended_or_of_what_is_at_an_order(seen: Seen) -> None:
    following = rules.advance(seen)
    assert following.state in STEPS
    if following.state in ENDED:
        assert not following.order
    stands = [order for order in (seen.check or seen.run, seen.run) if order is not None and not order.outcome]
    if following.order in (run_orders.RUN, run_orders.CHECK) and stands:
        assert following.order == run_orders.RUN and seen.run is not None and seen.run.outcome, (
            "only a look at checks stands"
        )


@given(SEEN)
def test_the_gate_opens_only_for_what_has_converged_and_whose_checks_are_all_well(seen: Seen) -> None:
    if rules.advance(seen).state == CHECKED and seen.state not in ENDED:
        assert seen.machine == ACTIVE and seen.converged and not seen.gone
        last = seen.check or seen.run
        assert not seen.wanted or (last is not None and last.outcome and all(last.checks.get(n) == "" for n in seen.wanted))


@given(SEEN)
def test_whoever_is_not_further_says_why(seen: Seen) -> None:
    following = rules.advance(seen)
    assert following.reason or following.state == CHECKED


@given(SEEN)
def test_puppet_is_not_run_for_ever(seen: Seen) -> None:
    if seen.runs >= seen.attempts and seen.run is not None:
        assert rules.advance(seen).order != run_orders.RUN


A = Seen("m", RUNNING, ACTIVE, wanted=("a.x",))
RED = Order("converged", checks={"a.x": "late"})
TABLE = {
    "nothing was ordered": (A, Next(RUNNING, "Puppet is to run on it", "run")),
    "it was not told yet": (replace(A, run=Order()), Next(RUNNING, "it has not asked for its orders yet")),
    "Puppet runs": (replace(A, run=Order(taken=True)), Next(RUNNING, "Puppet runs")),
    "Puppet runs for ever": (
        replace(A, run=Order(taken=True, late=True)),
        Next(FAILED, "Puppet runs for longer than a run may take; see what it is at on the machine"),
    ),
    "red": (replace(A, converged=True, run=RED), Next(CONVERGED, "a.x: late", "check")),
    "asked again": (
        replace(A, state=CONVERGED, reason="a.x: late", converged=True, run=RED, check=Order()),
        Next(CONVERGED, "a.x: late"),
    ),
    "nobody answered": (
        replace(A, converged=True, run=Order("converged")),
        Next(CONVERGED, "a.x: the machine has no such check yet", "check"),
    ),
    "green": (replace(A, converged=True, run=RED, check=Order("done", checks={"a.x": ""})), Next(CHECKED)),
    "it was installed": (replace(A, converged=True), Next(CONVERGED, "its checks are to be looked at", "check")),
    "no check": (replace(A, converged=True, wanted=()), Next(CHECKED)),
    "to be installed": (
        replace(A, machine="assigned", able=True, kind="install"),
        Next(RUNNING, "it is to be installed", "install"),
    ),
    "failed before": (
        replace(A, machine="failed", able=True, kind="install"),
        Next(RUNNING, "it is to be installed", "install"),
    ),
    "failed again": (
        replace(A, machine="failed", able=True, kind="install", ordered=1, why="no disk"),
        Next(FAILED, "it is failed: no disk. `ocicli machine why m` tells what can be done"),
    ),
    "another disk": (
        replace(A, machine="assigned", able=True, kind="install", changed=True),
        Next(FAILED, "what would be written onto its disks is not what was approved; plan the cluster anew"),
    ),
    "not approved": (
        replace(A, machine="assigned", able=True),
        Next(FAILED, "it is assigned, and to install it was not approved; plan the cluster anew"),
    ),
    "taken back": (
        replace(A, machine="assigned", able=True, kind="install", ordered=1, why="aborted by olga"),
        Next(FAILED, "its install was taken back: aborted by olga"),
    ),
    "not reported": (
        replace(A, machine="assigned", kind="wait"),
        Next(
            RUNNING,
            "a person must make it ready: power it on in the provisioning network and install it, or hand it over with "
            "`ocicli machine adopt m`",
        ),
    ),
    "at work": (replace(A, machine="configuring"), Next(RUNNING, "it is configuring")),
}


@pytest.mark.parametrize("case", TABLE)
def test_what_comes_next(case: str) -> None:
    seen, following = TABLE[case]
    assert rules.advance(seen) == following


def test_a_wave_ends_when_all_have_and_the_first_reason_is_told() -> None:
    assert rules.judged({"a": FAILED, "b": RUNNING}, {"a": "x"}) == (RUNNING, "")
    assert rules.judged({"a": FAILED, "b": CHECKED}, {"a": "x"}) == ("paused", "a: x")
    assert rules.judged({"a": FAILED, "b": FAILED}, {"a": "x", "b": "y"}) == ("paused", "a: x, and 1 more")
    assert rules.judged({"a": CHECKED}, {}) == ("done", "")


@given(some.text(), some.frozensets(some.sampled_from(["a.x", "b", "Bad", "c-d.e_f"])))
def test_any_words_of_checks_are_taken_and_bounded(text: str, known: frozenset[str]) -> None:
    found, dropped = run_orders.read_checks(text, known)
    assert set(found) <= known and len(found) <= run_orders.MOST_CHECKS and dropped >= 0
    assert all(len(why) <= run_orders.MOST_WHY and why.isprintable() for why in found.values())


def test_checks_are_read_by_their_lines() -> None:
    text = "a.x\t\nb.x\tno \x1b[31mport\n\nz.x\tlies\nc.x\n"
    assert run_orders.read_checks(text, frozenset({"a.x", "b.x", "c.x"})) == (
        {"a.x": "", "b.x": "no [31mport", "c.x": ""},
        1,
    )
    assert run_orders.read_checks("a.x\tr\n" * 100, frozenset({"a.x"})) == ({"a.x": "r"}, 99)
    assert run_orders.unwell({"a": "", "b": "red"}, ("a", "b", "c")) == ["b: red", "c: the machine has no such check yet"]
