"""The time that a wipe may take follows from all that it writes, whatever an install would make of those disks."""

from __future__ import annotations

from dataclasses import replace

import pytest
from test_path import HASH, NOBODY, boot, report, test_from_boot_to_active

from oci.app import APPLIANCE
from oci.db import tables
from oci.domain.hardware import Disk, Inventory
from oci.domain.hardware.disks import disk_wipe
from oci.services.activity import tick
from oci.services.machines import verbs
from oci.services.path import reports, works

LARGE = Disk(name="sdx", wwn="0x5000c500000000aa", serial="X1", bytes=192 * 10**12, sector_bytes=512)
PATHS = (replace(LARGE, multipath=True), replace(LARGE, name="sdy", multipath=True))


def test_a_unit_with_several_paths_counts_once() -> None:
    small = replace(LARGE, name="sda", wwn="", serial="A1", bytes=10**12)
    lent = replace(LARGE, name="sdb", wwn="", serial="B1", virtual_media=True)
    plan = disk_wipe.plan(Inventory(disks=(*PATHS, small, lent)))
    assert plan.bytes == 193 * 10**12 and len(plan.disks) == 3


@pytest.mark.parametrize("disks", [PATHS, (LARGE,), (replace(LARGE, medium="pmem"),)], ids=["multipath", "one path", "pmem"])
def test_a_wipe_of_any_large_disk_may_take_as_long_as_it_moves(world, disks: tuple[Disk, ...]) -> None:
    test_from_boot_to_active(world)
    verbs.release(world.ctx(), "1", "compute1.lab.test")
    token = boot(world)
    reports.receive(world.ctx(NOBODY), token, report(), HASH)
    with world.appliance.make_session() as db:
        machine = db.get(tables.Machine, 1)
        machine.inventory = replace(Inventory.from_dict(machine.inventory), disks=disks).to_dict()
        machine.disk_bytes = 0
        db.commit()
    orders = works.claim(world.ctx(NOBODY), token, "wipe")
    for percent in range(1, 101):
        for _ in range(2):
            world.clock.now += 4800
            works.log(world.ctx(NOBODY), orders["TOKEN"], "")
            tick.machines(world.ctx(APPLIANCE))
        works.phase(world.ctx(NOBODY), orders["TOKEN"], "wipe", percent, "")
    works.wiped(world.ctx(NOBODY), orders["TOKEN"])
    with world.appliance.make_session() as db:
        assert db.get(tables.Machine, 1).state == "discovered"
