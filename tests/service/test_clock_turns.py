"""The appliance's clock is set while machines are at work: nothing is cut, and nothing waits for ever."""

from __future__ import annotations

import pytest
from test_path import NOBODY
from test_silence import claimed, configuring, cuts, pass_time, show

from oci.app import APPLIANCE
from oci.db import tables
from oci.services.activity import jobs, tick
from oci.services.path import works
from oci.worker import clock_was_set

HOUR, YEARS = 3600, 4 * 365 * 86400


@pytest.mark.parametrize("back", [HOUR, YEARS])
@pytest.mark.parametrize("begin", [claimed, configuring])
def test_a_clock_that_goes_back_cuts_nobody_and_hides_no_silence(world, begin, back) -> None:
    token = begin(world)
    pass_time(world, 30, 10, lambda _s: works.alive(world.ctx(NOBODY), token, "at it"))
    world.clock.now -= back
    pass_time(world, 60, 10, lambda _s: works.alive(world.ctx(NOBODY), token, "at it"))
    assert cuts(world) == []
    pass_time(world, 3600, 60)
    assert cuts(world), "a silent machine is started anew long before the clock is as late as it was"


def test_a_machine_that_stands_still_after_the_clock_went_back_has_a_deadline_all_the_same(world) -> None:
    token = claimed(world)
    tick.machines(world.ctx(APPLIANCE))
    world.clock.now -= YEARS
    longest = world.appliance.config.install_seconds + 240
    pass_time(
        world, longest, 40, lambda s: show(world).state == "installing" and works.alive(world.ctx(NOBODY), token, "at it")
    )
    assert show(world).state == "failed"


def test_a_job_that_waits_is_due_although_the_clock_went_back(world) -> None:
    claimed(world)
    tick.machines(world.ctx(APPLIANCE))
    ctx = world.ctx(APPLIANCE)
    with world.appliance.make_session() as db:
        db.add(
            tables.Job(
                kind="power",
                lane="power",
                subject="machine 1",
                machine_id=1,
                args={"verb": "status"},
                state="queued",
                created=ctx.now(),
                run_after=ctx.now() + 5,
            )
        )
        db.commit()
    world.clock.now -= YEARS
    tick.machines(world.ctx(APPLIANCE))
    assert jobs.due(world.ctx(APPLIANCE))


def test_a_clock_that_is_set_is_noticed_by_one_that_is_not(tmp_path) -> None:
    mark = tmp_path / "clock"
    assert not clock_was_set(mark, 1000.0)
    assert not clock_was_set(mark, 1000.4)
    assert clock_was_set(mark, 1000.4 + HOUR)
    assert not clock_was_set(mark, 1000.4 + HOUR), "once"
    assert clock_was_set(mark, 1000.0)
    mark.write_text("")
    assert not clock_was_set(mark, 5.0), "half written"
