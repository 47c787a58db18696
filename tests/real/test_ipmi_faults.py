"""Controllers that are late, lossy, deaf or picky: real ipmitool, the lab's controller, and the job that drives them."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator

import pytest
from pretended import PASSWORD, Bench, Benches

from lab.vms.controllers.bmc import Faults
from lab.vms.controllers.bmc_session import OPERATOR, Manners
from lab.vms.controllers.lossy import LossyWire
from oci.adapters.power.ipmi import BadCredentials, BadLevel, Ipmi, Unseen
from oci.app import APPLIANCE
from oci.ports import BmcAccess, PowerRefused
from oci.schemas.activity.events import EventQuery
from oci.schemas.activity.jobs import JobQuery
from oci.schemas.machines.machines import BmcIn
from oci.services.activity import events, jobs
from oci.services.machines import look, verbs

pytestmark = [pytest.mark.real, pytest.mark.one_database]


@pytest.fixture
def bench(benches: Benches) -> Callable[..., Bench]:
    """A maker of controllers with faults; `on` is how the machine begins."""
    return benches.start


@pytest.fixture
def room(world, tmp_path):
    """An appliance that drives real ipmitool. Its clock runs ten times as fast as this one: 4 s are 40 s in a rack."""
    begin = time.time()
    power = Ipmi(tmp_path, settle_seconds=0.5, attempts=1, call_seconds=60)
    world.outside(power=power, clock=lambda: begin + 10 * (time.time() - begin))
    return world


def drive(world, bench: Bench, verb: str):
    """Let a job carry out the verb; the job and the machine as they are at the end."""
    where = BmcIn(address="198.51.100.9", username="operator", password=PASSWORD)
    verbs.enrol(world.ctx(), "52:54:00:77:00:01", where)
    with world.appliance.make_session() as db:  # a controller on this host is refused by the front door
        from oci.db import tables

        row = db.get(tables.Machine, 1)
        row.bmc.address, row.bmc.port = bench.access.address, bench.access.port
        db.commit()
    verbs.power(world.ctx(), "1", verb)
    end = time.monotonic() + 300
    while time.monotonic() < end:
        for job_id in jobs.due(world.ctx(APPLIANCE)):
            jobs.run(world.ctx(APPLIANCE), job_id, "test")
        job = events.list_jobs(world.ctx(), JobQuery(limit=1)).jobs[0]
        if job.state in ("done", "failed"):
            return job, look.show(world.ctx(), "1")
        time.sleep(0.2)
    raise AssertionError(f"the job did not end within 300 s: {job}")


def test_a_late_controller_is_told_each_thing_once(bench, room) -> None:
    late = bench(Faults(late=4.0), on=True)
    job, machine = drive(room, late, "cycle")
    assert (job.state, machine.power, late.orders) == ("done", "on", (1, 1)) and late.machine.running()


def test_a_deaf_controller_is_told_of_by_its_address(bench, room) -> None:
    deaf = bench(Faults(deaf=True))
    job, machine = drive(room, deaf, "on")
    assert (job.state, machine.power) == ("failed", "off") and not deaf.machine.running()
    assert "127.0.0.1 did not switch on: it took the order 2 times, and still shows off" in machine.reason


@contextlib.contextmanager
def losing(nth: int, behind: Bench) -> Iterator[Bench]:
    """The same controller behind a wire that loses every nth packet."""
    wire = LossyWire(("127.0.0.1", behind.access.port), nth)
    try:
        yield Bench(BmcAccess("127.0.0.1", "operator", PASSWORD, wire.port), behind.machine, behind.log)
    finally:
        wire.close()


def test_a_wire_that_loses_packets(bench, room) -> None:
    with losing(7, bench(on=True)) as lossy:
        job, machine = drive(room, lossy, "cycle")
        assert (job.state, machine.power) == ("done", "on") and lossy.machine.running()


def test_a_wire_that_loses_every_third_packet_is_told_of(bench, room) -> None:
    """No session can be made: its last four packets are not repeated one by one, and one of them is always lost."""
    with losing(3, bench(on=True)) as lossy:
        job, machine = drive(room, lossy, "off")
        assert (job.state, machine.power, lossy.orders) == ("failed", "unknown", (0, 0))
        assert "packets are lost on the way" in machine.reason and "OPERATOR" not in machine.reason


@pytest.mark.parametrize("refused_at", ["rakp", "session"])
def test_a_user_who_is_only_operator_switches(bench, tmp_path, refused_at: str) -> None:
    ipmi = Ipmi(tmp_path, settle_seconds=1, attempts=1)
    found = bench(Faults(manners=Manners(level=OPERATOR, refused_at=refused_at)))
    ipmi.on(found.access)
    assert found.machine.running()
    way = next(iter(ipmi._ways.values()))
    assert (way.suite, way.level) == ("3", "OPERATOR"), "what worked is remembered"


@pytest.mark.parametrize("refused_at", ["rakp", "session", "verb"])
def test_a_user_who_may_only_read_is_told_from_a_wrong_password(bench, tmp_path, refused_at: str) -> None:
    ipmi = Ipmi(tmp_path, settle_seconds=1, attempts=1)
    found = bench(Faults(manners=Manners(level=2, refused_at=refused_at)))
    with pytest.raises(BadLevel, match=r"does not let operator act as OPERATOR.*Give this user"):
        ipmi.on(found.access)
    with pytest.raises(BadCredentials, match="does not accept the user and password") as wrong:
        ipmi.status(BmcAccess("127.0.0.1", "operator", "wrong", bench().access.port))
    assert not isinstance(wrong.value, BadLevel)


@pytest.mark.parametrize("suites", [(3,), (17,), (3, 17)])
@pytest.mark.parametrize("level", [OPERATOR, 4])
def test_any_suite_with_any_level(bench, tmp_path, suites: tuple[int, ...], level: int) -> None:
    ipmi = Ipmi(tmp_path, settle_seconds=1, attempts=1)
    found = bench(Faults(manners=Manners(suites, level)))
    ipmi.on(found.access)
    ipmi.cycle(found.access)
    assert found.orders == (2, 1) and found.machine.running()


@pytest.mark.parametrize(("firmware", "named"), [("efi", ["for UEFI"]), ("bios", ["as legacy"]), ("", ["for UEFI"])])
def test_the_boot_device_is_named_for_the_firmware(bench, tmp_path, firmware: str, named: list[str]) -> None:
    found = bench()
    Ipmi(tmp_path).boot_device(found.access, "pxe", firmware)
    assert found.efi == named and found.machine.boot_device() == "pxe"


def test_a_controller_that_knows_no_uefi_gets_the_plain_order(bench, tmp_path) -> None:
    found = bench(Faults(bootdev="legacy"))
    Ipmi(tmp_path).boot_device(found.access, "pxe", "efi")
    assert found.efi == ["as legacy"]


def test_a_controller_that_names_no_boot_device_says_so(bench, tmp_path, room) -> None:
    found = bench(Faults(bootdev="none"))
    with pytest.raises(PowerRefused, match="pxe was not made the boot device"):
        Ipmi(tmp_path).boot_device(found.access, "pxe", "efi")


def test_an_order_that_is_not_seen_yet_is_no_refusal_of_the_next(bench, tmp_path) -> None:
    ipmi = Ipmi(tmp_path, settle_seconds=0.2)
    found = bench(Faults(late=6.0))
    with pytest.raises(Unseen, match="it took the order, and was not on after"):
        ipmi.on(found.access)


def test_events_of_a_real_controller_say_who(bench, room) -> None:
    found = bench()
    drive(room, found, "on")
    told = events.list_events(room.ctx(), EventQuery(kind="power.told")).events
    assert [e.text for e in told] == ["127.0.0.1 is told to switch on (switch on, ordered by olga)"]
