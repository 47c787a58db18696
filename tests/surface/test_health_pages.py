"""The appliance's health in REST, in ocicli, on its page and on top of the overview."""

from __future__ import annotations

from typing import Any

import pytest
import scene
from flask.testing import FlaskClient
from scene import sign_in

from oci.app import APPLIANCE
from oci.domain.activity.health import CHECKS
from oci.services.activity import health, tick


@pytest.fixture
def client(world: Any, monkeypatch: pytest.MonkeyPatch) -> FlaskClient:
    world.set(dhcp_first="10.77.0.100", dhcp_last="10.77.0.199")
    return sign_in(scene.open_pages(world, monkeypatch), "vera")


def rounds(world: Any) -> None:
    tick.dhcp(world.ctx(APPLIANCE))
    tick.machines(world.ctx(APPLIANCE))
    health.look(world.ctx(APPLIANCE))


def test_a_worker_that_never_started_is_on_top_of_the_overview(client: FlaskClient) -> None:
    page = client.get("/").text
    assert "the worker has never been seen" in page and "journalctl -u oci-worker" in page
    assert page.index("never been seen") < page.index('class="tiles"') and 'href="/health"' in page


def test_what_is_well_is_not_in_the_way(client: FlaskClient, world: Any) -> None:
    rounds(world)
    assert "The appliance itself" not in client.get("/").text
    page = client.get("/health").text
    assert page.count("state-ok") == len(CHECKS) and "state-bad" not in page


def test_the_worst_comes_first_with_what_to_do(client: FlaskClient, world: Any) -> None:
    world.images.built = False
    rounds(world)
    page = client.get("/health").text
    assert page.index(">image live<") < page.index(">worker<") and "Run oci-admin image build." in page
    assert "there is no live image" in client.get("/").text
    answer = client.get("/v1/health").json
    assert answer["state"] == "bad" and {one["name"] for one in answer["checks"]} == set(CHECKS)
    assert answer["checks"][0]["state"] == "bad"


def test_the_page_hears_nothing_while_nothing_changes(client: FlaskClient, world: Any) -> None:
    rounds(world)
    seen = client.get("/health", headers={"HX-Request": "true"}).text.split("seen=")[1].split('"')[0]
    assert client.get(f"/health?seen={seen}", headers={"HX-Request": "true"}).status_code == 204
    world.dhcp.trouble = "nobody listens"
    rounds(world)
    assert "nobody listens" in client.get(f"/health?seen={seen}", headers={"HX-Request": "true"}).text
