"""A plan keeps its promises, whatever the cluster: it ends, keeps quorum and limits, loses only what it names."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as some

from oci.domain.cluster.roles import BadRole, parse
from oci.domain.deploy import plans as rules
from oci.domain.deploy.plans import CONVERGE, INSTALL, KINDS, WAIT, Limits, Machine, Step, plan
from oci.domain.machines import lifecycle
from oci.domain.machines.lifecycle import ACTIVE, ASSIGNED, FAILED, STATES

NAMES = ("ant", "bee", "cat", "dog")
NO_LIMITS = Limits()
OLD, NEW = "0" * 64, "1" * 64


@some.composite
def clusters(draw, most: int = 40):
    roles = {
        name: parse(
            name,
            {
                "name": name,
                "order": draw(some.integers(1, 3)),
                "first_alone": draw(some.booleans()),
                "quorum": draw(some.booleans()),
                "canary": draw(some.booleans()),
                "max_unavailable": draw(some.sampled_from(["", 1, 2, 5, "10%", "34%", "100%"])),
                "profiles": ["profile::base"],
            },
        )
        for name in NAMES
    }
    found = draw(some.lists(some.tuples(some.sampled_from(NAMES), some.integers(1, 99)), unique=True, max_size=most))
    machines = []
    for number, (role, member) in enumerate(found, 1):
        settled = draw(some.sampled_from(["", OLD, NEW]))
        machines.append(
            Machine(
                id=number,
                name=f"{role}{member}.test",
                role=role,
                number=member,
                state=draw(some.sampled_from([*STATES, ACTIVE, ACTIVE, ACTIVE, ACTIVE])),
                wanted=NEW,
                pinned=draw(some.sampled_from([settled, NEW])),
                settled=settled,
                well=draw(some.sampled_from([True, True, True, False])),
                able=draw(some.booleans()),
                promise="p",
                loses=("sda with somebody's data",),
                place=draw(some.sampled_from(["", "leaf1", "leaf2"])),
            )
        )
    limits = Limits(draw(some.sampled_from([0, 1, 3])), draw(some.sampled_from([0, 1, 2])))
    return machines, roles, limits


def by_wave(steps: tuple[Step, ...]) -> list[list[Step]]:
    last = max((step.wave for step in steps), default=0)
    return [[step for step in steps if step.wave == number] for number in range(1, last + 1)]


@given(clusters())
def test_each_machine_has_one_step_at_most_and_no_wave_is_empty(cluster) -> None:
    machines, roles, limits = cluster
    steps = plan(machines, roles, limits)
    assert len({step.machine for step in steps}) == len(steps) and all(by_wave(steps))
    left = {machine.id for machine in machines} - {step.machine for step in steps}
    assert all(
        machine.state == ACTIVE and machine.well and machine.settled == machine.pinned == NEW
        for machine in machines
        if machine.id in left
    )


@given(clusters())
def test_a_plan_that_was_carried_out_plans_nothing(cluster) -> None:
    machines, roles, limits = cluster
    done = {step.machine: step.wanted for step in plan(machines, roles, limits)}
    after = [
        replace(one, state=ACTIVE, settled=done[one.id], pinned=done[one.id], well=True) if one.id in done else one
        for one in machines
    ]
    assert plan(after, roles, limits) == ()
    assert {step.kind for step in plan(after, roles, limits, every=True)} <= {CONVERGE}


@given(clusters())
def test_no_step_is_a_verb_that_its_machine_would_refuse_and_only_an_install_loses_anything(cluster) -> None:
    machines, roles, limits = cluster
    of = {machine.id: machine for machine in machines}
    for step in plan(machines, roles, limits):
        machine = of[step.machine]
        if step.kind == INSTALL:
            assert lifecycle.step(machine.state, "install") and machine.state in (ASSIGNED, FAILED) and step.destroys
            assert step.promise == "p"
        else:
            assert not step.destroys and not step.promise
        assert (step.kind == CONVERGE) == (machine.state == ACTIVE)
        assert bool(step.destroys) == KINDS[step.kind].destroys


@some.composite
def quorums(draw, most: int = 300):
    """Members of one role with a quorum that serve, most of them well and to be changed, and a few that are new."""
    role = parse(
        "ant",
        {
            "name": "ant",
            "quorum": True,
            "first_alone": draw(some.booleans()),
            "canary": draw(some.booleans()),
            "max_unavailable": draw(some.sampled_from(["", 1, 5, "50%", "100%"])),
            "profiles": ["profile::base"],
        },
    )
    count = draw(some.integers(3, most))
    ill = draw(some.sets(some.integers(1, count), max_size=count // 2 + 1))
    same = draw(some.sets(some.integers(1, count), max_size=count // 3))
    new = draw(some.integers(0, 3))
    members = [
        machine(number, well=number not in ill, **({"settled": NEW, "pinned": NEW} if number in same else {}))
        for number in range(1, count + 1)
    ]
    return [*members, *(machine(count + n, state=ASSIGNED, settled="", pinned="") for n in range(1, new + 1))], role


def _keeps_quorum(machines: list[Machine], roles, steps: tuple[Step, ...]) -> None:
    """More than half of three or more that serve are well and left alone at any time, unless fewer were well to begin with;
    and then nothing that is well is touched before those that are not."""
    well = {machine.id for machine in machines if machine.serves and machine.well}
    serving = {name: {one.id for one in machines if one.role == name and one.serves} for name in roles}
    for wave in by_wave(steps):
        touched = {step.machine for step in wave}
        for name in (name for name in roles if roles[name].quorum and len(serving[name]) >= 3):
            stay, enough = (well & serving[name]) - touched, len(serving[name]) // 2 + 1
            assert len(stay) >= enough or not touched & well & serving[name], (name, touched)
        well |= {step.machine for step in wave if step.serves}


@given(quorums(), some.sampled_from([NO_LIMITS, Limits(3), Limits(0, 2)]))
def test_a_quorum_is_never_lost_by_a_plan(members, limits: Limits) -> None:
    machines, role = members
    _keeps_quorum(machines, {"ant": role}, plan(machines, {"ant": role}, limits))


@given(clusters())
def test_a_quorum_is_never_lost_among_other_roles(cluster) -> None:
    machines, roles, limits = cluster
    _keeps_quorum(machines, roles, plan(machines, roles, limits))


@given(clusters())
def test_no_limit_is_exceeded(cluster) -> None:
    machines, roles, limits = cluster
    of = {machine.id: machine for machine in machines}
    for wave in by_wave(plan(machines, roles, limits)):
        assert not limits.at_once or len(wave) <= limits.at_once
        serving = [of[step.machine] for step in wave if step.serves]
        for name in NAMES:
            members = len([machine for machine in machines if machine.role == name and machine.serves])
            mine = [machine for machine in serving if machine.role == name]
            assert len(mine) <= rules.may_miss(roles[name], members)
            for place in ("leaf1", "leaf2") if limits.place_at_once else ():
                assert len([machine for machine in mine if machine.place == place]) <= limits.place_at_once


@given(clusters())
def test_nothing_comes_before_what_it_needs(cluster) -> None:
    machines, roles, limits = cluster
    steps = plan(machines, roles, limits)
    for one in steps:
        for other in steps:
            if roles[one.role].order < roles[other.role].order:
                assert one.wave < other.wave


@given(clusters())
def test_a_role_that_wants_its_first_member_alone_has_it(cluster) -> None:
    machines, roles, limits = cluster
    for name in NAMES:
        mine = sorted((one for one in machines if one.role == name), key=lambda one: one.number)
        if roles[name].first_alone and len(mine) > 1 and not any(one.serves for one in mine):
            waves = {step.machine: step.wave for step in plan(mine, roles, limits)}
            assert all(waves[mine[0].id] < waves[one.id] for one in mine[1:])


@given(clusters(), some.randoms())
def test_the_order_of_rows_counts_for_nothing(cluster, random) -> None:
    machines, roles, limits = cluster
    mixed = list(machines)
    random.shuffle(mixed)
    assert plan(mixed, roles, limits) == plan(machines, roles, limits)


@given(clusters(), some.data())
def test_the_digest_moves_with_whatever_is_done_and_the_difference_says_so(cluster, data) -> None:
    machines, roles, limits = cluster
    steps = plan(machines, roles, limits)
    if not steps:
        return
    number = data.draw(some.integers(0, len(steps) - 1))
    change = data.draw(
        some.sampled_from(
            [{"kind": WAIT + "x"}, {"wanted": "2" * 64}, {"wave": 99}, {"promise": "q"}, {"destroys": ("sdb",)}]
        )
    )
    other = (*steps[:number], replace(steps[number], **change), *steps[number + 1 :])
    assert rules.digest(other) != rules.digest(steps) and len(rules.differences(steps, other)) == 1
    assert rules.differences(steps, steps) == () and rules.digest(steps) == rules.digest(steps)
    assert rules.DIGEST.fullmatch(rules.digest(steps))
    assert len(rules.differences(steps, ())) == len(rules.differences((), steps)) == len(steps)


def machine(number: int, **more) -> Machine:
    told = {"role": "ant", "number": number, "state": ACTIVE, "wanted": NEW, "pinned": OLD, "settled": OLD, **more}
    return Machine(id=number, name=f"ant{number}.test", **told)


def waves_of(machines: list[Machine], limits: Limits = NO_LIMITS, **told) -> list[list[int]]:
    role = parse("ant", {"name": "ant", "profiles": ["profile::base"], **told})
    return [[step.machine for step in wave] for wave in by_wave(plan(machines, {"ant": role}, limits))]


def test_how_a_change_rolls() -> None:
    five = [machine(number) for number in range(1, 6)]
    assert waves_of(five) == [[1, 2, 3, 4, 5]]
    assert waves_of(five, quorum=True) == [[1, 2], [3, 4], [5]]
    assert waves_of(five, quorum=True, first_alone=True) == [[1], [2, 3], [4, 5]]
    assert waves_of(five, max_unavailable=1) == [[1], [2], [3], [4], [5]]
    assert waves_of(five, max_unavailable="40%", canary=True) == [[1], [2, 3], [4, 5]]
    ill = [*five[:3], replace(five[3], well=False), five[4]]
    assert waves_of(ill, quorum=True) == [[4], [1, 2], [3, 5]]
    assert waves_of(five[:1], quorum=True) == [[1]] and waves_of(five[:2], quorum=True) == [[1], [2]]
    new = [machine(6, state=ASSIGNED, settled="", pinned=""), machine(7, state=ASSIGNED, settled="", pinned="")]
    assert waves_of([*five, *new], quorum=True) == [[1, 2], [3, 4], [5], [6, 7]], "those that serve know them first"
    assert waves_of([*five, *new], max_unavailable=3) == [[1, 2, 3, 6, 7], [4, 5]]
    assert waves_of(new, first_alone=True) == [[6], [7]]
    behind = [replace(one, place="leaf1" if one.number < 4 else "leaf2") for one in five]
    assert waves_of(behind, Limits(0, 1)) == [[1, 4], [2, 5], [3]]
    assert waves_of(five, Limits(2)) == [[1, 2], [3, 4], [5]]


@pytest.mark.parametrize("value", [0, -1, True, "0%", "101%", "ten", 1.5, [1], 100_000])
def test_a_limit_of_a_role_is_a_number_or_a_percentage(value) -> None:
    with pytest.raises(BadRole, match="max_unavailable is"):
        parse("ant", {"name": "ant", "max_unavailable": value, "profiles": ["profile::base"]})


@pytest.mark.parametrize("key", ["quorum", "canary", "first_alone"])
def test_a_flag_of_a_role_is_yes_or_no(key: str) -> None:
    with pytest.raises(BadRole, match=f"{key} is 'sure'"):
        parse("ant", {"name": "ant", key: "sure", "profiles": ["profile::base"]})


def test_what_a_wave_waits_for_and_how_long_all_takes_is_told() -> None:
    role = parse("ant", {"name": "ant", "profiles": ["profile::base"], "max_unavailable": 3})
    steps = plan([machine(number) for number in range(1, 8)], {"ant": role})
    assert rules.waits_for([]) == "for nothing: it begins at once"
    assert rules.waits_for(by_wave(steps)[0]).endswith("on ant1 and ant2 and 1 more of wave 1")
    assert rules.seconds_of(steps, {(CONVERGE, "ant"): 60.0}) == 180.0 and rules.seconds_of(steps, {}) is None
