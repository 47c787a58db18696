"""The choice of a disk as people meet it: page, REST and ocicli."""

from __future__ import annotations

from typing import Any

import pytest
import scene
from scene import post, sign_in
from test_cli import Cli, home, ocicli, rest  # noqa: F401 (fixtures)

from oci.db import tables

INVENTORY = {
    "disks": [
        {"name": "sda", "serial": "SSD1", "bytes": 240 * 10**9, "model": "Quick One"},
        {"name": "sdb", "serial": "OSD1", "bytes": 200 * 10**9, "model": "Wide One", "signatures": ["ceph_bluestore"]},
        {"name": "sdc", "serial": "RO1", "bytes": 400 * 10**9, "read_only": True},
    ]
}


@pytest.fixture
def pages(world: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    made = scene.open_pages(world, monkeypatch)
    scene.assign(world, "machine-1")
    scene.change(world, tables.Machine, 1, inventory=INVENTORY)
    return made


def test_the_page_shows_each_disk_with_its_verdict_and_reason(pages: Any) -> None:
    page = sign_in(pages, "vera").get("/machines/1?tab=disks").text
    for words in (
        "sda (serial:SSD1) is written, because it is the smallest empty disk",
        "may-be-installed",
        "holds-data",
        "somebody&#39;s data is on it: a Ceph OSD",
        "read-only",
        "these disks were not wiped: sdc (serial RO1)",
    ):
        assert words in page, words
    assert "choose-disk" not in page, "a viewer only looks"


def test_a_disk_with_data_is_chosen_on_the_page_only_with_its_name(pages: Any, world: Any) -> None:
    client = sign_in(pages, "olga")
    page = client.get("/machines/1/disk").text
    assert page.count('type="radio"') == 4 and "must be confirmed by its name" in page and "a Ceph OSD" in page
    for word in ("", "sdb", "compute1.lab.test"):
        answer = post(client, "/machines/1/disk", disk="serial:OSD1", confirm=word)
        assert answer.status_code == 400 and "exactly its name, serial:OSD1" in answer.text
        assert 'value="serial:OSD1" checked' in answer.text, "what was picked stays picked"
    assert post(client, "/machines/1/disk", disk="serial:RO1", confirm="serial:RO1").status_code == 409
    answer = post(client, "/machines/1/disk", disk="serial:OSD1", confirm="serial:OSD1")
    assert answer.status_code == 303 and answer.location.endswith("tab=disks")
    assert "sdb (serial:OSD1) is written, because a person chose it" in client.get(answer.location).text
    assert post(client, "/machines/1/disk", disk="", confirm="").status_code == 303
    assert "sda (serial:SSD1) is written" in client.get("/machines/1").text + client.get("/machines/1?tab=disks").text


def test_an_install_that_is_refused_says_so_on_its_page(pages: Any, world: Any) -> None:
    scene.change(world, tables.Machine, 1, inventory={"disks": INVENTORY["disks"][1:]})
    client = sign_in(pages, "olga")
    answer = post(client, "/machines/1/install")
    assert answer.status_code == 409 and "somebody&#39;s data is on it: a Ceph OSD" in answer.text


def test_a_release_shows_before_what_it_cannot_wipe(pages: Any, world: Any) -> None:
    scene.change(world, tables.Machine, 1, state="active")
    page = sign_in(pages, "olga").get("/machines/1/release").text
    assert "these 2 disks" in page and "sdc (serial RO1): it is read-only" in page.replace("These disks", "these disks")


def test_ocicli_lists_chooses_and_confirms(ocicli: Cli, world: Any) -> None:  # noqa: F811
    assert ocicli("machine", "enrol", "52:54:00:77:00:01") == 0
    scene.change(world, tables.Machine, 1, inventory=INVENTORY)
    assert ocicli("machine", "disks", "1") == 0
    assert "->" in ocicli.out and "holds-data" in ocicli.out and "it is the smallest empty disk" in ocicli.out
    assert ocicli("machine", "disk", "1", "--disk", "serial:OSD1") == 3 and "exactly its name" in ocicli.err
    assert ocicli("machine", "disk", "1", "--disk", "serial:OSD1", "--confirm", "serial:OSD1") == 0
    assert ocicli.json("machine", "show", "1")["disk_device"] == "sdb"
    assert ocicli("machine", "why", "1") == 0
    assert ocicli("machine", "disk", "1") == 0 and ocicli.json("machine", "show", "1")["disk_device"] == "sda"
