"""Background work: claimed once, in order, within the limit of its lane; what fails, and whose worker is lost."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from test_pulse import counting

from oci import worker
from oci.app import APPLIANCE
from oci.db import tables
from oci.domain.activity.jobs import KINDS, LANES, back_off, is_lost, subject_of
from oci.domain.machines.power import STAGES
from oci.ports import OutsideError
from oci.records.activity.leases import Later
from oci.services.activity import jobs, tick

CERTIFICATE = "clean_certificate"


def add(world, kind: str = CERTIFICATE, subject: str = "", **more) -> int:
    with world.appliance.make_session() as db:
        now = world.clock.now
        row = tables.Job(
            kind=kind,
            lane=KINDS[kind].lane if kind in KINDS else "certificates",
            subject=subject,
            args={"certname": "gone.lab.test"},
            state="queued",
            created=now,
            run_after=now,
            **more,
        )
        db.add(row)
        db.commit()
        return row.id


def job(world, number: int) -> tables.Job:
    with world.appliance.make_session() as db:
        return db.get(tables.Job, number)


def take(world, owner: str = "w", only: int | None = None):
    return jobs.take(world.ctx(APPLIANCE), owner, only)


def events(world, kind: str) -> list[str]:
    with world.appliance.make_session() as db:
        return [e.text for e in db.query(tables.Event).filter_by(kind=kind).order_by(tables.Event.id)]


@pytest.fixture
def failing(world, monkeypatch):
    """The work of certificates ends in the error that the list holds first; without one it is done."""
    errors: list[Exception] = []

    def work(_ctx, _work) -> str:
        if errors:
            raise errors.pop(0)
        return "done"

    monkeypatch.setitem(jobs.RUN, CERTIFICATE, work)
    return errors


def outside(what: str = "no answer") -> OutsideError:
    return OutsideError(what, "it is off", "switch it on")


def test_every_kind_has_work_and_a_lane() -> None:
    assert worker.HOLD_JOBS, "whoever works imports them"
    assert jobs.RUN.keys() == KINDS.keys() and {kind.lane for kind in KINDS.values()} <= LANES.keys()
    assert "status" not in STAGES


def test_a_job_that_fails_is_tried_again_later_each_time_and_given_up_with_an_event(world, failing) -> None:
    number, attempts = add(world), KINDS[CERTIFICATE].attempts
    failing += [outside(f"try {n}") for n in range(attempts)]
    waits = []
    for _ in range(attempts):
        assert jobs.run_next(world.ctx(APPLIANCE), "w")
        row = job(world, number)
        if row.state == "queued":
            assert not jobs.run_next(world.ctx(APPLIANCE), "w"), "not before its time"
            waits.append(row.run_after - world.clock.now)
            world.clock.now = row.run_after
    assert waits == [5, 10, 20, 40] and job(world, number).state == "failed"
    (told,) = events(world, "job.failed")
    assert CERTIFICATE in told and "try 4" in told and "switch it on" in told
    world.clock.now += 10**6
    assert not jobs.run_next(world.ctx(APPLIANCE), "w"), "what was given up is over"


def test_a_job_that_fails_once_and_then_works_is_done_without_an_event(world, failing) -> None:
    number = add(world)
    failing.append(outside())
    jobs.run_next(world.ctx(APPLIANCE), "w")
    world.clock.now += 5
    jobs.run_next(world.ctx(APPLIANCE), "w")
    row = job(world, number)
    assert (row.state, row.attempts, row.error, row.result) == ("done", 2, "", "done") and events(world, "job.failed") == []


def test_a_defect_is_named_and_does_not_keep_the_job_for_ever(world, failing) -> None:
    number = add(world)
    failing.append(ZeroDivisionError("x"))
    with pytest.raises(ZeroDivisionError):
        jobs.run_next(world.ctx(APPLIANCE), "w")
    row = job(world, number)
    assert row.state == "queued" and "ZeroDivisionError" in row.error and row.run_after == world.clock.now + 5


def test_a_kind_that_this_version_does_not_know_is_given_up_in_words(world) -> None:
    number = add(world, "from_the_future")
    assert take(world) is None
    assert job(world, number).state == "failed" and "does not know" in events(world, "job.failed")[0]


def test_the_lease_of_a_lost_worker_ends_and_the_job_goes_on(world, failing) -> None:
    number = add(world)
    lost = take(world, "lost")
    assert take(world, "other") is None
    world.clock.now += KINDS[CERTIFICATE].seconds + 1
    assert jobs.run_next(world.ctx(APPLIANCE), "other") and job(world, number).state == "done"
    jobs.finish(world.ctx(APPLIANCE), lost, "too late")
    assert job(world, number).state == "done", "who lost the lease changes nothing"


def test_a_job_that_ends_its_worker_each_time_is_given_up(world) -> None:
    number, kind = add(world), KINDS[CERTIFICATE]
    for _ in range(3 * kind.attempts):
        take(world)
        world.clock.now += kind.seconds + 1
    assert job(world, number).state == "failed" and "lost" in events(world, "job.failed")[0]


def test_two_workers_never_take_one_job(world) -> None:
    numbers = {add(world, "power", f"machine {n}") for n in range(LANES["power"].limit)}
    start = threading.Barrier(8)

    def work(worker: int) -> list[int]:
        start.wait(timeout=60)
        taken = []
        while (leased := jobs.take(world.ctx(APPLIANCE), f"w{worker}")) is not None:
            taken.append(leased.job_id)
        return taken

    with ThreadPoolExecutor(8) as pool:
        taken = [number for some in pool.map(work, range(8)) for number in some]
    assert sorted(taken) == sorted(numbers)


def test_a_subject_has_one_job_at_a_time_in_the_order_they_were_given(world) -> None:
    first, second, other = add(world, subject="machine 1"), add(world, subject="machine 1"), add(world, subject="machine 2")
    one = take(world)
    assert (one.job_id, take(world).job_id) == (first, other)
    assert take(world) is None and take(world, only=second) is None
    jobs.finish(world.ctx(APPLIANCE), one)
    assert take(world).job_id == second


def test_what_is_tried_again_keeps_its_place_before_the_next_of_its_subject(world) -> None:
    first, second = add(world, subject="machine 1"), add(world, subject="machine 1")
    jobs.finish(world.ctx(APPLIANCE), take(world), "not yet")
    assert take(world) is None, f"{second} waits for {first}"
    world.clock.now += 5
    assert take(world).job_id == first


def test_a_lane_has_a_limit_and_a_full_one_stops_no_other(world) -> None:
    limit = LANES["certificates"].limit
    for n in range(limit + 3):
        add(world, subject=f"machine {n}")
    for _ in range(limit):
        assert take(world).kind == CERTIFICATE
    assert take(world) is None
    add(world, "power", "machine 1")
    assert take(world).kind == "power"


def test_jobs_that_were_put_off_lose_no_try(world, monkeypatch) -> None:
    number = add(world)
    monkeypatch.setitem(jobs.RUN, CERTIFICATE, lambda _ctx, _work: Later(7))
    for _ in range(3 * KINDS[CERTIFICATE].attempts):
        assert jobs.run_next(world.ctx(APPLIANCE), "w")
        world.clock.now += 7
    assert (job(world, number).state, job(world, number).attempts) == ("queued", 0)


def test_taking_a_job_costs_the_same_however_many_wait(world) -> None:
    costs = []
    for _ in range(2):
        for n in range(150):
            add(world, "power", f"machine {len(costs)}.{n}")
        with counting(world) as counted:
            jobs.finish(world.ctx(APPLIANCE), take(world))
        costs.append(len(counted.statements))
    assert costs[0] == costs[1]


def test_a_round_names_no_more_jobs_than_there_are_threads_to_wake(world) -> None:
    for n in range(120):
        add(world, "power", f"machine {n}")
    assert len(jobs.due(world.ctx(APPLIANCE), 16)) == 16


def test_back_off_doubles_and_has_an_end() -> None:
    assert [back_off(n) for n in range(5)] == [5, 5, 10, 20, 40] and back_off(60) == 600
    assert not is_lost(KINDS["power"], 10) and is_lost(KINDS["power"], 11)
    assert subject_of(KINDS["power"], 12) == "machine 12" and subject_of(KINDS["power"], None) == ""


def test_a_round_forgets_jobs_that_ended_long_ago(world, failing) -> None:
    number = add(world)
    jobs.run_next(world.ctx(APPLIANCE), "w")
    world.clock.now += tick.JOBS_KEPT_SECONDS + 1
    tick.machines(world.ctx(APPLIANCE))
    assert job(world, number) is None
