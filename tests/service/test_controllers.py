"""One controller belongs to one machine, whichever door it comes through."""

from __future__ import annotations

import threading

import pytest

from oci.adapters.fake import FaultyPower
from oci.app import APPLIANCE
from oci.context import Actor
from oci.db import tables
from oci.domain.hardware import Probe
from oci.problems import Conflict, Problem
from oci.schemas.activity.events import EventQuery
from oci.schemas.activity.jobs import JobQuery
from oci.schemas.machines.conflicts import MergeIn
from oci.schemas.machines.machines import BmcIn
from oci.services.activity import events, jobs
from oci.services.machines import conflicts as conflicts_of_machines
from oci.services.machines import look, verbs
from oci.services.path import boots, reports

NOBODY = Actor("machine", "nobody")
ONE, TWO = "52:54:00:77:00:01", "52:54:00:77:00:02"


def bmc(address: str = "10.78.0.1", port: int = 623) -> BmcIn:
    return BmcIn(address=address, username="admin", password="sesame", port=port)


def report(world, mac: str, address: str, bmc_mac: str, serial: str) -> None:
    """A machine boots and reports a controller."""
    world.clock.now += 100
    script = boots.script(world.ctx(NOBODY), boots.Asker(mac=mac))
    site = boots.site(world.ctx(NOBODY), script.split("oci.boot=")[1].split()[0], "10.77.0.100")
    token = site.split(b"Bearer ")[1].split(b"\n")[0].decode()
    said = {
        "ip": f'[{{"ifname": "eth0", "address": "{mac}", "link_type": "ether"}}]',
        "dmidecode": f"Handle 0x0001, DMI type 1, 27 bytes\nSystem Information\n\tSerial Number: {serial}\n",
        "bmc": f"IP Address              : {address}\nMAC Address             : {bmc_mac}\n",
    }
    reports.receive(world.ctx(NOBODY), token, {n: Probe(t.encode()) for n, t in said.items()}, "ab" * 32)


def conflicts(world) -> list[str]:
    return [e.text for e in events.list_events(world.ctx(), EventQuery(kind="machine.conflict", limit=50)).events]


def two(world) -> None:
    verbs.enrol(world.ctx(), ONE)
    verbs.enrol(world.ctx(), TWO)


def test_a_second_machine_is_refused_at_both_doors_with_the_name_of_the_first(world) -> None:
    verbs.enrol(world.ctx(), ONE, bmc())
    with pytest.raises(Conflict, match=r"10\.78\.0\.1 port 623 belongs to machine-1;.*forget-bmc machine-1"):
        verbs.enrol(world.ctx(), TWO, bmc())
    second = str(verbs.enrol(world.ctx(), TWO).id)  # the one that was refused may have used up a number
    with pytest.raises(Conflict, match="belongs to machine-1"):
        verbs.set_bmc(world.ctx(), second, bmc())
    verbs.set_bmc(world.ctx(), second, bmc(port=6230))
    verbs.set_bmc(world.ctx(), "1", bmc())


def test_a_controller_that_is_forgotten_may_be_given_to_another_machine(world) -> None:
    verbs.enrol(world.ctx(), ONE, bmc())
    made = verbs.forget_bmc(world.ctx(), "1")
    assert (made.bmc_address, made.bmc_username, made.power) == ("", "", "unknown")
    verbs.enrol(world.ctx(), TWO, bmc())
    with pytest.raises(Conflict, match="no management controller that could be forgotten"):
        verbs.forget_bmc(world.ctx(), "1")


@pytest.mark.parametrize(
    ("first", "again"),
    [
        ("BMC1.example.org", "bmc1.example.org"),
        ("2001:DB8:0:0::7", "2001:db8::7"),
        ("10.78.0.1", "0:0:0:0:0:ffff:10.78.0.1"),
    ],
)
def test_another_spelling_is_the_same_controller(world, first: str, again: str) -> None:
    verbs.enrol(world.ctx(), ONE, bmc(first))
    with pytest.raises(Conflict, match="belongs to machine-1"):
        verbs.enrol(world.ctx(), TWO, bmc(again))


@pytest.mark.parametrize(
    "address", ["10.78.1", "010.78.0.1", "0x0a.78.0.1", "127.0.0.1", "0.0.0.0", "224.0.0.1", "167772161"]
)
def test_what_a_resolver_takes_for_another_address_is_refused(world, address: str) -> None:
    with pytest.raises(Problem, match=r"is no address; write it like|is the address of no controller"):
        verbs.enrol(world.ctx(), ONE, bmc(address))


def test_the_appliance_is_no_controller(world) -> None:
    with pytest.raises(Conflict, match="it is the appliance's own address"):
        verbs.enrol(world.ctx(), ONE, bmc("10.77.0.1"))


