"""Which disk an installed machine is told to boot, and what the live image is loaded with."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from test_path import MAC, NOBODY, installing

from oci.adapters.files.images import FileImages
from oci.db import tables
from oci.services.path import boots, works


def _local(world, arch: str = "x86_64") -> str:
    return boots.script(world.ctx(NOBODY), boots.Asker(mac=MAC, platform="efi", arch=arch))


def test_the_disk_that_was_written_is_booted_by_the_mark_of_its_orders(world) -> None:
    token = installing(world)
    orders = works.claim(world.ctx(NOBODY), token, "install")
    assert re.fullmatch(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", orders["MARK"])
    works.done(world.ctx(NOBODY), orders["TOKEN"])
    assert f"--uuid {orders['MARK']} ||" in _local(world)
    assert "BOOTAA64.EFI" in _local(world, "arm64")
    assert f"root-path {orders['MARK']}\n" in boots.script(world.ctx(NOBODY), boots.Asker(mac=MAC))
    world.images.extras = ()  # a live image from before there was a disk finder
    assert boots.script(world.ctx(NOBODY), boots.Asker(mac=MAC)) == "#!ipxe\nexit 0\n"


def test_an_installed_machine_boots_while_the_images_are_built_anew(world) -> None:
    token = installing(world)
    orders = works.claim(world.ctx(NOBODY), token, "install")
    works.done(world.ctx(NOBODY), orders["TOKEN"])
    world.images.built = False
    assert orders["MARK"] in _local(world)
    assert boots.script(world.ctx(NOBODY), boots.Asker(mac=MAC)) == "#!ipxe\nexit 0\n"


def test_each_attempt_has_a_mark_of_its_own(world) -> None:
    """What an attempt that was cut off left on a disk must not be booted for the one that succeeded."""
    token = installing(world)
    first = works.claim(world.ctx(NOBODY), token, "install")
    works.failed(world.ctx(NOBODY), first["TOKEN"], "stream", "cut off")
    second = works.claim(world.ctx(NOBODY), token, "install")
    assert first["MARK"] != second["MARK"]
    works.done(world.ctx(NOBODY), second["TOKEN"])
    assert second["MARK"] in _local(world) and first["MARK"] not in _local(world)


def test_a_machine_without_a_mark_boots_as_it_did_before(world) -> None:
    token = installing(world)
    works.done(world.ctx(NOBODY), works.claim(world.ctx(NOBODY), token, "install")["TOKEN"])
    with world.appliance.make_session() as db:
        db.query(tables.Machine).one().mark = ""
        db.commit()
    assert "--uuid" not in _local(world) and "BOOTX64.EFI || exit 1" in _local(world)


def test_firmware_is_loaded_when_the_image_has_it(world) -> None:
    assert "firmware.cpio" not in boots.script(world.ctx(NOBODY), boots.Asker(mac=MAC))
    world.images.extras = ("firmware.cpio",)
    script = boots.script(world.ctx(NOBODY), boots.Asker(mac=MAC))
    assert "initrd=firmware.cpio" in script and "/live/firmware.cpio ||" in script


@pytest.mark.parametrize("files", [{"root.squashfs": {}}, {"root.squashfs": {}, "firmware.cpio": {}}])
def test_the_description_of_the_image_says_whether_there_is_firmware(tmp_path: Path, files: dict) -> None:
    assert not FileImages(tmp_path).live_has("firmware.cpio")
    (tmp_path / "live").mkdir()
    (tmp_path / "live/live.json").write_text(json.dumps({"files": files}))
    assert FileImages(tmp_path).live_has("firmware.cpio") is ("firmware.cpio" in files)
