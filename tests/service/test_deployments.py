"""A cluster is brought up in waves, and whatever fails, is killed or stands still on the way is told."""

from __future__ import annotations

import pytest
from cloudy import Behaviour, approve, cluster, machine, orders, poll, rounds, turn
from sqlalchemy import event, select, update
from test_path import discovered, prepare

from oci.app import APPLIANCE
from oci.context import Actor
from oci.db import tables
from oci.problems import Conflict, Forbidden, NotFound
from oci.records.deploy import deployments as records
from oci.schemas.clusters.settings import SettingIn
from oci.schemas.deploy.deployments import DeployIn, DeploymentOut, WhyIn
from oci.schemas.machines.machines import AssignIn
from oci.services.clusters import settings
from oci.services.deploy import deployments
from oci.services.machines import look, verbs
from oci.services.path import polls, puppet

NONE = DeployIn(plan="0" * 12)
ALL = [f"controller{n}.lab.test" for n in (1, 2, 3)] + [f"compute{n}.lab.test" for n in (1, 2)]


@pytest.fixture
def five(world):
    assert cluster(world, controller=3, compute=2) == ALL
    return world


def start(world) -> DeploymentOut:
    return approve(world)


def advance(world) -> int:
    return deployments.advance(world.ctx(APPLIANCE))


def now(world) -> DeploymentOut:
    newest = deployments.list_deployments(world.ctx(), "c1").deployments[0]
    return deployments.show_deployment(world.ctx(), "c1", newest.id)


def states(world) -> dict[str, str]:
    return {step.machine.split(".")[0]: step.state for step in now(world).steps}


def reason(world, name: str) -> str:
    return next(step.reason for step in now(world).steps if step.machine.startswith(name))


def events(world) -> list[str]:
    with world.appliance.make_session() as db:
        query = select(tables.Event.kind).where(tables.Event.kind.like("deployment.%")).order_by(tables.Event.id)
        return [kind.removeprefix("deployment.") for kind in db.scalars(query)]


def test_three_controllers_and_two_computes_come_up_in_waves(five) -> None:
    made = start(five)
    assert (made.state, made.wave, made.waves, made.percent) == ("running", 1, 3, 2)
    assert [(step.machine, step.wave) for step in made.steps] == list(zip(ALL, (1, 2, 2, 3, 3), strict=True))
    advance(five)
    assert [orders(five, name) for name in ALL] == [[("run", "")], [], [], [], []], "the first controller alone"
    rounds(five, ALL)
    done = now(five)
    assert (done.state, done.percent, done.reason, done.deadline) == ("done", 100, "", None) and done.ended
    assert set(states(five).values()) == {"checked"}
    assert [orders(five, name) for name in ALL] == [[("run", "converged")]] * 5, "the checks came with the run"
    assert events(five) == ["started", "wave", "wave", "done"]
    assert [check.ok for step in done.steps for check in step.checks] == [True] * 5


def test_no_wave_begins_before_all_of_the_one_before_are_well(five) -> None:
    start(five)
    late = Behaviour(check="not synced")
    for _ in range(12):
        advance(five)
        for name in ALL:
            turn(five, name, late if name == ALL[2] else None)
        five.clock.now += 15
    assert states(five) == {
        "controller1": "checked",
        "controller2": "checked",
        "controller3": "converged",
        "compute1": "waiting",
        "compute2": "waiting",
    }
    assert orders(five, ALL[3]) == [] and reason(five, "controller3") == "mariadb.synced: not synced"
    assert orders(five, ALL[2])[0] == ("run", "converged") and orders(five, ALL[2])[1:] and len(orders(five, ALL[2])) > 5
    rounds(five, ALL)
    assert now(five).state == "done", "a check that was red is asked again until it is green"


