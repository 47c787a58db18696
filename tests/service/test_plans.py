"""What would happen is shown, approved, and then done: exactly that, whatever else is changed meanwhile."""

from __future__ import annotations

import pytest
import yaml
from cloudy import Behaviour, approve, cluster, machine, orders, planned, rounds, turn
from sqlalchemy import func, select, update

from oci.app import APPLIANCE
from oci.context import Actor
from oci.db import tables
from oci.problems import Conflict, Forbidden, NotFound
from oci.schemas.clusters.clusters import ClusterIn
from oci.schemas.clusters.settings import SettingIn
from oci.schemas.deploy.deployments import DeployIn, SkipIn, StepIn, WhyIn
from oci.schemas.deploy.plans import PlanIn
from oci.services.clusters import clusters, settings
from oci.services.deploy import deployments, plans
from oci.services.path import puppet

ALL = [f"controller{n}.lab.test" for n in (1, 2, 3)] + [f"compute{n}.lab.test" for n in (1, 2)]
LEVEL = "profile::nova::compute::cloud[debug]"


@pytest.fixture
def five(world):
    assert cluster(world, controller=3, compute=2) == ALL
    return world


@pytest.fixture
def up(five):
    approve(five)
    rounds(five, ALL)
    return five


def change(world, value: str = "debug", **scope: str) -> None:
    settings.set_setting(world.ctx(), "log_level", SettingIn(value=value, **(scope or {"cluster": "c1"})))


def told(world, name: str) -> dict:
    return yaml.safe_load(puppet.classify(world.ctx(APPLIANCE), name))["classes"]


def now(world):
    newest = deployments.list_deployments(world.ctx(), "c1").deployments[0]
    return deployments.show_deployment(world.ctx(), "c1", newest.id)


def states(world) -> dict[str, str]:
    return {step.machine.split(".")[0]: step.state for step in now(world).steps}


def test_a_plan_says_what_is_done_to_whom_and_why(five) -> None:
    plan = planned(five)
    assert [(step.machine, step.kind, step.wave) for step in plan.steps] == [
        (name, "converge", wave) for name, wave in zip(ALL, (1, 2, 2, 3, 3), strict=True)
    ]
    assert plan.summary == "converge 5 machines in 3 waves" and plan.losing == [] and plan.seconds is None
    assert plan.waves[0].waits_for == "for nothing: it begins at once"
    assert plan.waves[2].waits_for.endswith("all checks are well on controller2 and controller3 of wave 2")
    assert {step.why for step in plan.steps} == {"it was never brought up by a deployment"}
    assert planned(five).digest == plan.digest, "the same rows, the same plan"


def test_what_was_carried_out_plans_nothing_and_a_change_plans_whom_it_is_told(up) -> None:
    assert planned(up).steps == [] and planned(up).summary == "nothing is to be done: all is as it is declared"
    assert {step.kind for step in planned(up, every=True).steps} == {"converge"}
    change(up, role="compute", cluster="c1")
    plan = planned(up)
    assert [step.machine for step in plan.steps] == ALL[3:]
    assert plan.steps[0].changes == [f"{LEVEL}: false becomes true"]
    assert [(one.text, one.machines) for one in plan.changes] == [(f"{LEVEL}: false becomes true", ALL[3:])]
    assert plan.steps[0].why == "what Puppet is told of it changes" and plan.seconds is not None
    change(up, "info", role="compute", cluster="c1")
    assert planned(up).steps == [], "what is so again is no change"


def test_puppet_is_told_what_was_approved_and_not_what_is_wanted(up) -> None:
    change(up, role="compute", cluster="c1")
    assert told(up, ALL[3])["profile::nova::compute"]["cloud"]["debug"] is False, "a run of its timer changes nothing"
    shown = puppet.preview_classification(up.ctx(), ALL[3])
    assert '"debug": false' in shown.text and shown.pending == [f"{LEVEL}: false becomes true"]
    approve(up)
    change(up, "info", role="compute", cluster="c1")
    rounds(up, ALL)
    assert told(up, ALL[3])["profile::nova::compute"]["cloud"]["debug"] is True, "what was approved, not what came after"
    assert [step.changes for step in planned(up).steps] == [[f"{LEVEL}: true becomes false"]] * 2


def test_a_machine_is_told_the_new_only_once_its_wave_begins(up) -> None:
    settings.set_setting(up.ctx(), "ntp_servers", SettingIn(value="10.0.0.9", cluster="c1"))
    approve(up)
    told_it = ["10.0.0.9" in puppet.classify(up.ctx(APPLIANCE), name) for name in ALL[:3]]
    assert told_it == [True, False, False], "the first controller alone"
    rounds(up, ALL)
    assert all("10.0.0.9" in puppet.classify(up.ctx(APPLIANCE), name) for name in ALL[:3])


