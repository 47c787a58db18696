"""An installed machine learns by its own short poll that it shall run Puppet now."""

from __future__ import annotations

import pytest
from cloudy import Behaviour, cluster, orders, poll, turn
from sqlalchemy import func, select
from test_path import NOBODY, installing

from oci.app import APPLIANCE
from oci.context import Actor
from oci.db import tables
from oci.problems import Conflict, Forbidden, Unauthorised
from oci.services.machines import verbs
from oci.services.path import polls, puppet, works

ONE = "controller1.lab.test"


@pytest.fixture
def one(world):
    cluster(world, controller=1, compute=1)
    return world


def kinds(world, *wanted: str) -> list[str]:
    with world.appliance.make_session() as db:
        query = select(tables.Event.kind).where(tables.Event.kind.in_(wanted)).order_by(tables.Event.id)
        return list(db.scalars(query))


def writes(world) -> int:
    with world.appliance.make_session() as db:
        return db.scalar(select(func.count()).select_from(tables.Event))


def test_a_person_orders_a_run_and_the_machine_is_told_once(one) -> None:
    assert poll(one, ONE) == polls.Answer(60)
    verbs.run_puppet(one.ctx(), ONE)
    told = poll(one, ONE)
    assert (told.kind, told.pace) == ("run", 15)
    assert poll(one, ONE).order == 0, "it is given out once"
    assert poll(one, "compute1.lab.test").order == 0, "it is another machine's"
    poll(one, ONE, at_work=told.order, doing="Info: Applying\x1b[0m configuration")
    polls.end(one.ctx(NOBODY), f"token of {ONE}", told.order, 0, "Puppet has converged: changed\n", "mariadb.synced\t\n")
    assert orders(one, ONE) == [("run", "converged")] and poll(one, ONE) == polls.Answer(60)
    assert kinds(one, "run.ordered", "run.taken", "run.ended") == ["run.ordered", "run.taken", "run.ended"]
    polls.end(one.ctx(NOBODY), f"token of {ONE}", told.order, 23, "said twice", "")
    assert orders(one, ONE) == [("run", "converged")], "said twice it counts once"


def test_who_orders_what_waits_already_orders_nothing_new(one) -> None:
    verbs.run_puppet(one.ctx(), ONE)
    verbs.run_puppet(one.ctx(), ONE)
    assert len(orders(one, ONE)) == 1
    first = poll(one, ONE).order
    verbs.run_puppet(one.ctx(), ONE)
    assert len(orders(one, ONE)) == 2, "the run that goes on may have begun before what this one is about"
    assert poll(one, ONE).order == 0, "one after the other"
    polls.end(one.ctx(NOBODY), f"token of {ONE}", first, 0, "", "")
    assert poll(one, ONE).order > first


@pytest.mark.parametrize("at_work", (False, True))
def test_a_machine_that_was_killed_is_told_once_more(one, at_work: bool) -> None:
    verbs.run_puppet(one.ctx(), ONE)
    told = poll(one, ONE)
    if at_work:
        poll(one, ONE, at_work=told.order, doing="Notice: one")
    one.clock.now += 59
    assert poll(one, ONE).order == 0
    one.clock.now += 2
    assert poll(one, ONE).order == told.order and kinds(one, "run.offered") == ["run.offered"]


def test_a_machine_that_is_at_it_is_not_told_again_however_long_it_takes(one) -> None:
    verbs.run_puppet(one.ctx(), ONE)
    told = poll(one, ONE)
    for _ in range(20):
        one.clock.now += 50
        assert poll(one, ONE, at_work=told.order, doing="Notice: x").order == 0
        assert poll(one, ONE).order == 0, "a second asker with the same token"
    one.clock.now -= 7200  # the clock was set back
    assert poll(one, ONE).order == told.order


