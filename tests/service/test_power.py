"""Power orders: told by effect, with patience, in order, and in somebody's name."""

from __future__ import annotations

import contextlib
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from oci.adapters.fake import FaultyPower, WorkerKilled
from oci.app import APPLIANCE
from oci.context import Actor
from oci.db import tables
from oci.domain.activity.jobs import KINDS
from oci.domain.machines.power import STAGES, TIMES
from oci.schemas.activity.events import EventQuery
from oci.schemas.activity.jobs import JobQuery
from oci.schemas.machines.machines import BmcIn
from oci.services.activity import events, jobs, lost_workers
from oci.services.machines import look, verbs

MAC = "52:54:00:77:00:01"
BMC = BmcIn(address="10.78.0.1", username="admin", password="sesame")


@pytest.fixture
def room(world):
    """A machine with a controller, whose power was read once."""
    verbs.enrol(world.ctx(), MAC, BMC)
    work(world)
    return world


def with_power(world, **more) -> FaultyPower:
    power = FaultyPower(world.clock, **more)
    world.outside(power=power)
    return power


def work(world) -> None:
    """What a worker does in one pass; it may be killed in the middle."""
    for job_id in jobs.due(world.ctx(APPLIANCE)):
        with contextlib.suppress(WorkerKilled):
            jobs.run(world.ctx(APPLIANCE), job_id, "test")


def until_idle(world, seconds: float = 5.0, passes: int = 3000) -> None:
    """Work and let time go by, until no job is left."""
    for _ in range(passes):
        work(world)
        if not [j for j in all_jobs(world) if j.state in ("queued", "running")]:
            return
        world.clock.now += seconds
    raise AssertionError("the jobs have no end")


def all_jobs(world):
    return events.list_jobs(world.ctx(), JobQuery(limit=100)).jobs[::-1]


def said(world, kind: str) -> list[str]:
    return [e.text for e in events.list_events(world.ctx(), EventQuery(kind=kind, limit=100)).events]


def states(power: FaultyPower) -> list[str]:
    return [state for _, state in power.told]


def test_a_controller_that_shows_a_state_late_is_told_once(room) -> None:
    power = with_power(room, late=40.0)
    verbs.power(room.ctx(), "1", "on")
    until_idle(room)
    assert states(power) == ["on"] and power.shown() == "on"
    assert look.show(room.ctx(), "1").power == "on"
    assert all_jobs(room)[-1].state == "done" and all_jobs(room)[-1].attempts == 1


def test_a_cycle_of_a_late_controller_is_off_then_on_once_each(room) -> None:
    power = with_power(room, late=40.0, was="on")
    verbs.power(room.ctx(), "1", "cycle")
    until_idle(room)
    assert states(power) == ["off", "on"] and power.shown() == "on"


def test_a_worker_killed_in_the_middle_of_a_cycle_is_followed_by_one_that_goes_on(room) -> None:
    power = with_power(room, late=10.0, was="on", faults=["ok", "killed"])
    verbs.power(room.ctx(), "1", "cycle")
    until_idle(room)
    assert states(power) == ["off", "on"] and power.shown() == "on"


def test_a_controller_that_obeys_and_does_nothing_is_named_and_its_state_told(room) -> None:
    power = with_power(room, stubborn=True)
    verbs.power(room.ctx(), "1", "on")
    until_idle(room)
    assert states(power) == ["on"] * TIMES
    job, machine = all_jobs(room)[-1], look.show(room.ctx(), "1")
    assert job.state == "failed"
    assert "10.78.0.1 did not switch on: it took the order 2 times, and still shows off" in job.error
    assert machine.power == "off" and machine.reason == job.error
    assert "switch on, ordered by olga" in said(room, "job.failed")[-1]


def test_a_controller_that_refuses_the_boot_device_still_starts_the_machine(room) -> None:
    power = with_power(room)
    power.boot_device = lambda _bmc, _device, _firmware: power._talk("pxe")  # type: ignore[method-assign]
    power.faults = ["ok", "refused"]
    order(room, "netboot")
    until_idle(room)
    assert states(power) == ["on"]
    assert "boots from the network if its own boot order says so" in said(room, "power.refused")[-1]