def test_what_has_changed_since_is_shown_and_asked_for_again(up) -> None:
    change(up, role="compute", cluster="c1")
    seen = planned(up).digest
    settings.set_setting(up.ctx(), "ntp_servers", SettingIn(value="10.0.0.9", cluster="c1", role="controller"))
    with pytest.raises(
        Conflict, match=r"has changed since the plan .* was made.*controller1.lab.test: converge is to be"
    ) as no:
        deployments.deploy(up.ctx(), "c1", DeployIn(plan=seen))
    assert planned(up).digest in str(no.value) and now(up).state == "done", "nothing was begun"
    with pytest.raises(Conflict, match="is no plan of c1 that is known"):
        deployments.deploy(up.ctx(), "c1", DeployIn(plan="0" * 12))
    assert deployments.deploy(up.ctx(), "c1", DeployIn(plan=planned(up).digest)).state == "running"


def test_a_change_of_an_earlier_plan_that_was_ended_half_way_is_taken_back_by_the_next(up) -> None:
    change(up)
    approve(up)
    deployments.advance(up.ctx(APPLIANCE))
    deployments.abort(up.ctx(), "c1", WhyIn(reason="wrong value"))
    assert now(up).reason == "stopped by olga: wrong value"
    change(up, "info")
    plan = planned(up)
    assert [(step.machine, step.changes) for step in plan.steps] == [
        (name, [f"{LEVEL}: true becomes false"]) for name in ALL[3:]
    ]


def test_who_may_see_and_who_may_approve(five) -> None:
    viewer = five.appliance.ctx(Actor("vera", "viewer"))
    digest = plans.show_plan(viewer, "c1", PlanIn()).digest
    for forbidden in (
        lambda: deployments.deploy(viewer, "c1", DeployIn(plan=digest)),
        lambda: deployments.pause(viewer, "c1", WhyIn()),
        lambda: deployments.resume(viewer, "c1"),
        lambda: deployments.abort(viewer, "c1", WhyIn()),
        lambda: deployments.retry(viewer, "c1", StepIn(machine="x")),
        lambda: deployments.skip(viewer, "c1", SkipIn(machine="x", reason="y")),
    ):
        with pytest.raises(Forbidden):
            forbidden()
    with pytest.raises(NotFound):
        plans.show_plan(viewer, "none", PlanIn())


def test_a_cluster_that_cannot_be_classified_is_told_before_anything_is_done(world) -> None:
    cluster(world, compute=1)
    with world.appliance.make_session() as db:
        db.execute(tables.Address.__table__.delete().where(tables.Address.vip == "api"))
        db.execute(update(tables.Cluster).values(revision=99))
        db.commit()
    with pytest.raises(Conflict, match="no virtual address called api"):
        planned(world)


def test_paused_it_begins_nothing_and_resumed_it_goes_on(five) -> None:
    approve(five)
    deployments.advance(five.ctx(APPLIANCE))
    paused = deployments.pause(five.ctx(), "c1", WhyIn(reason="lunch"))
    assert (paused.state, paused.reason) == ("paused", "paused by olga: lunch")
    with pytest.raises(Conflict, match="paused already"):
        deployments.pause(five.ctx(), "c1", WhyIn())
    turn(five, ALL[0])
    five.clock.now += 10_000
    assert deployments.advance(five.ctx(APPLIANCE)) == 0 and states(five)["controller1"] == "running"
    assert deployments.resume(five.ctx(), "c1").state == "running"
    with pytest.raises(Conflict, match="nothing to resume"):
        deployments.resume(five.ctx(), "c1")
    rounds(five, ALL)
    assert now(five).state == "done", "how long it was paused is held against nobody"


def test_what_failed_is_tried_again_or_left_out(five) -> None:
    approve(five)
    rounds(five, ALL, {ALL[3]: Behaviour(status=23), ALL[4]: Behaviour(status=20)})
    assert (now(five).state, states(five)["compute1"], states(five)["compute2"]) == ("paused", "failed", "failed")
    with pytest.raises(Conflict, match=r"compute1\.lab\.test has failed"):
        deployments.resume(five.ctx(), "c1")
    with pytest.raises(Conflict, match="only what failed can be tried"):
        deployments.retry(five.ctx(), "c1", StepIn(machine=ALL[0]))
    with pytest.raises(Conflict, match="only what failed or waits"):
        deployments.skip(five.ctx(), "c1", SkipIn(machine=ALL[0], reason="x"))
    with pytest.raises(Conflict, match="is no machine of this deployment"):
        deployments.retry(five.ctx(), "c1", StepIn(machine="other"))
    assert deployments.retry(five.ctx(), "c1", StepIn(machine="compute1")).state == "paused", "the other has failed still"
    assert deployments.skip(five.ctx(), "c1", SkipIn(machine=ALL[4], reason="its fan is loud")).state == "running"
    rounds(five, ALL)
    assert now(five).state == "done" and states(five)["compute2"] == "skipped"
    assert [step.machine for step in planned(five).steps] == [ALL[4]], "what was left out stays in the next plan"
    assert [kind for kind, _ in orders(five, ALL[3])] == ["run"] * 4


