"""The tick: one transaction for each machine, nothing while nothing happens, and one bad row stops nobody."""

from __future__ import annotations

import logging

import pytest
from test_path import NOBODY
from test_pulse import counting
from test_silence import claimed, events

from oci.app import APPLIANCE
from oci.db import tables
from oci.services.activity import tick
from oci.services.machines import look
from oci.services.path import works


def busy(world, count: int, deadline: float, first: int = 0) -> list[int]:
    """Machines at work whose deadline is `deadline`."""
    now = world.clock.now
    with world.appliance.make_session() as db:
        rows = [
            tables.Machine(
                name=f"m{n}",
                state="installing",
                state_since=now,
                created=now,
                deadline=deadline,
                inventory={},
                pulse=tables.Pulse(seen=now, presence="live"),
                bmc=tables.Bmc(),
            )
            for n in range(first, first + count)
        ]
        db.add_all(rows)
        db.flush()
        db.add_all([tables.Work(machine_id=row.id, kind="install", started=now, claimed=now, seen=now) for row in rows])
        db.commit()
        return [row.id for row in rows]


def round_(world) -> int:
    return tick.machines(world.ctx(APPLIANCE))


def states(world) -> dict[int, str]:
    with world.appliance.make_session() as db:
        return {m.id: m.state for m in db.query(tables.Machine)}


def test_machines_that_work_as_they_should_need_no_look_and_cost_one_select(world) -> None:
    busy(world, 3, world.clock.now + 3600)
    round_(world)
    with counting(world) as few:
        assert round_(world) == 0
    busy_more = busy(world, 40, world.clock.now + 3600, first=3)
    with counting(world) as many:
        assert round_(world) == 0
    assert len(many.statements) == len(few.statements) and busy_more


def test_while_nothing_happens_a_round_writes_nothing_and_says_nothing(world, caplog) -> None:
    token = claimed(world)
    for _ in range(13):  # what is new is told by then
        round_(world)
        tick.dhcp(world.ctx(APPLIANCE))
        works.alive(world.ctx(NOBODY), token, "at it")
        world.clock.now += 5
    with counting(world) as counted, caplog.at_level(logging.DEBUG, logger="oci"):
        round_(world)
        tick.dhcp(world.ctx(APPLIANCE))
    assert counted.writes == [] and "BEGIN IMMEDIATE" not in counted.statements
    assert caplog.records == []


def test_that_the_worker_does_its_rounds_is_written_down_now_and_then(world) -> None:
    written = 0
    for _ in range(24):
        world.clock.now += 5
        with counting(world) as counted:
            round_(world)
        written += len(counted.writes)
    assert 3 <= written <= 8


@pytest.mark.one_database  # PostgreSQL's driver begins a transaction by itself, where it is not counted
def test_each_machine_has_a_transaction_of_its_own(world) -> None:
    ids = busy(world, 7, world.clock.now - 1)
    with counting(world) as counted:
        assert round_(world) == len(ids)
    begins = [n for n, statement in enumerate(counted.statements) if statement.startswith("BEGIN")]
    longest = max(b - a for a, b in zip(begins, [*begins[1:], len(counted.statements)], strict=True))
    assert set(states(world).values()) == {"failed"} and longest < 16


def test_a_row_that_cannot_be_worked_with_stops_nobody_else_and_is_told_once(world, monkeypatch, caplog) -> None:
    bad, *others = busy(world, 4, world.clock.now - 1)
    overdue = tick._overdue

    def broken(ctx, machine, install):
        if machine.id == bad:
            raise ZeroDivisionError
        return overdue(ctx, machine, install)

    monkeypatch.setattr(tick, "_overdue", broken)
    with caplog.at_level(logging.ERROR, logger="oci"):
        for _ in range(5):
            round_(world)
    assert states(world) == {bad: "installing", **dict.fromkeys(others, "failed")}
    assert len(caplog.records) == 1 and len(events(world, "machine.stuck")) == 1
    assert "ZeroDivisionError" in events(world, "machine.stuck")[0]
    monkeypatch.setattr(tick, "_overdue", overdue)
    round_(world)
    round_(world)
    assert states(world)[bad] == "failed"
    assert "again" in events(world, "machine.stuck")[-1] and len(events(world, "machine.stuck")) == 2


def test_the_select_misses_nobody_whom_a_look_would_change(world) -> None:
    """Whoever is overdue or silent for longer than allowed is named; each boundary from both sides."""
    config, now = world.appliance.config, world.clock.now
    ids = busy(world, 3, now + 10**6)
    cases = {ids[0]: config.silence_seconds, ids[1]: config.first_sign_seconds, ids[2]: config.firstboot_silence_seconds}
    with world.appliance.make_session() as db:
        db.query(tables.Work).filter_by(machine_id=ids[1]).one().claimed = None
        db.get(tables.Machine, ids[2]).state = "configuring"
        db.commit()
    for number, limit in cases.items():
        world.clock.now = now + limit - 1
        assert number not in tick.suspects(world.ctx(APPLIANCE))
        world.clock.now = now + limit + 1
        assert number in tick.suspects(world.ctx(APPLIANCE))


def test_old_boots_and_what_strangers_left_are_forgotten_and_those_that_speak_are_kept(world) -> None:
    claimed(world)
    with world.appliance.make_session() as db:
        for n in range(3):
            db.add(tables.Boot(id=f"old{n}", mac="52:54:00:00:00:09", asked=world.clock.now))
            db.add(tables.Event(at=world.clock.now, kind="boot.script", boot_id=f"old{n}", actor="x", text="x", data={}))
        db.commit()
    world.clock.now += 90000
    round_(world)
    with world.appliance.make_session() as db:
        assert (
            db.query(tables.Boot).count() == 1
            and db.query(tables.Event)
            .filter(tables.Event.machine_id.is_(None))
            .filter(tables.Event.boot_id.is_not(None))
            .count()
            == 0
        )
    assert look.show(world.ctx(), "1")