@pytest.mark.parametrize("firmware", ["efi", "bios", ""])
def test_the_boot_device_is_named_for_the_firmware_of_the_machine(room, firmware: str) -> None:
    power = with_power(room)
    heard: list[tuple[str, str]] = []
    power.boot_device = lambda _bmc, device, mode="": heard.append((device, mode))  # type: ignore[method-assign]
    with room.appliance.make_session() as db:
        db.get(tables.Machine, 1).firmware = firmware
        db.commit()
    order(room, "netboot")
    until_idle(room)
    assert heard == [("pxe", firmware)]


def test_two_network_boots_in_a_row_are_one(room) -> None:
    power = with_power(room, late=10.0, was="on")
    order(room, "netboot")
    order(room, "netboot")
    until_idle(room)
    assert states(power) == ["off", "on"]
    assert "job 3 came instead (network boot, ordered by olga)" in all_jobs(room)[1].result


def test_a_network_boot_that_replaces_one_under_way_goes_on_with_it(room) -> None:
    power = with_power(room, late=10.0, was="on")
    order(room, "netboot")
    work(room)
    order(room, "netboot")
    until_idle(room)
    assert states(power) == ["off", "on"] and power.shown() == "on"


@pytest.mark.parametrize(("first", "then"), [("off", "on"), ("on", "off"), ("cycle", "off"), ("netboot", "off")])
def test_the_newer_order_waits_for_the_older_one_and_wins(room, first: str, then: str) -> None:
    power = with_power(room, late=40.0, was="on" if first == "off" else "off")
    order(room, first)
    work(room)
    order(room, then)
    until_idle(room)
    room.clock.now += 1000
    assert power.shown() == then == states(power)[-1]


def test_an_older_order_does_not_come_back_after_a_newer_one_is_over(room) -> None:
    power = with_power(room, late=3.0, was="on")
    order(room, "cycle")
    work(room)
    room.clock.now += 4
    order(room, "off")
    work(room)
    assert all_jobs(room)[-1].state == "done" and power.shown() == "off"
    until_idle(room)
    assert states(power) == ["off"] and power.shown() == "off"


def test_an_order_that_was_replaced_before_it_was_told_is_not_waited_for(room) -> None:
    power = with_power(room, late=3.0, was="on")
    read = power.status

    def status(bmc) -> str:
        power.status = read  # type: ignore[method-assign]
        verbs.power(room.ctx(), "1", "on")
        return read(bmc)

    power.status = status  # type: ignore[method-assign]
    order(room, "off")
    work(room)
    work(room)
    assert all_jobs(room)[-1].state == "done" and states(power) == []


def test_keeping_a_machine_on_never_replaces_an_order(room) -> None:
    power = with_power(room, late=40.0, was="on")
    order(room, "off")
    work(room)
    order(room, "ensure")
    until_idle(room)
    assert states(power) == ["off"] and power.shown() == "off"


def test_one_machine_is_switched_by_one_worker_at_a_time(room) -> None:
    power = with_power(room, was="on")
    order(room, "cycle")
    inside: list[bool] = []
    was = power.off

    def off(bmc) -> None:
        verbs.power(room.ctx(), "1", "off")
        inside.append(jobs.run(room.ctx(APPLIANCE), room.poked[-1], "other"))
        was(bmc)

    power.off = off  # type: ignore[method-assign]
    work(room)
    assert inside == [False]
    assert jobs.due(room.ctx(APPLIANCE)) == [3], "the order that was sent away may begin now"
    power.off = was  # type: ignore[method-assign]
    until_idle(room)
    assert states(power) == ["off"] and power.shown() == "off"


def order(world, verb: str, who: str = "olga") -> None:
    """An order of a verb that only the appliance gives otherwise."""
    with ordering(world, who) as (ctx, machine):
        from oci.records.machines import power_orders

        power_orders.order(ctx, machine, verb)


@contextlib.contextmanager
def ordering(world, who: str) -> Iterator[tuple[object, tables.Machine]]:
    ctx = world.ctx(Actor(who, "operator"))
    with ctx.make_session() as db:
        ctx._db = db
        yield ctx, db.get(tables.Machine, 1)
        db.commit()


def test_every_order_is_in_an_event_with_who_and_why(room) -> None:
    with_power(room, was="on")
    verbs.power(room.ctx(Actor("vera", "operator")), "1", "cycle")
    until_idle(room)
    found = events.list_events(room.ctx(), EventQuery(machine="1", limit=100)).events
    ordered = [e for e in found if e.kind == "power.ordered"]
    assert [(e.actor, e.text) for e in ordered] == [("vera", "power cycle")]
    assert said(room, "power.told") == [
        "10.78.0.1 is told to switch off (power cycle, ordered by vera)",
        "10.78.0.1 is told to switch on (power cycle, ordered by vera)",
    ]
    assert said(room, "machine.power")[-1] == "power is on after power cycle, ordered by vera"
    job = all_jobs(room)[-1]
    assert (job.order, job.result) == ("power cycle, ordered by vera", "power is on")