def test_a_red_check_is_what_is_told_when_the_gate_is_closed(five) -> None:
    five.set(deploy_gate_seconds=300)
    start(five)
    rounds(five, ALL, {ALL[0]: Behaviour(check="2 of 3 members")})
    found = now(five)
    assert found.state == "paused" and "controller1.lab.test: nothing moved for 5 min" in found.reason
    assert "mariadb.synced: 2 of 3 members" in found.reason
    assert states(five)["controller2"] == "waiting" and events(five) == ["started", "paused"]


def test_a_machine_that_never_asks_is_told_as_that(five) -> None:
    five.set(deploy_gate_seconds=300)
    start(five)
    rounds(five, ALL, {ALL[0]: Behaviour(silent=True)})
    assert "it has not asked for its orders yet" in now(five).reason


def test_a_failed_machine_fails_the_deployment_and_the_rest_of_its_wave_goes_to_its_end(five) -> None:
    start(five)
    rounds(five, ALL, {ALL[3]: Behaviour(status=23)})
    found = now(five)
    assert found.state == "paused" and found.reason.endswith("timed out; Puppet was tried 3 times")
    assert states(five) == dict.fromkeys(("controller1", "controller2", "controller3", "compute2"), "checked") | {
        "compute1": "failed"
    }
    assert orders(five, ALL[3]) == [("run", "partly")] * 3


def test_a_run_without_todays_catalogue_opens_no_gate(five) -> None:
    start(five)
    advance(five)
    told = poll(five, ALL[0])
    for report in (
        {"status": "changed", "noop": True},
        {"status": "changed", "cached_catalog_status": "explicitly_requested"},
    ):
        puppet.report(five.ctx(APPLIANCE), ALL[0], report)

    polls.end(
        five.ctx(Actor("machine", "nobody")), f"token of {ALL[0]}", told.order, 0, "converged, it says", "mariadb.synced\t"
    )
    advance(five)
    assert states(five)["controller1"] == "running" and "told nothing of that" in reason(five, "controller1")
    assert orders(five, ALL[0]) == [("run", "converged"), ("run", "")]


def test_a_run_that_was_under_way_before_opens_no_gate(five) -> None:
    start(five)
    puppet.report(five.ctx(APPLIANCE), ALL[0], {"status": "changed"})  # its timer had begun it before
    advance(five)
    assert states(five)["controller1"] == "running"


def test_puppet_disabled_by_a_person_fails_at_once(five) -> None:
    start(five)
    rounds(five, ALL, {ALL[0]: Behaviour(status=20)})
    assert now(five).state == "paused" and orders(five, ALL[0]) == [("run", "disabled")]


def test_deployed_again_it_goes_on_where_it_stopped(five) -> None:
    start(five)
    rounds(five, ALL, {ALL[3]: Behaviour(status=22)})
    again = start(five)
    assert [(step.machine, step.wave) for step in again.steps] == [(ALL[3], 1)] and again.state == "running"
    rounds(five, ALL)
    assert now(five).state == "done"
    assert [len(orders(five, name)) for name in ALL] == [1, 1, 1, 4, 1], "what was done before was left alone"
    nothing = start(five)
    assert (nothing.state, nothing.steps, nothing.reason, nothing.percent) == ("done", [], "all was so already", 100)
    approve(five, every=True)
    rounds(five, ALL)
    assert [len(orders(five, name)) for name in ALL] == [2, 2, 2, 5, 2], "Puppet runs on all where a person wants that"


def test_deployed_again_after_a_change_it_begins_anew(five) -> None:
    start(five)
    rounds(five, ALL, {ALL[3]: Behaviour(status=22)})
    settings.set_setting(five.ctx(), "log_level", SettingIn(value="debug", cluster="c1"))
    assert start(five).wave == 1


def test_stopped_it_orders_nothing_more_and_what_runs_goes_on(five) -> None:
    start(five)
    advance(five)
    stopped = deployments.abort(five.ctx(), "c1", WhyIn())
    assert (stopped.state, stopped.reason) == ("stopped", "stopped by olga")
    assert turn(five, ALL[0]) == "run"
    assert advance(five) == 0 and orders(five, ALL[1]) == []
    with pytest.raises(Conflict, match="is not being deployed"):
        deployments.abort(five.ctx(), "c1", WhyIn())
    assert start(five).state == "running"