def test_what_a_liar_says_is_bounded_and_bound_to_its_own_order(one) -> None:
    verbs.run_puppet(one.ctx(), ONE)
    number = poll(one, ONE).order
    for other in (number + 1, 2**31, 10**12):
        with pytest.raises(Conflict):
            poll(one, ONE, at_work=other)
    with pytest.raises(Conflict):
        poll(one, "compute1.lab.test", at_work=number)
    poll(one, ONE, at_work=number, doing="x\0" * 5000)
    lies = "".join(f"b{n}.x\tred\n" for n in range(500)) + "mariadb.synced\tlate\n"
    checks = f"mariadb.synced\t{'r' * 5000}\nnova.compute\t\n{lies}"
    polls.end(one.ctx(NOBODY), f"token of {ONE}", number, -1, "w\n" * 5000, checks)
    with one.appliance.make_session() as db:
        row = db.get(tables.RunOrder, number)
        assert (row.outcome, len(row.words), len(row.doing)) == ("failed", 500, 200)
        assert row.checks == {"mariadb.synced": "r" * 200}, "those of its own profiles alone"
    assert kinds(one, "check.dropped", "check.told") == ["check.dropped", "check.told"]


@pytest.mark.parametrize("verb", ("release", "unassign", "install", "retire"))
def test_the_token_ends_with_the_assignment_or_what_stands_on_the_disk(one, verb: str) -> None:
    verbs.run_puppet(one.ctx(), ONE)
    if verb in ("unassign", "retire"):
        with one.appliance.make_session() as db:
            db.get(tables.Machine, 1).state = "failed"
            db.commit()
    getattr(verbs, verb)(one.ctx(), ONE, *([ONE] if verb == "release" else []))
    with pytest.raises(Unauthorised):
        poll(one, ONE)
    assert "token.refused" in kinds(one, "token.refused")
    with one.appliance.make_session() as db:
        assert db.scalars(select(tables.RunOrder.outcome)).all() == ["dropped"]


def test_the_token_is_given_with_the_challenge_and_only_its_hash_is_kept(world) -> None:
    token = works.claim(world.ctx(NOBODY), installing(world), "install")["TOKEN"]
    works.done(world.ctx(NOBODY), token)
    first = puppet.challenge(world.ctx(NOBODY), token)["POLL"]
    second = puppet.challenge(world.ctx(NOBODY), token)["POLL"]
    puppet.report(world.ctx(APPLIANCE), "compute1.lab.test", {"status": "changed"})
    with pytest.raises(Unauthorised):
        polls.poll(world.ctx(NOBODY), first)
    for wrong in ("", second + "x", token):
        with pytest.raises(Unauthorised):
            polls.poll(world.ctx(NOBODY), wrong)
    assert polls.poll(world.ctx(NOBODY), second) == polls.Answer(60)
    with world.appliance.make_session() as db:
        stored = repr([db.execute(select(table)).all() for table in tables.Table.metadata.sorted_tables])
    assert first not in stored and second not in stored


def test_a_poll_that_says_nothing_new_writes_nothing(one) -> None:
    poll(one, ONE)
    with one.appliance.make_session() as db:
        before = db.get(tables.Pulse, 1).seen
    one.clock.now += 5
    for _ in range(9):
        poll(one, ONE)
    with one.appliance.make_session() as db:
        assert db.get(tables.Pulse, 1).seen == before
    one.clock.now += 600
    poll(one, ONE)
    poll(one, ONE)
    with one.appliance.make_session() as db:
        assert db.get(tables.Pulse, 1).seen == one.clock.now


def test_the_more_machines_poll_the_less_often_each_does(one, monkeypatch) -> None:
    one.appliance.outside.polling.machines, one.appliance.outside.polling.at = 20_000, one.clock.now
    assert poll(one, ONE).pace == 100
    one.appliance.outside.polling.machines = 10**7
    assert poll(one, ONE).pace == 300


def test_who_may_and_what_cannot_be(one) -> None:
    with pytest.raises(Forbidden):
        verbs.run_puppet(one.appliance.ctx(Actor("vic", "viewer")), ONE)
    with one.appliance.make_session() as db:
        db.get(tables.Machine, 1).state = "configuring"
        db.get(tables.Assignment, 2).poll_hash = ""
        db.commit()
    with pytest.raises(Conflict, match="is configuring; only an active machine"):
        verbs.run_puppet(one.ctx(), ONE)
    with pytest.raises(Conflict, match="does not ask the appliance for orders"):
        verbs.run_puppet(one.ctx(), "compute1.lab.test")


def test_only_so_many_orders_are_kept(one) -> None:
    for _ in range(30):
        verbs.run_puppet(one.ctx(), ONE)
        assert turn(one, ONE, Behaviour(check="late")) == "run"
    assert len(orders(one, ONE)) == 20
    assert kinds(one, "check.told") == ["check.told"], "told when it changes"