def test_the_lease_outlasts_the_slowest_verb() -> None:
    from oci.adapters.power.ipmi import Ipmi

    assert Ipmi(Path("/nonexistent")).longest_seconds < KINDS["power"].seconds


FAULTS = st.lists(st.sampled_from(["ok"] * 3 + ["lost", "unanswered", "refused", "killed"]), max_size=25)
ORDERS = st.lists(
    st.tuples(
        st.sampled_from(["on", "off", "cycle", "netboot", "ensure"]), st.sampled_from([0.0, 1.0, 7.0, 30.0, 100.0, 400.0])
    ),
    min_size=1,
    max_size=5,
)


def follow(world, orders) -> int:
    """Give the orders with pauses while a worker is at it; the number of words the controller had heard before the last."""
    heard = 0
    for verb, pause in orders:
        heard = len(world.appliance.outside.power.told)
        order(world, verb)
        end = world.clock.now + pause
        while world.clock.now < end:
            work(world)
            world.clock.now += 10
    until_idle(world, 20)
    return heard


CASES = given(
    late=st.sampled_from([0.0, 3.0, 40.0, 120.0, 149.0]),
    faults=FAULTS,
    was=st.sampled_from(["on", "off"]),
    orders=ORDERS,
    stubborn=st.booleans(),
)


@settings(max_examples=12)
@CASES
def test_whatever_happens_the_last_order_wins_or_a_reason_is_told(
    new_world, enough, late, faults, was, orders, stubborn
) -> None:
    if enough("the last order wins"):
        return
    hold(new_world, late, faults, was, orders, stubborn)


@pytest.mark.long
@settings(max_examples=1500)
@CASES
def test_the_last_order_wins_in_many_histories(new_world, late, faults, was, orders, stubborn) -> None:
    hold(new_world, late, faults, was, orders, stubborn)


def hold(new_world, late, faults, was, orders, stubborn) -> None:
    with fresh(new_world) as world:
        power = with_power(world, late=late, faults=list(faults), was=was, stubborn=stubborn)
        heard = follow(world, orders)
        last = [job for job in all_jobs(world) if job.state != "done" or "came instead" not in job.result][-1]
        verb = last.order.split(",")[0]
        wanted = "off" if verb == "switch off" else "on"
        after = states(power)[heard:]
        allowed = STAGES["off" if wanted == "off" else "cycle"]
        world.clock.now += 1000
        if last.state == "done":
            assert power.shown() == wanted == look.show(world.ctx(), "1").power
        else:
            assert last.error and look.show(world.ctx(), "1").reason
        compact = [s for n, s in enumerate(after) if n == 0 or after[n - 1] != s]
        # What an order before had begun may come first; then the states of this one, each at most once and in order.
        assert (
            compact[-len(allowed) :] == list(allowed)[-len(compact) :] or set(compact) <= {wanted} or last.state == "failed"
        )
        if verb in ("switch on", "switch off") and compact:
            assert set(compact) == {wanted}, "an opposite verb was given after the last order"


@contextlib.contextmanager
def fresh(new_world):
    """A world of its own for each example."""
    with tempfile.TemporaryDirectory() as folder, new_world(Path(folder)) as world:
        verbs.enrol(world.ctx(), MAC, BMC)
        work(world)
        yield world


def test_a_killed_workers_order_goes_on_at_once_when_the_next_one_begins(room) -> None:
    """Its lease outlasts the slowest verb; a machine that waits for its power would be tried again and given up."""
    power = with_power(room, faults=["ok", "killed"])
    verbs.power(room.ctx(), "1", "on")
    work(room)
    (job,) = [j.id for j in all_jobs(room) if j.state == "running"]
    appliance = room.ctx(APPLIANCE)
    assert jobs.due(appliance) == [] and lost_workers.free(appliance, lambda owner: owner == "other") == []
    assert lost_workers.free(appliance, lambda owner: owner == "test") == [job] == jobs.due(appliance)
    until_idle(room)
    assert look.show(room.ctx(), "1").power == "on" and states(power) == ["on"]
