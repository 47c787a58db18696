"""The pages about settings of clusters, roles and machines."""

from __future__ import annotations

import re
from typing import Any

import pytest
import scene
from flask.testing import FlaskClient
from scene import HOSTILE, post, sign_in

from oci.schemas.clusters.settings import SettingIn
from oci.services.clusters import settings

HASH = "$6$salt$" + 40 * "s"
KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGJlbmNo olga@example"


@pytest.fixture
def pages(world: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    made = scene.open_pages(world, monkeypatch)
    scene.assign(world, "machine-1")
    return made


@pytest.fixture
def client(pages: Any) -> FlaskClient:
    return sign_in(pages, "olga")


def row(client: FlaskClient, name: str, scope: str) -> str:
    """The line of one setting, as text."""
    page = client.get(f"/settings?{scope}")
    assert page.status_code == 200
    found = re.search(rf'<tr id="{name}">.*?</tr>', page.text, re.DOTALL)
    assert found, f"{name} is not listed"
    return " ".join(re.sub(r"<[^>]*>", " ", found.group()).split())


def test_a_setting_is_set_and_taken_back_with_what_follows_said_before(client: FlaskClient) -> None:
    assert "trixie default" in row(client, "apt_suite", "cluster=c1")
    asked = client.get("/settings/apt_suite/set?cluster=c1").text
    assert "with the next deployment of its cluster" in asked and "suites like trixie" in asked and 'value="trixie"' in asked
    answer = post(client, "/settings/apt_suite/set?cluster=c1", value="sid")
    assert answer.status_code == 303 and answer.location.endswith("/settings?cluster=c1")
    assert (
        "apt_suite of cluster c1 is set. It takes effect with the next deployment of its cluster."
        in client.get(answer.location).text
    )
    assert "sid cluster c1" in row(client, "apt_suite", "cluster=c1")
    assert post(client, "/settings/apt_suite/set?machine=1", value="forky").status_code == 303
    assert "forky machine compute1.lab.test" in row(client, "apt_suite", "machine=1")
    assert "not for machine compute1.lab.test" in row(client, "apt_suite", "cluster=c1")
    assert "sid cluster c1" in row(client, "apt_suite", "cluster=c1&role=compute")
    asked = client.get("/settings/apt_suite/unset?machine=1").text
    assert "<code>forky</code>" in asked and "<code>sid</code>, says: cluster c1" in asked
    assert "sid cluster c1" not in row(client, "apt_suite", "machine=1"), "asking changed nothing"
    assert post(client, "/settings/apt_suite/unset?machine=1").status_code == 303
    assert "sid cluster c1" in row(client, "apt_suite", "machine=1")
    again = post(client, "/settings/apt_suite/unset?machine=1")
    assert again.status_code == 404 and "is not set for" in again.text


def test_a_bad_value_is_shown_again_with_the_reason(client: FlaskClient) -> None:
    answer = post(client, "/settings/attempts/set?cluster=c1", value=HOSTILE)
    assert answer.status_code == 400 and "It must be a whole number" in answer.text
    assert HOSTILE not in answer.text and "&lt;script&gt;" in answer.text
    assert post(client, "/settings/none/set?cluster=c1", value="1").status_code == 404
    assert post(client, "/settings/attempts/set", value="5").status_code == 400, "the configuration is a file"


def test_a_secret_is_on_no_page(client: FlaskClient, pages: Any) -> None:
    assert post(client, "/settings/root_password_hash/set?cluster=c1", secret=HASH).status_code == 303
    assert "***" in row(client, "root_password_hash", "cluster=c1")
    refused = post(client, "/settings/root_password_hash/set?cluster=c1", secret="sesame-4711")
    assert refused.status_code == 400 and "sesame" not in refused.text and 'type="password"' in refused.text
    paths = (
        "/settings?cluster=c1",
        "/settings/root_password_hash/set?cluster=c1",
        "/settings/root_password_hash/unset?cluster=c1",
    )
    for path in (*paths, "/events", "/"):
        assert HASH not in client.get(path).text, path


def test_keys_are_lines(client: FlaskClient, world: Any) -> None:
    assert "<textarea" in client.get("/settings/ssh_authorized_keys/set?machine=1").text
    post(client, "/settings/ssh_authorized_keys/set?machine=1", value=f"{KEY}\r\n{KEY}2\r\n")
    assert f"{KEY} {KEY}2 machine" in row(client, "ssh_authorized_keys", "machine=1")


def test_the_ways_to_it(client: FlaskClient) -> None:
    assert 'href="/settings"' in client.get("/").text
    assert 'href="/settings?cluster=c1"' in client.get("/clusters").text
    assert 'href="/settings?machine=compute1.lab.test"' in client.get("/machines/1").text
    assert "Change" not in row(client, "attempts", ""), "what holds for all is in a file"


@pytest.mark.parametrize(("scope", "status"), [("cluster=none", 404), ("machine=none", 404), ("role=compute", 400)])
def test_a_scope_that_is_none_is_told_beside_the_choice(client: FlaskClient, scope: str, status: int) -> None:
    answer = client.get(f"/settings?{scope}")
    assert answer.status_code == status and 'role="alert"' in answer.text and '<select class="form-select' in answer.text


def test_a_viewer_reads_and_changes_nothing(pages: Any, world: Any) -> None:
    viewer = sign_in(pages, "vera")
    settings.set_setting(world.ctx(), "attempts", SettingIn(cluster="c1", value="5"))
    assert "5 cluster c1" in row(viewer, "attempts", "cluster=c1") and "Change" not in row(viewer, "attempts", "cluster=c1")
    for path in ("set", "unset"):
        assert viewer.get(f"/settings/attempts/{path}?cluster=c1").status_code == 403
        assert post(viewer, f"/settings/attempts/{path}?cluster=c1", value="6").status_code == 403
