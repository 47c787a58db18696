"""Proofs of a cloud: ordered one at a time, done in turns, told step by step, and nothing of them is left behind."""

from __future__ import annotations

import clouds
import pytest
from clouds import open_jobs, work_off
from sqlalchemy import select

from oci.adapters.fake import FakeGuests, WorkerKilled
from oci.app import APPLIANCE
from oci.context import Actor
from oci.db import tables
from oci.domain.cloud.proof import FAILED, LEFT, OK, STEPS
from oci.ports import GuestParts
from oci.problems import Conflict, Forbidden, NotFound
from oci.schemas.cloud.checks import ProofIn, ProofOut
from oci.services.activity import jobs
from oci.services.cloud import checks

EVERY = ProofIn()


@pytest.fixture
def cloud(world):
    clouds.deploy(world)
    return world.cloud


def ordered(world, *computes: str) -> ProofOut:
    return checks.order(world.ctx(), "cloud", ProofIn(compute=list(computes)))


def shown(world, number: int = 1) -> ProofOut:
    return checks.show_check(world.ctx(), "cloud", number)


def states(world, number: int = 1) -> dict[str, str]:
    """By step, and by step and compute."""
    return {f"{one.step} {one.compute}".strip(): one.state for one in shown(world, number).steps}


def why(world, name: str, number: int = 1) -> str:
    return next(one.why for one in shown(world, number).steps if f"{one.step} {one.compute}".strip() == name)


def events(world, kind: str) -> list[tables.Event]:
    with world.appliance.make_session() as db:
        return list(db.scalars(select(tables.Event).where(tables.Event.kind == kind).order_by(tables.Event.id)))


def test_a_cloud_that_works_passes_on_each_compute_and_nothing_is_left_in_it(world, cloud) -> None:
    cloud.slow = {"server": 3, "image": 1}
    told = ordered(world)
    assert told.state == "queued" and told.computes == ["compute1", "compute2"] and told.percent == 0
    work_off(world)
    after = shown(world)
    assert after.state == "passed" and after.percent == 100 and after.text == "a server ran on 2 computes"
    assert set(states(world).values()) == {OK}, [(one.step, one.why) for one in after.steps if one.state != OK]
    assert after.started is not None and after.finished is not None and after.finished > after.started
    hosts = [wanted["host"] for wanted in cloud.wanted.values() if "host" in wanted]
    assert hosts == ["compute1", "compute2"] and not cloud.things
    assert "from the guest on compute2" in why(world, "ping compute1")
    with world.appliance.make_session() as db:
        rows = [db.execute(select(table)).all() for table in tables.Table.metadata.sorted_tables]
    assert clouds.password(world) not in repr(rows) + after.model_dump_json()
    assert any(one.seconds > 0 for one in after.steps if one.step == "server"), "it took its time"
    (started,), (passed,) = events(world, "check.started"), events(world, "check.passed")
    assert started.actor == "olga" and "compute1, compute2" in started.text and passed.cluster_id == started.cluster_id


def test_one_compute_is_proved_alone_and_what_nobody_could_ask_is_said(world, cloud) -> None:
    ordered(world, "compute2.cloud.test")
    work_off(world)
    assert shown(world).state == "passed" and shown(world).computes == ["compute2"]
    assert states(world)["ping compute2"] == LEFT and "nobody could ask it" in why(world, "ping compute2")
    assert "not checked: It answers a ping (compute2)" in shown(world).text


def test_with_a_network_that_leads_out_the_appliance_asks_itself(world, cloud) -> None:
    cloud.leads_out = "net-out"
    ordered(world, "compute1")
    work_off(world)
    assert states(world)["ping compute1"] == OK and "from this appliance" in why(world, "ping compute1")
    cloud.broken = {"ping": "there is no route"}
    ordered(world, "compute1")
    work_off(world)
    assert states(world, 2)["ping compute1"] == LEFT and "there is no route" in why(world, "ping compute1", 2)
    cloud.broken = {}
    checks.order(world.ctx(), "cloud", ProofIn(compute=["compute1"], outside=False))
    work_off(world)
    assert "nobody could ask it: it was ordered so" in why(world, "ping compute1", 3)
    assert not cloud.things


@pytest.mark.parametrize("step", ["make image", "make network", "make router", "make port", "make server", "console", "log"])
def test_whatever_fails_is_named_with_its_reason_and_the_rest_is_removed(world, cloud, step) -> None:
    cloud.refused = {step: "it has no room"}
    ordered(world)
    work_off(world)
    after = shown(world)
    assert after.state == "failed" and "it has no room" in after.text
    assert states(world)["removed"] == OK and not cloud.things
    assert len(events(world, "check.failed")) == 1 and not events(world, "check.passed")


def test_a_cloud_that_answers_nothing_fails_at_the_deadline_of_its_first_step(world, cloud) -> None:
    cloud.broken = {"endpoints": "connection refused"}
    ordered(world)
    work_off(world)
    assert states(world)["token"] == FAILED and "not within 1 min 30 s: endpoints failed: connection refused" in why(
        world, "token"
    )
    assert {state for name, state in states(world).items() if STEPS[name.split()[0]].needs} == {LEFT}