def test_a_record_that_takes_another_over_is_switched_by_the_controller_of_that(world) -> None:
    verbs.enrol(world.ctx(), ONE)
    verbs.enrol(world.ctx(), TWO, bmc(port=6230))
    conflicts_of_machines.merge(world.ctx(), "1", MergeIn(other="2", confirm="machine-2"))
    with world.appliance.make_session() as db:
        row = db.query(tables.Bmc).one()
        assert (row.machine_id, row.address, row.port, row.username) == (1, "10.78.0.1", 6230, "admin")
        assert world.appliance.outside.sealer.open(row.password) == "sesame"


def test_a_record_that_takes_another_over_keeps_its_own_controller(world) -> None:
    verbs.enrol(world.ctx(), ONE, bmc())
    verbs.enrol(world.ctx(), TWO, bmc("10.78.0.2"))
    conflicts_of_machines.merge(world.ctx(), "1", MergeIn(other="2", confirm="machine-2"))
    assert look.show(world.ctx(), "1").bmc_address == "10.78.0.1"
    verbs.enrol(world.ctx(), "52:54:00:77:00:03", bmc("10.78.0.2"))  # it is nobody's now


def test_two_at_once_are_one(world) -> None:
    two(world)
    refused: list[Exception] = []

    def tell(name: str) -> None:
        try:
            verbs.set_bmc(world.ctx(), name, bmc())
        except Conflict as conflict:
            refused.append(conflict)

    threads = [threading.Thread(target=tell, args=(name,)) for name in ("1", "2")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert len(refused) == 1
    with world.appliance.make_session() as db:
        assert db.query(tables.Bmc).filter_by(address="10.78.0.1").count() == 1


def test_the_table_itself_lets_one_through(world) -> None:
    two(world)
    from sqlalchemy.exc import IntegrityError

    with pytest.raises(IntegrityError), world.appliance.make_session() as db:
        for number in (1, 2):
            db.get(tables.Bmc, number).address = "10.78.0.1"
        db.commit()


def test_what_another_machines_report_shows_is_refused(world) -> None:
    two(world)
    report(world, ONE, "10.78.0.1", "02:1e:67:0a:00:01", "SN1")
    with pytest.raises(Conflict, match=r"machine-1 reports 10\.78\.0\.1 as its own controller"):
        verbs.set_bmc(world.ctx(), "2", bmc())
    verbs.set_bmc(world.ctx(), "1", bmc())
    verbs.set_bmc(world.ctx(), "2", bmc("10.78.0.2"))


def test_a_report_that_shows_another_address_than_was_told_is_a_doubt(world) -> None:
    verbs.enrol(world.ctx(), ONE, bmc("10.78.0.9"))
    report(world, ONE, "10.78.0.1", "02:1e:67:0a:00:01", "SN1")
    words = "its own report shows its controller at 10.78.0.1, and 10.78.0.9 was told"
    assert look.show(world.ctx(), "1").bmc_doubt == words
    assert conflicts(world) == [f"{words}; switching it may switch another machine"]
    verbs.set_bmc(world.ctx(), "1", bmc("10.78.0.1"))
    assert look.show(world.ctx(), "1").bmc_doubt == ""


def test_a_controller_that_another_machine_reports_switches_nothing_any_more(world) -> None:
    two(world)
    verbs.set_bmc(world.ctx(), "2", bmc())
    for job in jobs.due(world.ctx(APPLIANCE)):
        jobs.run(world.ctx(APPLIANCE), job, "test")
    report(world, ONE, "10.78.0.1", "02:1e:67:0a:00:01", "SN1")
    assert any("machine-2 is not switched by it any more" in text for text in conflicts(world))
    power = FaultyPower(world.clock, was="on")
    world.outside(power=power)
    verbs.power(world.ctx(), "2", "off")
    for job in jobs.due(world.ctx(APPLIANCE)):
        jobs.run(world.ctx(APPLIANCE), job, "test")
    job = events.list_jobs(world.ctx(), JobQuery(limit=1)).jobs[0]
    assert power.told == [] and job.state == "failed"
    assert "machine-1 reports 10.78.0.1 as its own controller" in look.show(world.ctx(), "2").reason


def test_the_same_card_is_one_controller_at_any_address(world) -> None:
    two(world)
    verbs.set_bmc(world.ctx(), "1", bmc())
    with world.appliance.make_session() as db:
        for number in (1, 2):
            db.get(tables.Bmc, number).mac = "02:1e:67:0a:00:01"
        db.commit()
    with pytest.raises(Conflict, match="machine-1 reports the same controller 02:1e:67:0a:00:01"):
        verbs.set_bmc(world.ctx(), "2", bmc("10.78.0.2"))


def test_a_retired_machine_keeps_no_address_by_its_old_report(world) -> None:
    two(world)
    report(world, ONE, "10.78.0.1", "02:1e:67:0a:00:01", "SN1")
    verbs.retire(world.ctx(), "1")
    verbs.set_bmc(world.ctx(), "2", bmc())
