"""Waves and what comes next in them: pure, whatever the cluster."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as some

from oci.domain.cloud import run_orders
from oci.domain.cluster.fleet import Member, in_order
from oci.domain.cluster.roles import BadRole, parse
from oci.domain.deploy import deployments as rules
from oci.domain.deploy.deployments import CHECKED, CONVERGED, ENDED, FAILED, RUNNING, STEPS, Next, Order, Seen
from oci.domain.machines.lifecycle import ACTIVE, STATES

NAMES = ("ant", "bee", "cat", "dog")


@some.composite
def clusters(draw):
    roles = {
        name: parse(
            name,
            {
                "name": name,
                "order": draw(some.integers(1, 3)),
                "first_alone": draw(some.booleans()),
                "profiles": ["profile::base"],
            },
        )
        for name in NAMES[: draw(some.integers(1, 4))]
    }
    found = draw(some.lists(some.tuples(some.sampled_from(NAMES), some.integers(1, 9)), unique=True, max_size=20))
    members = [Member(number, f"{role}{n}", f"{role}{n}.test", role, n) for number, (role, n) in enumerate(found, 1)]
    return members, roles


@given(clusters())
def test_each_machine_is_in_one_wave_and_no_wave_is_empty(cluster) -> None:
    members, roles = cluster
    waves = rules.waves(members, roles)
    assert sorted(number for wave in waves for number in wave) == sorted(member.machine_id for member in members)
    assert all(waves)


@given(clusters())
def test_no_machine_comes_before_one_of_a_lower_order_and_those_without_a_role_come_last(cluster) -> None:
    members, roles = cluster
    place = {number: n for n, wave in enumerate(rules.waves(members, roles)) for number in wave}

    def order(member: Member) -> tuple[bool, int]:
        return member.role not in roles, roles[member.role].order if member.role in roles else 0

    for one in members:
        for other in members:
            if order(one) < order(other):
                assert place[one.machine_id] < place[other.machine_id]


@given(clusters())
def test_the_first_member_comes_before_the_others_where_its_role_says_so_and_beside_them_elsewhere(cluster) -> None:
    members, roles = cluster
    place = {number: n for n, wave in enumerate(rules.waves(members, roles)) for number in wave}
    for name, role in roles.items():
        mine = sorted((member for member in members if member.role == name), key=lambda member: member.number)
        if mine:
            later = {place[member.machine_id] for member in mine[1:]}
            if role.first_alone:
                assert all(place[mine[0].machine_id] < other for other in later)
            else:
                assert later <= {place[mine[0].machine_id]}


@given(clusters(), some.randoms())
def test_the_order_of_rows_counts_for_nothing(cluster, random) -> None:
    members, roles = cluster
    mixed = list(members)
    random.shuffle(mixed)
    assert rules.waves(in_order(mixed, roles), roles) == rules.waves(in_order(members, roles), roles)


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
    "to be installed": (replace(A, machine="assigned", able=True), Next(RUNNING, "it is to be installed", "install")),
    "at work": (replace(A, machine="configuring"), Next(RUNNING, "it is configuring")),
}


@pytest.mark.parametrize("case", TABLE)
def test_what_comes_next(case: str) -> None:
    seen, following = TABLE[case]
    assert rules.advance(seen) == following


def test_a_wave_ends_when_all_have_and_the_first_reason_is_told() -> None:
    assert rules.judged({"a": FAILED, "b": RUNNING}, {"a": "x"}) == (RUNNING, "")
    assert rules.judged({"a": FAILED, "b": CHECKED}, {"a": "x"}) == (FAILED, "a: x")
    assert rules.judged({"a": FAILED, "b": FAILED}, {"a": "x", "b": "y"}) == (FAILED, "a: x, and 1 more")
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


def test_first_alone_is_yes_or_no() -> None:
    with pytest.raises(BadRole, match="first_alone is 'sure'"):
        parse("ant", {"name": "ant", "first_alone": "sure", "profiles": ["profile::base"]})
    assert not parse("ant", {"name": "ant", "profiles": ["profile::base"]}).first_alone