def test_it_is_killed_after_each_statement_of_a_round_and_ends_the_same(five, monkeypatch) -> None:
    """A worker that is killed leaves what was committed: each machine is a transaction of its own."""
    start(five)
    count = iter(range(10**6))

    def killed(what):
        def act(*args):
            if next(count) % 3 == 1:
                raise SystemExit("killed")
            return what(*args)

        return act

    monkeypatch.setattr(records, "look", killed(records.look))
    monkeypatch.setattr(records, "turn", killed(records.turn))
    for _ in range(80):
        try:
            if not advance(five):
                break
        except SystemExit:
            continue
        for name in ALL:
            turn(five, name)
        five.clock.now += 15
    assert now(five).state == "done" and [len(orders(five, name)) for name in ALL] == [1] * 5


def test_a_machine_that_is_killed_in_its_run_runs_again(five) -> None:
    start(five)
    advance(five)
    number = poll(five, ALL[0]).order
    poll(five, ALL[0], at_work=number, doing="Notice: one")
    five.clock.now += 100
    rounds(five, ALL)
    assert now(five).state == "done" and orders(five, ALL[0]) == [("run", "converged")]


def test_a_long_run_that_moves_is_waited_for_and_one_that_does_not_is_not(five) -> None:
    five.set(deploy_gate_seconds=300)
    start(five)
    advance(five)
    number = poll(five, ALL[0]).order
    for minute in range(30):
        poll(five, ALL[0], at_work=number, doing=f"Notice: {minute}")
        five.clock.now += 60
        advance(five)
    assert now(five).state == "running"
    for _ in range(7):
        poll(five, ALL[0], at_work=number, doing="Notice: still")
        five.clock.now += 60
        advance(five)
    assert now(five).state == "paused" and "nothing moved for" in now(five).reason


def test_while_the_appliance_was_away_no_machine_stood_still(five) -> None:
    start(five)
    advance(five)
    five.clock.now += 86400
    deployments.woke(five.ctx(APPLIANCE))
    rounds(five, ALL)
    assert now(five).state == "done"


def test_a_clock_that_is_set_back_keeps_no_gate_shut(five) -> None:
    start(five)
    advance(five)
    five.clock.now -= 86400
    deployments.woke(five.ctx(APPLIANCE))
    rounds(five, ALL)
    assert now(five).state == "done" and now(five).ended < now(five).since


def test_a_round_in_which_nothing_happens_writes_nothing(five) -> None:
    start(five)
    advance(five)
    advance(five)
    said: list[str] = []
    bind = five.appliance.make_session.kw["bind"]
    listener = lambda *args: said.append(args[2])  # noqa: E731
    event.listen(bind, "before_cursor_execute", listener)
    advance(five)
    event.remove(bind, "before_cursor_execute", listener)
    assert [word for word in said if word.split()[0] in ("INSERT", "UPDATE", "DELETE")] == [] and len(said) < 8


def test_a_promised_machine_is_installed_and_waited_for(world) -> None:
    prepare(world)
    discovered(world)
    verbs.assign(world.ctx(), "1", AssignIn(cluster="c1", role="compute"))
    start(world)
    advance(world)
    assert look.show(world.ctx(), "1").state == "installing"
    advance(world)
    assert states(world) == {"compute1": "running"} and reason(world, "compute1") == "it is installing"
    world.clock.now += 5000
    advance(world)
    advance(world)
    assert now(world).state == "running", "an install has its own deadline"
    with world.appliance.make_session() as db:
        values = {
            "state": "active",
            "state_since": world.clock.now,
            "convergence": "changed",
            "converged_at": world.clock.now,
        }
        db.execute(update(tables.Machine).values(**values))
        db.commit()
    advance(world)
    advance(world)
    assert now(world).state == "done", "it converged while it was installed: no second run"


