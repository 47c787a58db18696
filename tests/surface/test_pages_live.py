"""Lists and updates: a page hears what is new, and nothing else; it stays light."""

from __future__ import annotations

import gzip
import re
from typing import Any

import pytest
import scene
from flask.testing import FlaskClient
from scene import MACS, sign_in

from oci.db import tables
from oci.services.machines import verbs
from webui.machines.expected import medians

LIVE = {"HX-Request": "true"}


@pytest.fixture
def pages(world: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    return scene.open_pages(world, monkeypatch)


@pytest.fixture
def client(pages: Any) -> FlaskClient:
    return sign_in(pages, "ada")


def poll(page: str) -> str:
    """Where a page asks for what is new."""
    found = re.search(r'hx-get="([^"]+)"', page)
    assert found
    return found.group(1).replace("&amp;", "&")


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/machines",
        "/machines?state=discovered&q=qemu",
        "/machines/machine-1",
        "/machines/machine-1?tab=log",
        "/events",
        "/events?machine=machine-1",
    ],
)
def test_a_page_hears_nothing_until_something_changes(client: FlaskClient, world: Any, path: str) -> None:
    where = poll(client.get(path).text)
    world.clock.now += 5
    scene.change(world, tables.Pulse, 1, seen=world.clock.now)
    assert client.get(where, headers=LIVE).status_code == 204
    scene.add_event(world, 1, "Network is up")
    scene.change(world, tables.Pulse, 1, power="off")
    answer = client.get(where, headers=LIVE)
    assert answer.status_code == 200 and "<html" not in answer.text
    assert client.get(poll(answer.text), headers=LIVE).status_code == 204


def test_an_open_page_follows_its_machine_to_its_new_name(client: FlaskClient, world: Any) -> None:
    where = poll(client.get("/machines/machine-1").text)
    name = scene.assign(world, "machine-1")
    assert name in client.get(where, headers=LIVE).text


def test_timeline_is_in_order_with_the_time_between(client: FlaskClient) -> None:
    page = client.get("/machines/machine-1").text.split("newest last")[1]
    lines = [text for _, _, text in scene.LINES]
    assert [page.index(text) for text in lines] == sorted(page.index(text) for text in lines)
    assert page.count("+2 s") >= 4


def test_progress_with_what_is_usual(client: FlaskClient, world: Any) -> None:
    name = scene.assign(world, "machine-1")
    for start, end in ((9000, 8000), (7000, 6400), (5000, 4300)):
        scene.add_event(world, 7, "install: assigned -> installing", "machine.state", start, verb="install")
        scene.add_event(world, 7, "installed", "machine.state", end + 60, verb="installed")
        scene.add_event(world, 7, "converged", "machine.state", end, verb="converged")
    verbs.install(world.ctx(), name)
    scene.change(world, tables.Work, 1, phase="stream", percent=50)
    world.clock.now += 75
    page = client.get(f"/machines/{name}").text
    assert "Streaming the system" in page and "47 %" in page and "1 min 15 s" in page and "usually 11 min 40 s" in page


def test_nothing_is_expected_of_what_never_ended() -> None:
    assert medians([]) == {}


def test_a_hundred_machines_in_a_light_page(client: FlaskClient, world: Any) -> None:
    for number in range(120):
        scene.add_machine(
            world,
            f"52:54:00:78:00:{number:02x}",
            f"a-long-host-name-{number:03}.rack7.cloud.example.org",
            model="PowerEdge R6515",
            vendor="Dell Inc.",
        )
    page = client.get("/machines").text
    assert "121 machines; page 1 of 2" in page and len(page) < 100_000
    assert "machine-1<" in client.get("/machines?page=2").text
    assert client.get("/machines?sort=-memory&page=2").status_code == 200


def test_weight_of_a_first_visit(client: FlaskClient) -> None:
    """Page and files together, as nginx sends them: compressed."""
    page = client.get("/machines").text
    files = re.findall(r'(?:src|href)="(/assets/[^"]+)"', page)
    assert len(files) == 6
    assert len(gzip.compress(page.encode())) + sum(len(gzip.compress(client.get(f).data)) for f in files) < 100_000


def test_lists_are_narrowed_and_sorted_by_address(client: FlaskClient, world: Any) -> None:
    scene.add_machine(world, MACS[1], "small", memory_bytes=2**20, disk_bytes=10)
    page = client.get("/machines?sort=memory").text
    assert page.index(">small<") < page.index(">machine-1<") and 'aria-sort="ascending"' in page
    assert ">small<" not in client.get("/machines?q=machine").text
    assert "No machine is failed" in client.get("/machines?state=failed").text
    assert client.get("/machines?state=nonsense").status_code == 400
    assert "is here about a minute later" not in client.get("/machines?q=none").text


def test_an_empty_list_says_how_to_fill_it(pages: Any, world: Any) -> None:
    with world.appliance.make_session() as db:
        db.delete(db.get(tables.Machine, 1))
        db.commit()
    page = sign_in(pages, "olga").get("/machines").text
    assert "No machine has reported yet" in page and "10.0.0.100 to 10.0.0.199" in page


def test_the_empty_list_tells_of_the_last_boot_script(pages: Any, world: Any) -> None:
    client = sign_in(pages, "olga")
    with world.appliance.make_session() as db:
        db.delete(db.get(tables.Machine, 1))
        db.commit()
    assert "Last boot script asked for: <a" in client.get("/machines").text
