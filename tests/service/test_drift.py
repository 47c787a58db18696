"""Machines are looked at for drift by dry Puppet runs; what differs is told once, and may be accepted until a day."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import pytest
from cloudy import NOBODY, approve, cluster, orders, poll, turn
from sqlalchemy import select, update
from test_pulse import counting

from oci.app import APPLIANCE
from oci.context import Actor
from oci.db import tables
from oci.domain.deploy import drift as rules
from oci.problems import Conflict, Forbidden, NotFound, Problem
from oci.schemas.clusters.settings import SettingIn
from oci.schemas.deploy.deployments import WhyIn
from oci.schemas.deploy.drift import AcceptDriftIn, RefuseDriftIn
from oci.services.clusters import settings
from oci.services.deploy import deployments, drift, looks
from oci.services.machines import look, verbs
from oci.services.path import polls, puppet

ONE, TWO, THREE = "controller1.lab.test", "compute1.lab.test", "compute2.lab.test"
HOSTS, MOTD = ("File[/etc/hosts]", "mode"), ("File[/etc/motd]", "content")


@pytest.fixture
def three(world):
    assert cluster(world, controller=1, compute=2) == [ONE, TWO, THREE]
    return world


def dry(*keys: tuple[str, str], **more: Any) -> dict[str, Any]:
    """The report of a dry run that found those resources and properties to differ."""
    told = [{"resource": resource, "property": name, "is": "0666", "should": "0644"} for resource, name in keys]
    return {"status": "unchanged", "noop": True, "transaction_completed": True, "differences": told, **more}


def looked(world, name: str, *keys: tuple[str, str], **more: Any) -> None:
    """The machine is looked at, and its report says that `keys` differ."""
    world.clock.now += 10
    puppet.report(world.ctx(APPLIANCE), name, dry(*keys, **more))


def found(world, name: str = ONE) -> list[tuple[str, str]]:
    return [(one.resource, one.property) for one in drift.machine_drift(world.ctx(), name).differences]


def told(world) -> list[str]:
    with world.appliance.make_session() as db:
        query = select(tables.Event.kind).where(tables.Event.kind.like("drift.%")).order_by(tables.Event.id)
        return [kind.removeprefix("drift.") for kind in db.scalars(query)]


def accept(world, name: str = "ours", resource: str = "File[/etc/*", days: int = 10, **more: str):
    order = AcceptDriftIn(name=name, resource=resource, reason="it is so", days=days, **more)
    return drift.accept(world.ctx(), "c1", order)


def round_(world) -> int:
    return looks.advance(world.ctx(APPLIANCE))


# -- what is found


def test_what_differs_is_kept_with_when_and_told_once(three) -> None:
    shown = drift.machine_drift(three.ctx(), ONE)
    assert shown.looked is None and "never looked at" in shown.summary
    looked(three, ONE, HOSTS)
    first = three.clock.now
    looked(three, ONE, HOSTS)
    (one,) = drift.machine_drift(three.ctx(), ONE).differences
    assert (one.first_seen, one.last_seen, one.has, one.should) == (first, first + 10, "0666", "0644")
    assert told(three) == ["found"], "what is the same says nothing"
    looked(three, ONE, HOSTS, MOTD)
    assert found(three) == [HOSTS, MOTD] and told(three) == ["found", "found"]
    looked(three, ONE)
    looked(three, ONE)
    assert found(three) == [] and told(three) == ["found", "found", "gone"]
    assert drift.machine_drift(three.ctx(), ONE).looked == three.clock.now


def test_a_dry_run_never_counts_as_convergence_and_is_no_event_of_its_own(three) -> None:
    before = look.show(three.ctx(), ONE)
    looked(three, ONE, HOSTS)
    after = look.show(three.ctx(), ONE)
    assert (after.convergence, after.state) == (before.convergence, "active")
    with three.appliance.make_session() as db:
        assert db.scalar(select(tables.Machine.converged_at).where(tables.Machine.name == ONE)) is None
        assert db.scalars(select(tables.Event).where(tables.Event.kind == "puppet.report")).all() == []
    puppet.report(three.ctx(APPLIANCE), ONE, {"status": "changed"})
    shown = drift.machine_drift(three.ctx(), ONE)
    assert not shown.corrected, "in the same second nobody knows what was first"
    three.clock.now += 1
    puppet.report(three.ctx(APPLIANCE), ONE, {"status": "changed"})
    shown = drift.machine_drift(three.ctx(), ONE)
    assert shown.corrected and "may have put this right" in shown.summary and found(three) == [HOSTS]


@pytest.mark.parametrize(
    "more",
    [
        {"cached_catalog_status": "on_failure"},
        {"transaction_completed": False, "status": "failed"},
        {"differences": None},
        {"differences": [], "status": "failed"},
    ],
)
def test_a_look_that_could_not_compare_all_takes_nothing_back(three, more: dict[str, Any]) -> None:
    looked(three, ONE, HOSTS)
    looked(three, ONE, **more)
    shown = drift.machine_drift(three.ctx(), ONE)
    assert found(three) == [HOSTS] and shown.trouble and shown.trouble in shown.summary and told(three) == ["found"]
    looked(three, ONE, MOTD, status="failed", failed_resources=[{"resource": "Exec[a]", "messages": ["no"]}])
    assert found(three) == [HOSTS, MOTD] and "Exec[a]" in drift.machine_drift(three.ctx(), ONE).trouble
    looked(three, ONE)
    assert drift.machine_drift(three.ctx(), ONE).trouble == "" and found(three) == []


def test_what_a_machine_tells_is_bounded(three) -> None:
    many = [(f"File[/etc/{n:04}]", "mode") for n in range(500)]
    looked(three, ONE, *many, differing=900)
    shown = drift.machine_drift(three.ctx(), ONE)
    assert len(shown.differences) == rules.MOST_DIFFERENCES and shown.more == 700 and "900 differences" in shown.summary
    for n in range(3):
        looked(three, ONE, *[(f"File[/{n}/{m}]", "mode") for m in range(200)], status="failed")
    assert len(found(three)) == rules.MOST_DIFFERENCES, "also of looks that take nothing back"


def test_what_was_found_goes_with_what_stands_on_the_disk(three) -> None:
    looked(three, ONE, HOSTS)
    verbs.install(three.ctx(), ONE)
    assert found(three) == [] and drift.machine_drift(three.ctx(), ONE).looked is None
    looked(three, ONE, HOSTS)
    assert found(three) == [], "a machine that is being made does not differ: it is not made yet"
    looked(three, TWO, HOSTS)
    with three.appliance.make_session() as db:
        db.delete(db.scalar(select(tables.Machine).where(tables.Machine.name == TWO)))
        db.commit()
        assert db.scalars(select(tables.Difference)).all() == []


# -- orders


def test_a_person_orders_a_look_and_the_machine_is_told_once(three) -> None:
    looks.look(three.ctx(), ONE)
    assert drift.machine_drift(three.ctx(), ONE).ordered
    answer = poll(three, ONE)
    assert answer.kind == "look" and poll(three, ONE).order == 0
    poll(three, ONE, at_work=answer.order, doing="Info: Applying")
    looked(three, ONE, HOSTS)
    polls.end(three.ctx(NOBODY), f"token of {ONE}", answer.order, 0, "Puppet was run dry", "mariadb.synced\tred\n")
    assert orders(three, ONE) == [("look", "looked")]
    shown = drift.machine_drift(three.ctx(), ONE)
    assert (shown.ordered, shown.trouble) == (False, "") and found(three) == [HOSTS]
    assert told(three) == ["ordered", "found"]
    with three.appliance.make_session() as db:
        assert db.scalars(select(tables.Event).where(tables.Event.kind.like("check.%"))).all() == []


@pytest.mark.parametrize(("status", "words"), [(20, "it is disabled"), (22, ""), (99, "no word"), (0, "Puppet was run dry")])
def test_a_look_that_comes_to_nothing_says_why(three, status: int, words: str) -> None:
    looks.look(three.ctx(), ONE)
    answer = poll(three, ONE)
    polls.end(three.ctx(NOBODY), f"token of {ONE}", answer.order, status, words, "")
    trouble = drift.machine_drift(three.ctx(), ONE).trouble
    assert trouble == (words or "no catalogue was applied") if status else "no report" in trouble


def test_a_look_that_waits_lets_a_run_by(three) -> None:
    looks.look(three.ctx(), ONE)
    verbs.run_puppet(three.ctx(), ONE)
    assert poll(three, ONE).kind == "run"


def test_a_machine_that_does_not_know_the_order_is_not_told_for_ever(three) -> None:
    looks.look(three.ctx(), ONE)
    assert poll(three, ONE).order
    three.clock.now += 200
    assert poll(three, ONE).order == 0 and orders(three, ONE) == [("look", "unheard")]
    assert "nothing was heard of it" in drift.machine_drift(three.ctx(), ONE).trouble
    assert poll(three, ONE).order == 0 and told(three) == ["ordered"]


def test_the_checks_of_a_run_are_compared_with_those_of_the_run_before_and_not_with_a_look(three) -> None:
    turn(three, ONE)
    verbs.run_puppet(three.ctx(), ONE)
    number = poll(three, ONE).order
    polls.end(three.ctx(NOBODY), f"token of {ONE}", number, 0, "", "mariadb.synced\tred\n")
    looks.look(three.ctx(), ONE)
    polls.end(three.ctx(NOBODY), f"token of {ONE}", poll(three, ONE).order, 0, "", "")
    verbs.run_puppet(three.ctx(), ONE)
    polls.end(three.ctx(NOBODY), f"token of {ONE}", poll(three, ONE).order, 0, "", "mariadb.synced\tred\n")
    with three.appliance.make_session() as db:
        assert len(db.scalars(select(tables.Event).where(tables.Event.kind == "check.told")).all()) == 1


def test_who_may(three) -> None:
    vera = three.appliance.ctx(Actor("vera", "viewer"))
    with pytest.raises(Forbidden):
        looks.look(vera, ONE)
    with pytest.raises(Forbidden):
        drift.accept(vera, "c1", AcceptDriftIn(name="a", resource="b", reason="c", days=1))
    assert drift.cluster_drift(vera, "c1").machines == 3
    verbs.install(three.ctx(), ONE)
    with pytest.raises(Conflict):
        looks.look(three.ctx(), ONE)


# -- the schedule


def heard(world) -> None:
    """All machines are heard of now."""
    with world.appliance.make_session() as db:
        db.execute(update(tables.Pulse).values(seen=world.clock.now))
        db.commit()


def a_day(world, step: int = 900) -> dict[str, list[float]]:
    """A day of rounds, in which each machine does what it is told; when each was told to look, in seconds from the start."""
    when: dict[str, list[float]] = {ONE: [], TWO: [], THREE: []}
    begin = world.clock.now
    while world.clock.now < begin + 86400:
        world.clock.now += step
        heard(world)
        round_(world)
        for name, times in when.items():
            answer = poll(world, name)
            if answer.kind == "look":
                times.append(world.clock.now - begin)
                looked(world, name)
                polls.end(world.ctx(NOBODY), f"token of {name}", answer.order, 0, "dry", "")
    return when


def test_each_machine_is_looked_at_once_in_a_day_at_its_own_hour(three) -> None:
    first, second = a_day(three), a_day(three)
    assert all(len(times) == 1 for times in second.values()), second
    assert all(len(times) <= 1 for times in first.values())
    moments = sorted(times[0] for times in second.values())
    assert all(later - earlier > 3600 for earlier, later in pairwise(moments)), "they are spread"


def test_what_is_set_for_a_cluster_a_role_or_a_machine_holds(three) -> None:
    for scope, value in (({"cluster": "c1"}, "0"), ({"cluster": "c1", "role": "compute"}, "6"), ({"machine": THREE}, "2")):
        settings.set_setting(three.ctx(), "drift_hours", SettingIn(value=value, **scope))
    when = a_day(three, step=600)
    assert [len(when[name]) for name in (ONE, TWO, THREE)] == [0, 4, 12], when


def due(world) -> int:
    """Let the moment of every machine come, and how many looks are ordered by the next round."""
    world.clock.now += 3 * 86400
    heard(world)
    return round_(world)


def test_nothing_is_ordered_of_a_machine_that_has_something_else_to_do(three) -> None:
    verbs.run_puppet(three.ctx(), ONE)
    verbs.install(three.ctx(), TWO)
    assert due(three) == 1 and orders(three, THREE) == [("look", "")]
    assert orders(three, ONE) == [("run", "")] and round_(three) == 0


def test_nothing_is_ordered_while_the_cluster_is_deployed(three) -> None:
    approve(three)
    assert due(three) == 0
    deployments.abort(three.ctx(), "c1", WhyIn())
    assert due(three) == 3


def test_nothing_is_ordered_of_a_machine_that_was_not_heard_of(three) -> None:
    three.clock.now += 3 * 86400
    assert round_(three) == 0


def test_however_many_are_due_only_some_are_ordered_in_a_minute(three) -> None:
    cluster(three, compute=40)
    assert (due(three), round_(three)) == (20, 0)
    three.clock.now += 61
    assert (round_(three), round_(three)) == (20, 0)


def test_a_value_that_no_version_could_have_written_stops_nobody(three) -> None:
    with three.appliance.make_session() as db:
        for value, scope in (("often", {"cluster_id": 1}), ("99999999999999", {"cluster_id": 1, "role": "compute"})):
            db.add(tables.Setting(name="drift_hours", value=value, **scope))
        db.commit()
    assert due(three) == 3


def test_a_round_costs_two_selects_however_many_machines_there_are(three) -> None:
    heard(three)
    with counting(three) as few:
        assert round_(three) == 0
    cluster(three, compute=30)
    heard(three)
    with counting(three) as many:
        assert round_(three) == 0
    assert len(many.statements) == len(few.statements) <= 3


# -- what is accepted


def test_what_is_accepted_is_told_no_more_until_its_end_comes(three) -> None:
    looked(three, ONE, HOSTS)
    shown = accept(three, days=2)
    assert [one.state for one in shown.acceptances] == ["in force"] and shown.differing == 0
    assert shown.drift[0].accepted == ["ours"] and shown.drift[0].unaccepted == 0
    looked(three, ONE, HOSTS, MOTD)
    assert told(three) == ["found", "accepted", "gone"]
    assert [one.accepted for one in drift.machine_drift(three.ctx(), ONE).differences] == ["ours", "ours"]
    three.clock.now += 2 * 86400
    assert drift.cluster_drift(three.ctx(), "c1").acceptances[0].state == "over"
    round_(three)
    round_(three)
    assert told(three)[3:] == ["accepted-ended"], "once"
    looked(three, ONE, HOSTS, MOTD)
    assert told(three)[4:] == ["found"] and drift.cluster_drift(three.ctx(), "c1").differing == 1
    assert accept(three, days=365).acceptances[0].state == "in force", "its name is free again"


def test_one_that_accepts_nothing_is_told_as_that(three) -> None:
    looked(three, ONE, HOSTS)
    assert accept(three, resource="*motd]").acceptances[0].state == "unused"
    shown = drift.cluster_drift(three.ctx(), "c1")
    assert (shown.differing, shown.acceptances[0].matches) == (1, 0) and "ours (unused)" in shown.summary


def test_it_holds_for_whom_it_is_said(three) -> None:
    for name in (ONE, TWO, THREE):
        looked(three, name, HOSTS, MOTD)
    accept(three, "a", "File[/etc/hosts]", role="compute")
    accept(three, "b", "*", property="content", machine=THREE)
    shown = drift.cluster_drift(three.ctx(), "c1")
    assert {one.resource: (one.unaccepted, one.accepted) for one in shown.drift} == {
        HOSTS[0]: (1, ["a"]),
        MOTD[0]: (2, ["b"]),
    }
    assert [(one.count, one.machines) for one in shown.drift] == [(3, [TWO, THREE, ONE])] * 2
    assert {one.name: one.matches for one in shown.acceptances} == {"a": 2, "b": 1} and shown.differing == 2


def test_a_person_ends_it(three) -> None:
    looked(three, ONE, HOSTS)
    accept(three)
    assert drift.refuse(three.ctx(), "c1", RefuseDriftIn(name="ours")).acceptances == []
    with pytest.raises(NotFound, match="accepts no drift called ours"):
        drift.refuse(three.ctx(), "c1", RefuseDriftIn(name="ours"))
    assert told(three) == ["found", "accepted", "refused"]
    looked(three, ONE, HOSTS)
    assert told(three)[3:] == [], "the same differs as was told last"


def test_what_cannot_be_accepted_is_refused_and_nothing_is_kept(three) -> None:
    accept(three)
    for wrong, why in (
        ({}, "already"),
        ({"name": "x", "machine": "nobody"}, "no machine is called"),
        ({"name": "x", "role": "nothing"}, "no role is called"),
        ({"name": "x", "resource": "File[/etc/*/motd]"}, "at the ends only"),
    ):
        with pytest.raises(Problem, match=why):
            accept(three, **wrong)
    assert len(drift.cluster_drift(three.ctx(), "c1").acceptances) == 1
