"""Heartbeats: what they write, how often, and how often they come. Counts of statements, never times."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import pairwise
from types import SimpleNamespace

import pytest
from sqlalchemy import event, insert
from test_path import HASH, NOBODY, beat, boot, discovered, installing, report

from oci.app import APPLIANCE
from oci.db import tables
from oci.domain.path import pulse
from oci.problems import Conflict
from oci.services.activity import tick
from oci.services.machines import look
from oci.services.path import reports, works

WRITES = ("INSERT", "UPDATE", "DELETE")


@dataclass
class Counted:
    """The statements that were executed."""

    statements: list[str] = field(default_factory=list)

    @property
    def writes(self) -> list[str]:
        return [s for s in self.statements if s.startswith(WRITES)]


@contextlib.contextmanager
def counting(world) -> Iterator[Counted]:
    counted, bind = Counted(), world.appliance.make_session.kw["bind"]

    def note(_connection, _cursor, statement, *_rest) -> None:
        counted.statements.append(statement)

    event.listen(bind, "before_cursor_execute", note)
    try:
        yield counted
    finally:
        event.remove(bind, "before_cursor_execute", note)


def say(world, token: str) -> str:
    return works.beat(world.ctx(NOBODY), token, HASH).action


def version(world) -> int:
    with world.appliance.make_session() as db:
        return db.get(tables.Machine, 1).version


def test_a_heartbeat_that_says_nothing_new_is_one_select(world) -> None:
    token = discovered(world)
    assert say(world, token) == "wait"
    world.clock.now += 5
    with counting(world) as counted:
        assert say(world, token) == "wait"
    assert len(counted.statements) == 1 and counted.statements[0].startswith("SELECT")


def test_what_waits_is_written_down_once_in_pulse_seconds_and_never_in_the_machines_row(world) -> None:
    token = discovered(world)
    before, written = version(world), []
    for _ in range(60):
        world.clock.now += 5
        with counting(world) as counted:
            say(world, token)
        written += [(world.clock.now, s) for s in counted.writes]
    moments = [at for at, _ in written]
    assert all("pulse" in s.split()[1] for _, s in written) and version(world) == before
    assert len(written) > 5, "it is written down now and then all the same"
    assert min(b - a for a, b in pairwise(moments)) >= world.appliance.config.pulse_seconds


def spoken(counted: Counted) -> list[str]:
    """The statements without those that begin a transaction."""
    return [s for s in counted.statements if not s.startswith(("BEGIN", "LOCK"))]


def test_a_heartbeat_that_is_due_is_one_select_and_one_update(world) -> None:
    token = discovered(world)
    say(world, token)
    world.clock.now += world.appliance.config.pulse_seconds - 1
    say(world, token)  # it counts who waits, now and then
    world.clock.now += 1
    with counting(world) as counted:
        assert say(world, token) == "wait"
    assert [s.split()[0] for s in spoken(counted)] == ["SELECT", "UPDATE"] and "pulse" in counted.writes[0].split()[1]
    with world.appliance.make_session() as db:
        assert db.get(tables.Pulse, 1).seen == world.clock.now


@pytest.mark.parametrize("change", [{"seen": 1.0}, {"presence": "unknown"}, {"boot_id": "another"}, {}])
def test_what_was_written_since_the_glance_is_not_written_over(world, change) -> None:
    token = discovered(world)
    say(world, token)
    with world.appliance.make_session() as db:
        row = db.get(tables.Pulse, 1)
        glanced = SimpleNamespace(machine_id=1, id=row.boot_id, seen=row.seen)
        for name, value in change.items():
            setattr(row, name, value)
        db.commit()
    world.clock.now += 60
    assert works._remember(world.ctx(NOBODY), glanced, 5) is not bool(change)


def test_a_machine_that_beats_is_never_believed_to_be_gone(world) -> None:
    token = discovered(world)
    for _ in range(100):
        world.clock.now += 5
        say(world, token)
        tick.machines(world.ctx(APPLIANCE))
        assert look.show(world.ctx(), "1").presence == "live"
        machines_seen = look.show(world.ctx(), "1").seen
        assert world.clock.now - machines_seen < pulse.unwritten(world.appliance.config.pulse_seconds, 5)


def test_a_machine_that_stops_beating_is_believed_to_be_gone(world) -> None:
    say(world, discovered(world))
    world.clock.now += 600
    tick.machines(world.ctx(APPLIANCE))
    assert look.show(world.ctx(), "1").presence == "unknown"


def test_a_second_boot_does_not_take_over_a_machine_that_beats(world) -> None:
    token = discovered(world)
    second = boot(world)
    for _ in range(40):
        world.clock.now += 5
        say(world, token)
        with pytest.raises(Conflict):
            reports.receive(world.ctx(NOBODY), second, report(), HASH)


def test_a_second_boot_takes_over_a_machine_that_stopped_beating(world) -> None:
    discovered(world)
    second = boot(world)
    world.clock.now += world.appliance.config.pulse_seconds + world.appliance.config.takeover_seconds
    assert reports.receive(world.ctx(NOBODY), second, report(), HASH) == 1


def test_an_order_is_heard_of_with_the_next_heartbeat(world) -> None:
    token = installing(world)
    assert say(world, token) == "install"


@pytest.mark.parametrize("change", [{"presence": "nothing"}, {"power": "off"}, {"report_hash": "cd" * 32}])
def test_what_changed_is_never_answered_at_a_glance(world, change) -> None:
    token = discovered(world)
    say(world, token)
    with world.appliance.make_session() as db:
        for name, value in change.items():
            setattr(db.get(tables.Pulse, 1), name, value)
        db.commit()
    assert works.glance(world.ctx(NOBODY), token, HASH) is None
    assert works.beat(world.ctx(NOBODY), token, HASH).action == ("report" if "report_hash" in change else "wait")


def test_a_replaced_boot_and_a_stranger_are_never_answered_at_a_glance(world) -> None:
    token = discovered(world)
    say(world, token)
    assert works.glance(world.ctx(NOBODY), token, HASH) is not None
    assert works.glance(world.ctx(NOBODY), "stranger", HASH) is None
    assert works.glance(world.ctx(NOBODY), "", HASH) is None
    with world.appliance.make_session() as db:
        db.query(tables.Boot).one().replaced = True
        db.commit()
    assert works.glance(world.ctx(NOBODY), token, HASH) is None


def waiting(world, count: int) -> None:
    with world.appliance.make_session() as db:
        rows = [
            {"id": n, "name": f"m{n}", "state": "discovered", "state_since": 1.0, "created": 1.0}
            for n in range(10, count + 10)
        ]
        db.execute(insert(tables.Machine), [{**row, "inventory": {}, "disk_last": {}, "disk_wish": {}} for row in rows])
        seen = {"presence": "live", "seen": world.clock.now, "beat": 5}
        db.execute(insert(tables.Pulse), [{"machine_id": row["id"], **seen} for row in rows])
        db.execute(insert(tables.Bmc), [{"machine_id": row["id"]} for row in rows])
        db.commit()


def test_the_more_machines_wait_the_less_often_each_speaks(world) -> None:
    token = discovered(world)
    assert works.beat(world.ctx(NOBODY), token, HASH).heartbeat == 5
    waiting(world, 3000)
    world.clock.now += 60
    assert works.beat(world.ctx(NOBODY), token, HASH).heartbeat == 16
    with world.appliance.make_session() as db:
        assert db.get(tables.Pulse, 1).beat == 16, "who speaks less often is believed to be there for longer"


def test_a_busy_machine_is_written_down_often_enough_for_its_silence(world) -> None:
    token = installing(world)
    config = world.appliance.config
    for _ in range(60):
        world.clock.now += 5
        beat(world, token)
        with world.appliance.make_session() as db:
            shortest = min(config.silence_seconds, config.first_sign_seconds)
            assert world.clock.now - db.get(tables.Pulse, 1).seen < shortest / 2
