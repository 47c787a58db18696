"""Reports: what each kind of them asks and writes. Counts of statements, never times."""

from __future__ import annotations

import pytest
from sqlalchemy import event
from test_path import HASH, MAC, NOBODY, boot, discovered, report
from test_pulse import counting, spoken

from oci.db import tables
from oci.domain.hardware import Probe
from oci.problems import Conflict
from oci.services.path import reports, works

OTHER = "52:54:00:77:00:02"


def written(counted) -> list[tuple[str, str]]:
    """(verb, table) of each statement that writes, in their order."""
    words = (s.replace(" INTO ", " ").replace(" FROM ", " ").split() for s in counted.writes)
    return [(word[0], word[1]) for word in words]


def test_the_same_report_again_is_one_select(world) -> None:
    token = discovered(world)
    works.beat(world.ctx(NOBODY), token, HASH)
    with counting(world) as counted:
        assert works.glance(world.ctx(NOBODY), token, HASH, reports.digest_of(report()))
    assert [s.split()[0] for s in counted.statements] == ["SELECT"]


def test_a_changed_report_writes_each_row_once(world) -> None:
    token = discovered(world)
    works.beat(world.ctx(NOBODY), token, HASH)
    with counting(world) as counted:
        reports.receive(world.ctx(NOBODY), token, report(disk="disk2"), HASH)
    assert sorted(written(counted)) == [
        ("DELETE", "report"),
        ("INSERT", "event"),
        ("INSERT", "report"),
        ("UPDATE", "machine"),
    ]
    assert len(spoken(counted)) <= 10


def test_a_new_machine_writes_each_row_once_but_for_its_name(world) -> None:
    token = boot(world)
    with counting(world) as counted:
        reports.receive(world.ctx(NOBODY), token, report(), HASH)
    assert sorted(written(counted)) == [
        ("INSERT", "bmc"),
        ("INSERT", "event"),
        ("INSERT", "machine"),
        ("INSERT", "nic"),
        ("INSERT", "pulse"),
        ("INSERT", "report"),
        ("UPDATE", "boot"),
        ("UPDATE", "event"),
        ("UPDATE", "machine"),
    ]
    assert len(spoken(counted)) <= 15


def test_what_a_report_asks_does_not_grow_with_what_is_known(world) -> None:
    discovered(world)
    costs = []
    for number in range(2, 30):
        mac = f"52:54:00:77:00:{number:02x}"
        token = boot(world, mac)
        with counting(world) as counted:
            reports.receive(world.ctx(NOBODY), token, report(mac, serial=f"SN{number}", disk=f"disk{number}"), HASH)
        costs.append(len(spoken(counted)))
    assert costs[0] == costs[-1]


def test_whoever_a_report_may_be_of_is_found_by_an_index(world) -> None:
    """By each fact that a record is looked up by: none of them is sought through all machines."""
    bind = world.appliance.make_session.kw["bind"]
    if bind.dialect.name != "sqlite":
        pytest.skip("PostgreSQL reads a table of three rows whole, whatever indexes it has")
    discovered(world)
    plans: list[str] = []

    def explain(connection, _cursor, statement, parameters, *_rest) -> None:
        if statement.startswith("SELECT"):
            cursor = connection.connection.cursor()
            plans.extend(row[3] for row in cursor.execute("EXPLAIN QUERY PLAN " + statement, parameters))

    said = {**report(OTHER, serial="SN2", disk="disk2"), "bmc": Probe(b"MAC Address             : 02:1e:67:0a:00:01\n")}
    token = boot(world, OTHER)
    event.listen(bind, "before_cursor_execute", explain)
    try:
        reports.receive(world.ctx(NOBODY), token, said, HASH)
    finally:
        event.remove(bind, "before_cursor_execute", explain)
    assert any("ix_bmc_mac" in plan for plan in plans)
    assert not [plan for plan in plans if plan.startswith(("SCAN machine", "SCAN bmc", "SCAN nic"))]


@pytest.mark.parametrize("kept", [1, 2, 5])
def test_the_latest_reports_are_kept(world, kept) -> None:
    world.set(reports_kept=kept)
    token = boot(world)
    sent = [report(disk=f"disk{number}") for number in range(7)]
    for one in sent:
        reports.receive(world.ctx(NOBODY), token, one, HASH)
    with world.appliance.make_session() as db:
        rows = db.query(tables.Report).order_by(tables.Report.id).all()
    assert [row.hash for row in rows] == [reports.digest_of(one) for one in sent[-kept:]]
    assert [reports.unpack(row.raw) for row in rows] == sent[-kept:]


def test_a_boot_that_proved_whose_it_is_makes_no_second_record(world) -> None:
    token = discovered(world)
    with world.appliance.make_session() as db:
        db.add(tables.SharedFact(kind="mac", value=MAC, since=1.0, why="two machines were seen with it"))
        db.commit()
    for _ in range(2):
        with pytest.raises(Conflict, match="another machine"):
            reports.receive(world.ctx(NOBODY), token, report(OTHER, serial="SN2", disk="disk2"), HASH)
    with world.appliance.make_session() as db:
        assert [m.id for m in db.query(tables.Machine)] == [1]
        assert [n.mac for n in db.query(tables.Nic)] == [MAC]