def test_a_machine_without_hardware_waits_to_be_adopted(world) -> None:
    cluster(world)
    machine(world, "compute", state="assigned")
    start(world)
    advance(world)
    assert "machine adopt compute1.lab.test" in reason(world, "compute1")


def test_an_install_that_is_refused_leaves_the_machine_as_it_was(world) -> None:
    prepare(world)
    discovered(world)
    verbs.assign(world.ctx(), "1", AssignIn(cluster="c1", role="compute"))
    with world.appliance.make_session() as db:
        inventory = dict(db.get(tables.Machine, 1).inventory)
        db.get(tables.Machine, 1).inventory = {**inventory, "disks": []}
        db.commit()
    start(world)
    advance(world)
    assert look.show(world.ctx(), "1").state == "assigned" and states(world) == {"compute1": "failed"}
    advance(world)
    assert now(world).state == "paused"


def test_no_other_disk_is_written_than_was_approved(world) -> None:
    prepare(world)
    discovered(world)
    verbs.assign(world.ctx(), "1", AssignIn(cluster="c1", role="compute"))
    (step,) = start(world).steps
    assert step.kind == "install" and step.destroys
    with world.appliance.make_session() as db:
        inventory = dict(db.get(tables.Machine, 1).inventory)
        disks = [{**disk, "bytes": disk["bytes"] + 512, "serial": "another"} for disk in inventory["disks"]]
        db.get(tables.Machine, 1).inventory = {**inventory, "disks": disks}
        db.commit()
    advance(world)
    assert look.show(world.ctx(), "1").state == "assigned" and states(world) == {"compute1": "failed"}
    assert "is not what was approved" in reason(world, "compute1")
    assert approve(world).steps[0].destroys != step.destroys, "another plan can be approved"
    advance(world)
    assert look.show(world.ctx(), "1").state == "installing"


@pytest.mark.parametrize("state", ("failed", "releasing", "retired", "discovered"))
def test_a_machine_that_cannot_come_up_fails_with_its_reason(five, state: str) -> None:
    start(five)
    with five.appliance.make_session() as db:
        db.execute(update(tables.Machine).where(tables.Machine.id == 1).values(state=state, reason="the disk is gone"))
        db.commit()
    advance(five)
    advance(five)
    assert now(five).state == "paused" and f"it is {state}: the disk is gone" in now(five).reason


def test_a_machine_that_is_another_clusters_by_now_is_left_alone(five) -> None:
    start(five)
    with five.appliance.make_session() as db:
        db.delete(db.get(tables.Assignment, 1))
        db.commit()
    advance(five)
    assert "no role in this cluster any more" in reason(five, "controller1") and orders(five, ALL[0]) == []


def test_one_machine_that_cannot_be_looked_at_keeps_no_other_from_it(five, monkeypatch) -> None:
    start(five)
    rounds_of = records.look

    def look_at(ctx, deployment, row):
        if row[1].id == 2:
            raise RuntimeError("broken")
        rounds_of(ctx, deployment, row)

    monkeypatch.setattr(records, "look", look_at)
    for _ in range(8):
        advance(five)
        for name in ALL:
            turn(five, name)
    assert states(five)["controller3"] == "checked" and states(five)["controller2"] == "running"


def test_who_may_and_what_cannot_be(world) -> None:
    cluster(world)
    with pytest.raises(Conflict, match="has no machines"):
        start(world)
    machine(world, "compute")
    with pytest.raises(Forbidden):
        deployments.deploy(world.appliance.ctx(Actor("vic", "viewer")), "c1", NONE)
    with pytest.raises(NotFound):
        deployments.deploy(world.ctx(), "c2", NONE)
    start(world)
    with pytest.raises(Conflict, match="is being deployed already"):
        start(world)
    with pytest.raises(NotFound):
        deployments.show_deployment(world.ctx(), "c1", 99)
    deployments.abort(world.ctx(), "c1", WhyIn())
    world.outside(roles={})
    with pytest.raises(Conflict, match="no role file"):
        start(world)
