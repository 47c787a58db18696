"""Disks as a story of calls: what is ordered, what is refused and where that is told, and what a release leaves."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from promised import disks
from test_path import HASH, MAC, NOBODY, boot, prepare, report

from oci.app import APPLIANCE
from oci.context import Actor
from oci.db import tables
from oci.domain.hardware import Probe
from oci.ports import OutsideError
from oci.problems import Conflict, Forbidden, NotFound, Problem
from oci.schemas.activity.events import EventQuery
from oci.schemas.machines.disks import DiskIn
from oci.schemas.machines.machines import AssignIn
from oci.services.activity import events
from oci.services.machines import look, machine_disks, verbs
from oci.services.path import puppet, reports, works

GB = 10**9
NAME = "compute1.lab.test"


def disk(device: str, gigabytes: int, serial: str = "", **more: Any) -> dict[str, Any]:
    return {
        "name": device,
        "type": "disk",
        "size": gigabytes * GB,
        "serial": serial or None,
        "rm": False,
        "ro": False,
        "rota": False,
        "tran": "sata",
        **more,
    }


def system(device: str, gigabytes: int, serial: str) -> dict[str, Any]:
    """A disk as an install of ours leaves it."""
    layout = ((None, "bios"), ("vfat", "esp"), ("ext4", "root"))
    parts = [(f"{device}{n}", fs, label) for n, (fs, label) in enumerate(layout, 1)]
    return disk(
        device,
        gigabytes,
        serial,
        pttype="gpt",
        children=[{"name": name, "type": "part", "size": GB, "fstype": fs, "partlabel": label} for name, fs, label in parts],
    )


def osd(device: str, gigabytes: int, serial: str) -> dict[str, Any]:
    volume = {"name": f"ceph--{serial}-osd--block", "kname": "dm-1", "type": "lvm", "fstype": "ceph_bluestore"}
    return disk(device, gigabytes, serial, fstype="LVM2_member", children=[volume])


# Whose disks these are is no question: the mainboard says so.
BOARD = (
    b"Handle 0x0001, DMI type 1, 27 bytes\nSystem Information\n\tSerial Number: QX71B02\n"
    b"\tUUID: 4c4c4544-0051-3710-8031-b2c04f303258\n"
)
SSD, DATA = disk("sda", 240, "SSD1"), osd("sdb", 200, "OSD1")


def says(world, token: str, *disks: dict[str, Any], status: int = 0, contents: Probe | None = None) -> str:
    said = {**report(), "dmidecode": Probe(BOARD), "lsblk": Probe(json.dumps({"blockdevices": disks}).encode(), b"", status)}
    said |= {"disks": contents} if contents else {}
    reports.receive(world.ctx(NOBODY), token, said, HASH)
    return token


def known(world, *disks: dict[str, Any], **more: Any) -> str:
    """An assigned machine that waits in the live image with `disks`; the token of its boot."""
    prepare(world)
    token = says(world, boot(world), *disks, **more)
    verbs.assign(world.ctx(), "1", AssignIn(cluster="c1", role="compute"))
    return token


def claim(world, token: str, action: str = "install") -> dict[str, str]:
    assert works.heartbeat(world.ctx(NOBODY), token, HASH).action == action
    return works.claim(world.ctx(NOBODY), token, action)


def installed(world, *disks: dict[str, Any]) -> None:
    """A machine that was installed onto one of `disks` and is active."""
    token = known(world, *disks)
    verbs.install(world.ctx(), NAME)
    works.done(world.ctx(NOBODY), claim(world, token)["TOKEN"])
    puppet.report(world.ctx(APPLIANCE), NAME, {"status": "changed"})


def again(world, *disks: dict[str, Any], status: int = 0) -> str:
    """The machine boots the live image once more and has `disks` now; the token of that boot."""
    world.clock.now += 1000
    return says(world, boot(world), *disks, status=status)


def written(orders: dict[str, str]) -> list[str]:
    return [name for name, _bytes in disks(orders)]


def told(world, kind: str) -> list[str]:
    return [event.text for event in events.list_events(world.ctx(), EventQuery(kind=kind)).events]


# --- which disk


def test_a_disk_with_data_is_left_alone_and_the_reason_is_told_everywhere(world) -> None:
    token = known(world, DATA, SSD)
    verbs.install(world.ctx(), NAME)
    assert written(claim(world, token)) == ["serial:SSD1"]
    sentence = "sda (serial:SSD1) is written, because it is the smallest empty disk"
    assert told(world, "install.disk") == [sentence, sentence], "at the order and at the claim"
    assert look.show(world.ctx(), NAME).disk.startswith("sda (serial:SSD1) is written")


def test_an_install_without_a_disk_is_refused_when_it_is_ordered(world) -> None:
    known(world, DATA)
    with pytest.raises(Conflict, match=r"sdb: somebody's data is on it: LVM volumes, a Ceph OSD"):
        verbs.install(world.ctx(), NAME)
    found = look.show(world.ctx(), NAME)
    assert found.state == "assigned" and "no disk is chosen" in look.why(world.ctx(), NAME).text


@pytest.mark.parametrize(
    ("now", "why"),
    [
        ([DATA], "the disk of the last install, serial:SSD1, is gone"),
        ([osd("sda", 240, "SSD1"), DATA], r"sda \(serial:SSD1\), the disk of the last install, cannot be taken again"),
        ([disk("sda", 120, "SSD1")], "has 120000000000 bytes now, not 240000000000"),
    ],
    ids=["gone", "filled by somebody", "of another size"],
)
def test_a_reinstall_takes_its_own_disk_or_none(world, now: list[dict[str, Any]], why: str) -> None:
    installed(world, SSD, DATA)
    verbs.install(world.ctx(), NAME)
    token = again(world, *now)
    with pytest.raises(Conflict, match=why):
        claim(world, token)
    found = look.show(world.ctx(), NAME)
    assert found.state == "failed" and found.progress.outcome == "failed"
    assert works.heartbeat(world.ctx(NOBODY), token, HASH).action == "wait", "it must not ask for ever"
    assert any("has no disk that can be installed" in text for text in told(world, "install.disk"))


def contents(*lines: str) -> Probe:
    """What the probe `disks` says of the disk sda and its three partitions, of which the last ones are in `lines`."""
    return Probe("\n".join(("contents:", "holds sda PMBR gpt", *lines, "")).encode())


UNREAD = contents("holds sda1", "unread sda2", "holds sda3 ext4")
READ = contents("holds sda1", "holds sda2 vfat", "holds sda3 ext4")


def test_a_killed_install_whose_next_look_was_too_slow_looks_again_and_goes_on(world) -> None:
    """Seen: the power was cut while the system was streamed, beside a second install on two processors; the machine came
    back to a live image that took five times as long as alone, and a partition was not read in time."""
    token = known(world, SSD)
    verbs.install(world.ctx(), NAME)
    claim(world, token)
    world.clock.now += 1000
    half = system("sda", 240, "SSD1")
    token = says(world, boot(world), half, contents=UNREAD)
    with pytest.raises(Conflict, match="looks at them again"):
        claim(world, token)
    assert look.show(world.ctx(), NAME).state == "installing"
    assert works.heartbeat(world.ctx(NOBODY), token, HASH).action == "report"
    says(world, token, half, contents=READ)
    assert written(claim(world, token)) == ["serial:SSD1"]
    assert sum("looks at them again" in text for text in told(world, "install.disk")) == 1


def test_a_disk_that_is_never_read_ends_the_install_after_a_few_looks(world) -> None:
    token = known(world, SSD)
    verbs.install(world.ctx(), NAME)
    claim(world, token)
    world.clock.now += 1000
    half, token = system("sda", 240, "SSD1"), boot(world)
    for _ in range(works.LOOKS_AGAIN):
        says(world, token, half, contents=UNREAD)
        with pytest.raises(Conflict, match="looks at them again"):
            claim(world, token)
    says(world, token, half, contents=UNREAD)
    with pytest.raises(Conflict, match="it could not be read, or not in time"):
        claim(world, token)
    found = look.show(world.ctx(), NAME)
    assert found.state == "failed" and "nobody knows what is on it" in found.reason
    assert works.heartbeat(world.ctx(NOBODY), token, HASH).action == "wait"


def test_what_no_look_could_mend_is_told_at_once_though_a_disk_is_unread(world, monkeypatch) -> None:
    def lost(*_words: object) -> str:
        raise OutsideError("the secret", "the key is lost", "put it back")

    known(world, SSD, DATA)
    verbs.install(world.ctx(), NAME)
    world.clock.now += 1000
    token = says(world, boot(world), SSD, DATA, contents=Probe(b"contents:\nholds sda\nunread sdb\n"))
    monkeypatch.setattr(works.settings, "secret", lost)
    with pytest.raises(Conflict, match="the key is lost"):
        claim(world, token)
    assert look.show(world.ctx(), NAME).state == "failed"


def test_a_reinstall_takes_the_same_disk_with_our_own_system_on_it(world) -> None:
    installed(world, SSD, DATA)
    verbs.install(world.ctx(), NAME)
    token = again(world, disk("sdc", 100, "NEW"), system("sdb", 240, "SSD1"), osd("sda", 200, "OSD1"))
    assert written(claim(world, token)) == ["serial:SSD1"]


def test_a_new_empty_disk_takes_the_place_of_one_that_died_once_it_was_ordered(world) -> None:
    installed(world, SSD, DATA)
    verbs.install(world.ctx(), NAME)
    token = again(world, disk("sda", 480, "SSD2"), DATA)
    with pytest.raises(
        Conflict, match=r"were ordered \(serial:SSD1\) are not those that would be chosen now \(serial:SSD2\)"
    ):
        claim(world, token)
    verbs.install(world.ctx(), NAME)
    assert written(claim(world, token)) == ["serial:SSD2"]
    assert "the disk of the last install, serial:SSD1, is gone" in told(world, "install.disk")[-1]


def test_an_older_system_of_ours_on_another_disk_is_data(world) -> None:
    installed(world, SSD, DATA)
    verbs.install(world.ctx(), NAME)
    with pytest.raises(Conflict, match="somebody's data"):
        claim(world, again(world, system("sdc", 240, "OLD")))


def test_a_second_attempt_goes_to_the_disk_that_is_half_written(world) -> None:
    token = known(world, SSD, disk("sdb", 100, "TWO"))
    verbs.install(world.ctx(), NAME)
    orders = claim(world, token)
    assert written(orders) == ["serial:TWO"]
    works.failed(world.ctx(NOBODY), orders["TOKEN"], "stream", "the image broke off")
    token = again(world, SSD, system("sdb", 100, "TWO"))
    assert written(claim(world, token)) == ["serial:TWO"]


def test_a_list_that_is_not_whole_chooses_nothing_but_obeys_a_person(world) -> None:
    known(world, SSD, status=1)
    with pytest.raises(Conflict, match="the list of its disks is not whole"):
        verbs.install(world.ctx(), NAME)
    machine_disks.choose_disk(world.ctx(), NAME, DiskIn(disk="serial:SSD1"))
    assert verbs.install(world.ctx(), NAME).disk_device == "sda"


def test_one_that_has_not_reported_is_judged_when_it_asks(world) -> None:
    prepare(world)
    verbs.enrol(world.ctx(), MAC)
    verbs.assign(world.ctx(), "1", AssignIn(cluster="c1", role="compute"))
    verbs.install(world.ctx(), NAME)
    token = says(world, boot(world), DATA)
    with pytest.raises(Conflict, match="somebody's data"):
        claim(world, token)
    assert look.show(world.ctx(), NAME).state == "failed"


# --- a person's word


def test_a_disk_with_data_is_written_only_when_it_was_confirmed_by_its_name(world) -> None:
    token = known(world, DATA, SSD)
    for word in ("", "OSD1", "sdb", NAME, "serial:osd1"):
        with pytest.raises(Problem, match="confirm it with exactly its name, serial:OSD1"):
            machine_disks.choose_disk(world.ctx(), NAME, DiskIn(disk="serial:OSD1", confirm=word))
    assert look.show(world.ctx(), NAME).disk_device == "sda"
    chosen = machine_disks.choose_disk(world.ctx(), NAME, DiskIn(disk="serial:OSD1", confirm="serial:OSD1"))
    assert [row.device for row in chosen.disks if row.chosen] == ["sdb"] and "a person chose it" in chosen.choice
    assert told(world, "machine.disk") == [
        "olga chose the disk sdb (serial:OSD1) for installs, knowing that it holds LVM volumes, a Ceph OSD"
    ]
    verbs.install(world.ctx(), NAME)
    assert written(claim(world, token)) == ["serial:OSD1"]


def test_an_empty_disk_needs_no_confirmation_and_the_choice_can_be_taken_back(world) -> None:
    known(world, SSD, disk("sdc", 960, "BIG"))
    machine_disks.choose_disk(world.ctx(), NAME, DiskIn(disk="serial:BIG"))
    assert look.show(world.ctx(), NAME).disk_device == "sdc"
    machine_disks.choose_disk(world.ctx(), NAME, DiskIn())
    assert look.show(world.ctx(), NAME).disk_device == "sda"


@pytest.mark.parametrize(
    ("now", "why"),
    [
        ([SSD], "is not in its latest report"),
        ([SSD, disk("sdc", 500, "BIG")], "has 500000000000 bytes now, not 960000000000"),
        ([SSD, osd("sdc", 960, "BIG")], "since then it holds something else: LVM volumes, a Ceph OSD"),
        ([SSD, system("sdc", 960, "BIG")], "since then it holds something else"),
        ([SSD, disk("sdc", 960, "BIG", ro=True)], "cannot be written: it is read-only"),
    ],
    ids=["gone", "of another size", "filled", "with a system of ours that is not its own", "read-only"],
)
def test_what_changed_since_the_word_was_given_is_refused(world, now: list[dict[str, Any]], why: str) -> None:
    token = known(world, SSD, disk("sdc", 960, "BIG"))
    machine_disks.choose_disk(world.ctx(), NAME, DiskIn(disk="serial:BIG"))
    verbs.install(world.ctx(), NAME)
    says(world, token, *now)
    with pytest.raises(Conflict, match=why):
        claim(world, token)
    assert look.show(world.ctx(), NAME).state == "failed"
    with pytest.raises(Conflict, match=why):
        verbs.install(world.ctx(), NAME)


def test_the_excuse_of_a_confirmed_disk_ends_with_its_install(world) -> None:
    token = known(world, DATA)
    machine_disks.choose_disk(world.ctx(), NAME, DiskIn(disk="serial:OSD1", confirm="serial:OSD1"))
    verbs.install(world.ctx(), NAME)
    orders = claim(world, token)
    works.failed(world.ctx(NOBODY), orders["TOKEN"], "teardown", "half done")
    half = {**DATA, "children": []}
    orders = claim(world, again(world, half))
    works.done(world.ctx(NOBODY), orders["TOKEN"])
    puppet.report(world.ctx(APPLIANCE), NAME, {"status": "changed"})
    assert look.show(world.ctx(), NAME).disk_device == "sdb", "its last report is older than its system"
    verbs.install(world.ctx(), NAME)
    with pytest.raises(Conflict, match="since then it holds something else"):
        claim(world, again(world, DATA))


@pytest.mark.parametrize(
    ("name", "error"),
    [("sda", NotFound), ("serial:none", NotFound), ("wwn:", NotFound), ("serial:RO", Conflict), ("serial:SMALL", Conflict)],
)
def test_what_cannot_be_chosen(world, name: str, error: type[Problem]) -> None:
    known(world, SSD, disk("sdb", 100, "RO", ro=True), disk("sdc", 1, "SMALL"))
    with pytest.raises(error):
        machine_disks.choose_disk(world.ctx(), NAME, DiskIn(disk=name, confirm=name))


def test_no_disk_is_chosen_under_a_running_install_nor_by_a_viewer(world) -> None:
    known(world, SSD)
    with pytest.raises(Forbidden):
        machine_disks.choose_disk(world.ctx(Actor("vera", "viewer")), NAME, DiskIn(disk="serial:SSD1"))
    verbs.install(world.ctx(), NAME)
    with pytest.raises(Conflict, match="is installing"):
        machine_disks.choose_disk(world.ctx(), NAME, DiskIn(disk="serial:SSD1"))


# --- release


def released(world, *disks: dict[str, Any], **more: Any) -> tuple[str, dict[str, str]]:
    """The orders of the release of an active machine that has `disks` now."""
    installed(world, SSD)
    verbs.release(world.ctx(), NAME, NAME)
    token = again(world, *disks, **more)
    return token, claim(world, token, "wipe")


def test_a_release_wipes_what_could_not_be_installed_too(world) -> None:
    paths = [disk(name, 4000, "SAS1", wwn="0x5000c5f1", tran="sas") for name in ("sdb", "sdc")]
    others = [disk("mmcblk0", 32, "CARD"), disk("pmem0", 126, tran=None)]
    _, orders = released(world, system("sda", 240, "SSD1"), *paths, *others)
    assert orders["DISKS"].split() == ["serial:SSD1", "wwn:0x5000c5f1", "serial:CARD", "kernel:pmem0=126000000000"]
    assert orders["UNITS"] == "wwn:0x5000c5f1"
    works.wiped(world.ctx(NOBODY), orders["TOKEN"])
    assert look.show(world.ctx(), "1").state == "discovered"
    with world.appliance.make_session() as db:
        assert db.get(tables.Machine, 1).disk_last == {}


@pytest.mark.parametrize(
    ("left", "status", "why"),
    [
        (disk("sdb", 100, "RO", ro=True), 0, r"sdb \(serial RO\): it is read-only"),
        (disk("sdb", 9000, "HM", zoned="host-managed"), 0, "zones are managed by the host"),
        (disk("sdb", 16, "USB", rm=True, tran="usb", fstype="vfat"), 0, "holds vfat"),
        (disk("sdb", 100, "OK"), 1, "the list of its disks is not whole"),
    ],
    ids=["read-only", "zoned", "a stick with data", "list not whole"],
)
def test_a_release_that_leaves_a_disk_says_so_and_does_not_call_the_machine_empty(world, left, status, why) -> None:
    _, orders = released(world, system("sda", 240, "SSD1"), left, status=status)
    assert "serial:SSD1" in orders["DISKS"].split(), "one disk keeps no other from being wiped"
    works.wiped(world.ctx(NOBODY), orders["TOKEN"])
    found = look.show(world.ctx(), NAME)
    assert found.state == "failed" and found.cluster == "c1"
    assert "not wiped" in found.reason
    assert re.search(why, found.reason) and any(re.search(why, text) for text in told(world, "install.disk"))


def test_an_empty_stick_and_the_disks_of_others_do_not_keep_a_machine_from_being_empty(world) -> None:
    others = [disk("sdb", 16, "USB", rm=True, tran="usb"), disk("sdc", 500, "LUN", tran="fc", fstype="xfs")]
    _, orders = released(world, system("sda", 240, "SSD1"), *others)
    assert orders["DISKS"] == "serial:SSD1"
    works.wiped(world.ctx(NOBODY), orders["TOKEN"])
    assert look.show(world.ctx(), "1").state == "discovered"


def test_a_release_that_can_name_no_disk_ends_with_the_reason(world) -> None:
    installed(world, SSD)
    verbs.release(world.ctx(), NAME, NAME)
    token = again(world, disk("sda", 240, "SSD1", ro=True))
    with pytest.raises(Conflict, match="not wiped: sda"):
        claim(world, token, "wipe")
    assert look.show(world.ctx(), NAME).state == "failed"


def test_disks_that_the_machine_could_not_wipe_are_not_tried_for_ever(world) -> None:
    _, orders = released(world, system("sda", 240, "SSD1"), disk("sdb", 100, "RO", ro=True))
    works.failed(world.ctx(NOBODY), orders["TOKEN"], "verify", "1 of the disks were not wiped: serial:SSD1 broke")
    found = look.show(world.ctx(), NAME)
    assert found.state == "failed" and "serial:SSD1 broke" in found.reason and "sdb (serial RO)" in found.reason
