"""Installs wait for room, in order of asking, and are told where they stand."""

from __future__ import annotations

import pytest
from test_path import HASH, NOBODY, boot, prepare, report

from oci.app import APPLIANCE
from oci.db import tables
from oci.problems import Conflict
from oci.schemas.machines.machines import AssignIn
from oci.services.activity import tick
from oci.services.machines import look, verbs
from oci.services.path import reports, works


def with_limits(world, **limits: int) -> None:
    world.set(**{"installs_at_once": 0, "installs_per_place": 0, "installs_per_server": 0, **limits})


@pytest.fixture
def waiting(world) -> list[str]:
    """Five machines that wait in the live image and are ordered to be installed, two at once; their tokens."""
    with_limits(world, installs_at_once=2)
    prepare(world)
    tokens = []
    for n in range(1, 6):
        mac = f"52:54:00:77:00:0{n}"
        token = boot(world, mac)
        reports.receive(world.ctx(NOBODY), token, report(mac, f"SN{n}X", f"disk{n}"), HASH)
        tokens.append(token)
    for n in range(1, 6):
        verbs.assign(world.ctx(), str(n), AssignIn(cluster="c1", role="compute"))
        world.clock.now += 1
        verbs.install(world.ctx(), str(n))
    return tokens


def beat(world, token: str) -> str:
    return works.beat(world.ctx(NOBODY), token, HASH).action


def progress(world, number: int):
    return look.show(world.ctx(), str(number)).progress


def events(world, kind: str) -> list[str]:
    with world.appliance.make_session() as db:
        return [e.text for e in db.query(tables.Event).filter_by(kind=kind).order_by(tables.Event.id)]


def test_no_more_stream_than_may_and_the_others_wait(world, waiting) -> None:
    assert [beat(world, t) for t in waiting] == ["install", "install", "wait", "wait", "wait"]
    assert [beat(world, t) for t in waiting] == ["install", "install", "wait", "wait", "wait"]
    assert len(events(world, "install.queued")) == 3, "told once for each"


def test_who_waits_is_told_its_place_and_why(world, waiting) -> None:
    for token in waiting:
        beat(world, token)
    assert [progress(world, n).queue for n in range(1, 6)] == [0, 0, 1, 2, 3]
    assert progress(world, 4).title == "Waiting for room, number 2"
    listed = look.list_machines(world.ctx()).machines
    assert sorted(m.progress.queue for m in listed) == [0, 0, 1, 2, 3]
    said = look.why(world.ctx(), "5").text
    assert "number 3 in the queue" in said and "installs_at_once" in said


def test_claiming_out_of_turn_is_refused_in_words(world, waiting) -> None:
    for token in waiting:
        beat(world, token)
    with pytest.raises(Conflict, match="number 3 in the queue"):
        works.claim(world.ctx(NOBODY), waiting[4], "install")
    assert works.claim(world.ctx(NOBODY), waiting[0], "install")["TOKEN"]


def ends(world, waiting, how: str) -> None:
    if how == "abort":
        verbs.abort(world.ctx(), "1")
        return
    token = works.claim(world.ctx(NOBODY), waiting[0], "install")["TOKEN"]
    if how == "done":
        works.done(world.ctx(NOBODY), token)
    else:
        works.failed(world.ctx(NOBODY), token, how, "x")


@pytest.mark.parametrize("how", ["abort", "done", "check"])
def test_what_ends_frees_its_room_for_who_asked_first(world, waiting, how) -> None:
    for token in waiting:
        beat(world, token)
    ends(world, waiting, how)
    assert beat(world, waiting[4]) == "wait" and beat(world, waiting[3]) == "wait", "others asked before"
    assert beat(world, waiting[2]) == "install"
    assert progress(world, 3).queue == 0 and "has room" in events(world, "install.admitted")[0]
    assert [progress(world, n).queue for n in (4, 5)] == [1, 2]


def test_an_attempt_that_fails_frees_its_room_and_keeps_its_turn(world, waiting) -> None:
    for token in waiting:
        beat(world, token)
    ends(world, waiting, "stream")
    assert beat(world, waiting[4]) == "wait"
    assert beat(world, waiting[0]) == "install", "it asked before all others"
    assert beat(world, waiting[2]) == "wait"


def test_a_machine_that_is_not_heard_of_does_not_stop_those_behind_it(world, waiting) -> None:
    for token in waiting:
        beat(world, token)
    for _ in range(20):
        world.clock.now += 5
        for token in (*waiting[:2], *waiting[3:]):
            beat(world, token)
    verbs.abort(world.ctx(), "1")
    assert beat(world, waiting[3]) == "install"


def test_waiting_for_room_is_no_standing_still(world, waiting) -> None:
    for token in waiting:
        beat(world, token)
    for _ in range(5000 // 60):
        world.clock.now += 60
        for token in waiting[2:]:
            beat(world, token)
        tick.machines(world.ctx(APPLIANCE))
        with world.appliance.make_session() as db:
            for number in (1, 2):  # they work all the while
                work = db.query(tables.Work).filter_by(machine_id=number).one()
                work.admitted = work.claimed = work.seen = world.clock.now
                db.get(tables.Machine, number).deadline = world.clock.now + 3600
            db.commit()
    assert {m.state for m in look.list_machines(world.ctx()).machines} == {"installing"}
    assert [progress(world, n).queue for n in (3, 4, 5)] == [1, 2, 3]


def test_a_wipe_waits_for_nobody(world, waiting) -> None:
    for token in waiting:
        beat(world, token)
    with world.appliance.make_session() as db:
        db.get(tables.Machine, 5).state = "failed"
        db.commit()
    verbs.release(world.ctx(), "5", look.show(world.ctx(), "5").name)
    assert beat(world, waiting[4]) == "wipe"


def test_without_limits_nobody_waits(world, waiting) -> None:
    with_limits(world)
    assert [beat(world, t) for t in waiting] == ["install"] * 5
    assert events(world, "install.queued") == []