def test_an_answer_that_is_lost_once_is_asked_for_again(world, cloud) -> None:
    cloud.broken = {"services": "reset by peer", "make flavor": "reset by peer"}
    ordered(world)
    for _ in range(3):
        while jobs.run_next(world.ctx(APPLIANCE), "w"):
            pass
        world.clock.now += 5
    cloud.broken = {}
    work_off(world)
    assert shown(world).state == "passed"


def test_an_empty_catalogue_and_a_host_that_is_down_are_told_in_words(world, cloud) -> None:
    del cloud.urls["network"]
    ordered(world)
    work_off(world)
    assert "the catalogue names no endpoint for network" in why(world, "catalogue")
    cloud.urls["network"], cloud.dead = "https://api.cloud.test/network", ("compute1",)
    ordered(world)
    work_off(world)
    assert "the compute service of compute1 is down" in why(world, "service compute1", 2)
    assert states(world, 2)["server compute1"] == LEFT and states(world, 2)["server compute2"] == OK
    cloud.hosts = ("compute2",)
    ordered(world, "compute1")
    work_off(world)
    assert "Nova knows no compute service on compute1" in why(world, "service compute1", 3)


def test_a_guest_that_never_speaks_fails_and_a_sites_own_image_leaves_that_out(world, cloud) -> None:
    cloud.mute = ("compute1",)
    ordered(world)
    work_off(world)
    assert "its console says nothing yet" in why(world, "lease compute1") and states(world)["lease compute2"] == OK
    world.outside(guests=FakeGuests(GuestParts(disk="/srv/own.qcow2", format="qcow2")))
    ordered(world, "compute1")
    work_off(world)
    assert shown(world, 2).state == "passed" and "check_image" in why(world, "lease compute1", 2)
    assert states(world, 2)["metadata compute1"] == LEFT
    world.outside(guests=FakeGuests(why="it was never built"))
    ordered(world, "compute1")
    work_off(world)
    assert "it was never built" in why(world, "image", 3) and shown(world, 3).state == "failed"


@pytest.mark.parametrize("where", ["made image", "made network", "made server", "made router", "drop server", "log"])
def test_a_worker_that_is_killed_leaves_nothing_and_makes_nothing_twice(world, cloud, where) -> None:
    cloud.killed = where
    ordered(world)
    with pytest.raises(WorkerKilled):
        work_off(world)
    world.clock.now += 1300  # its lease runs out
    work_off(world)
    assert shown(world).state == "passed", [(one.step, one.why) for one in shown(world).steps if one.state == FAILED]
    assert not cloud.things
    servers = [wanted["host"] for wanted in cloud.wanted.values() if "host" in wanted]
    assert sorted(servers) == ["compute1", "compute2"], "no server twice"


def test_what_a_check_left_that_was_given_up_is_removed_by_the_next_and_nothing_else_is(world, cloud) -> None:
    for kind, name in (("server", "oci-check-7-compute1"), ("network", "oci-check-7"), ("image", "oci-check-7-kernel")):
        cloud.make(kind, name, {"host": "x"})
    mine = cloud.make("network", "oci-check-mine", {})
    cloud.make("server", "web", {"host": "x"})
    ordered(world)
    work_off(world)
    assert shown(world).state == "passed"
    assert sorted(thing.name for thing in cloud.things.values()) == ["oci-check-mine", "web"] and mine


def test_there_is_one_at_a_time_and_others_are_told_whose_it_is(world, cloud) -> None:
    ordered(world)
    with pytest.raises(Conflict, match=r"is queued already \(number 1, ordered by olga\)"):
        ordered(world)
    work_off(world)
    assert ordered(world).id == 2


def test_what_is_in_the_way_is_told_before_anything_is_ordered(world) -> None:
    clouds.declare(world)
    with pytest.raises(Conflict, match="has no administrator yet"):
        ordered(world)
    with pytest.raises(NotFound):
        checks.order(world.ctx(), "none", EVERY)
    with pytest.raises(Forbidden):
        checks.order(world.ctx(Actor("vera", "viewer")), "cloud", EVERY)
    assert not open_jobs(world)


def test_a_name_that_is_no_compute_is_refused_with_those_that_are(world, cloud) -> None:
    with pytest.raises(Conflict, match=r"controller1 is no compute of the cluster cloud; these are: compute1, compute2"):
        ordered(world, "compute1", "controller1")
    with pytest.raises(NotFound, match=r"has no check 9; `ocicli cluster checks cloud`"):
        shown(world, 9)


def test_the_last_ones_are_kept_and_one_that_is_given_up_has_failed(world, cloud) -> None:
    world.set(checks_kept=2)
    for _ in range(3):
        ordered(world, "compute1")
        work_off(world)
    assert [one.id for one in checks.list_checks(world.ctx(), "cloud").checks] == [3, 2]
    ordered(world, "compute1")
    for _ in range(7):  # each of its workers is lost
        world.clock.now += 5000
        jobs.take(world.ctx(APPLIANCE), "w")
    assert [one.state for one in checks.list_checks(world.ctx(), "cloud").checks] == ["failed", "passed"]
    assert "given up" in checks.list_checks(world.ctx(), "cloud").checks[0].text
    assert ordered(world).id == 5, "it stands in nobody's way"


def test_a_cluster_that_is_no_cloud_any_more_ends_its_check(world, cloud) -> None:
    ordered(world)
    with world.appliance.make_session() as db:
        db.query(tables.Secret).delete()
        db.commit()
    work_off(world)
    assert shown(world).state == "failed" and "has no administrator" in shown(world).text
