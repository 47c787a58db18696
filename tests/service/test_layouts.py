"""A layout of several disks, as a story of calls: which disks are ordered, and what is refused before one is written."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

import pytest
from promised import disks
from test_disks import DATA, GB, NAME, SSD, again, claim, disk, known, told
from test_path import NOBODY

from oci.db import tables
from oci.problems import Conflict
from oci.render.machine.orders import given
from oci.services.machines import look, machine_disks, verbs
from oci.services.path import works

TWIN, SMALL = disk("sdc", 240, "SSD2"), disk("sdd", 120, "TINY")


@pytest.fixture
def mirrored(world):
    """An appliance whose role compute wants two disks."""
    roles = dict(world.appliance.outside.roles)
    roles["compute"] = replace(roles["compute"], disks="mirror")
    world.outside(roles=roles)
    return world


def half(device: str, gigabytes: int, serial: str, number: str) -> dict[str, Any]:
    """A disk as an install of a mirror leaves it."""
    layout = ((None, f"bios{number}"), ("vfat", f"esp{number}"), ("linux_raid_member", f"raid{number}"))
    parts = [(f"{device}{n}", fs, label) for n, (fs, label) in enumerate(layout, 1)]
    children = [{"name": name, "type": "part", "size": GB, "fstype": fs, "partlabel": label} for name, fs, label in parts]
    return disk(device, gigabytes, serial, pttype="gpt", children=children)


def test_two_empty_disks_of_one_size_are_ordered_and_both_are_told(mirrored) -> None:
    token = known(mirrored, SMALL, TWIN, DATA, SSD)
    with mirrored.appliance.make_session() as db:
        db.query(tables.Machine).one().disk_wish = {"name": "serial:SSD1", "bytes": 240 * GB}
        db.commit()
    verbs.install(mirrored.ctx(), NAME)
    facts = claim(mirrored, token)
    assert disks(facts) == [("serial:SSD1", 240 * GB), ("serial:SSD2", 240 * GB)]
    assert (
        "sdc (serial:SSD2) is written, because it is empty and as large as the first" in told(mirrored, "install.disk")[-1]
    )
    seen = look.show(mirrored.ctx(), NAME)
    assert seen.disk_devices == ["sda", "sdc"] and "sdc (serial:SSD2)" in seen.disk, (
        "both are shown before a person says yes"
    )
    chosen = [one.device for one in machine_disks.list_disks(mirrored.ctx(), NAME).disks if one.chosen]
    assert chosen == ["sdc", "sda"]
    lines = given(facts)["layout"].text.splitlines()
    assert lines[:2] == [f"disk disk1 serial:SSD1 {240 * GB}", f"disk disk2 serial:SSD2 {240 * GB}"]
    assert any(line.startswith("raid root") for line in lines)


@pytest.mark.parametrize(
    ("disks", "why"),
    [
        ([SSD], "needs 2 disks, and beside sda none may be written"),
        ([SSD, DATA], "needs 2 disks, and beside sda none may be written"),
    ],
    ids=["one disk", "data on the other"],
)
def test_disks_that_no_mirror_can_be_made_of_are_refused_when_it_is_ordered(mirrored, disks, why: str) -> None:
    known(mirrored, *disks)
    with pytest.raises(Conflict, match=re.escape(why)):
        verbs.install(mirrored.ctx(), NAME)
    assert look.show(mirrored.ctx(), NAME).state == "assigned" and not told(mirrored, "install.disk")


def test_a_disk_that_went_missing_since_fails_the_claim_with_the_reason(mirrored) -> None:
    known(mirrored, SSD, TWIN)
    verbs.install(mirrored.ctx(), NAME)
    token = again(mirrored, SSD)
    with pytest.raises(Conflict, match="needs 2 disks"):
        claim(mirrored, token)
    assert look.show(mirrored.ctx(), NAME).state == "failed"


def test_a_second_attempt_takes_the_two_disks_that_are_half_written(mirrored) -> None:
    token = known(mirrored, SSD, TWIN)
    verbs.install(mirrored.ctx(), NAME)
    facts = claim(mirrored, token)
    works.failed(mirrored.ctx(NOBODY), facts["TOKEN"], "stream", "the image broke off")
    token = again(mirrored, half("sdb", 240, "SSD2", "2"), half("sda", 240, "SSD1", ""), disk("sdc", 240, "NEW"))
    second = claim(mirrored, token)
    assert disks(second) == disks(facts) and second["MARK"] != facts["MARK"]
    assert "it is a disk of the last install" in told(mirrored, "install.disk")[-1]


def test_a_half_of_somebody_elses_array_is_data(mirrored) -> None:
    token = known(mirrored, SSD, TWIN)
    verbs.install(mirrored.ctx(), NAME)
    facts = claim(mirrored, token)
    works.failed(mirrored.ctx(NOBODY), facts["TOKEN"], "stream", "the image broke off")
    token = again(mirrored, half("sda", 240, "SSD1", ""), half("sdb", 240, "STRANGE", "2"))
    with pytest.raises(Conflict, match="needs 2 disks"):
        claim(mirrored, token)