def test_a_wait_of_a_person_is_not_ended_by_the_retry_of_a_machine(five) -> None:
    approve(five)
    rounds(five, ALL, {ALL[0]: Behaviour(status=20)})
    assert now(five).state == "paused"
    deployments.pause(five.ctx(), "c1", WhyIn(reason="wait for me"))
    assert deployments.retry(five.ctx(), "c1", StepIn(machine=ALL[0])).state == "paused"
    assert deployments.resume(five.ctx(), "c1").state == "running"


def test_another_plan_takes_the_place_of_one_that_is_paused(five) -> None:
    approve(five)
    rounds(five, ALL, {ALL[0]: Behaviour(status=23)})
    change(five)
    second = approve(five)
    first = deployments.show_deployment(five.ctx(), "c1", second.id - 1)
    assert first.state == "stopped" and first.reason == f"olga approved another plan, {second.plan}"
    rounds(five, ALL)
    assert now(five).state == "done" and planned(five).steps == []


def test_nothing_that_nobody_names_is_kept(up) -> None:
    def kept() -> int:
        with up.appliance.make_session() as db:
            return db.scalar(select(func.count()).select_from(tables.Classification))

    first = kept()
    for number in range(30):
        change(up, ("debug", "info")[number % 2])
        planned(up)
    assert kept() == first, "showing keeps no classification"
    for number in range(4):
        change(up, ("info", "debug")[number % 2])
        approve(up)
        rounds(up, ALL)
    assert kept() <= first + 2, "what was told once and is told no more goes with the next deployment"
    with up.appliance.make_session() as db:
        assert db.scalar(select(func.count()).select_from(tables.Plan)) <= 20


def test_a_controller_that_is_not_well_comes_before_those_that_are(up) -> None:
    with up.appliance.make_session() as db:
        db.execute(update(tables.Machine).where(tables.Machine.name == ALL[2]).values(convergence="failed"))
        db.commit()
    settings.set_setting(up.ctx(), "ntp_servers", SettingIn(value="10.0.0.9", cluster="c1", role="controller"))
    steps = [step.machine.split(".")[0] for step in planned(up).steps if step.role == "controller"]
    assert steps[0] == "controller3", "a quorum is kept by mending first"


def test_a_machine_that_is_installed_by_hand_is_looked_at_again(up) -> None:
    with up.appliance.make_session() as db:
        db.execute(update(tables.Assignment).where(tables.Assignment.fqdn == ALL[3]).values(settled=""))
        db.commit()
    assert [(step.machine, step.kind) for step in planned(up).steps] == [(ALL[3], "converge")]


def test_a_new_machine_is_told_of_to_those_that_are_there_before_it_comes(up) -> None:
    name = machine(up, "compute", "assigned")
    plan = planned(up)
    assert (plan.steps[-1].machine, plan.steps[-1].kind) == (name, "wait")
    assert "power it on in the provisioning network" in plan.steps[-1].why


@pytest.mark.parametrize("other", ("a role", "a cluster"))
def test_what_was_approved_is_told_to_no_machine_that_has_another_promise_by_then(up, other: str) -> None:
    change(up, role="compute", cluster="c1")
    approve(up)
    deployments.pause(up.ctx(), "c1", WhyIn())
    clusters.create_cluster(up.ctx(), ClusterIn(name="c2", domain="other.test", network="prov"))
    with up.appliance.make_session() as db:
        row = db.get(tables.Assignment, 4)
        db.execute(update(tables.Step).where(tables.Step.machine_id == 4).values(state="failed"))
        row.pinned = row.settled = ""
        if other == "a role":
            row.role, row.number = "network", 9
        else:
            row.cluster_id = db.scalar(select(tables.Cluster.id).where(tables.Cluster.name == "c2"))
        db.commit()
    deployments.retry(up.ctx(), "c1", StepIn(machine=ALL[3]))
    deployments.resume(up.ctx(), "c1")
    deployments.advance(up.ctx(APPLIANCE))
    with up.appliance.make_session() as db:
        row = db.get(tables.Assignment, 4)
        assert (row.pinned, row.settled, row.ailing) == ("", "", False), "it is another machine to everybody"
    assert states(up)["compute1"] == "failed"
