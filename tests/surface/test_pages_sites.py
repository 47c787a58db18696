"""Clusters, networks, events, people, one's own account, errors and static files."""

from __future__ import annotations

import re
from typing import Any

import pytest
import scene
from flask.testing import FlaskClient
from scene import MACS, PASSWORD, post, sign_in, token

from webui import static_files


@pytest.fixture
def pages(world: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    return scene.open_pages(world, monkeypatch)


@pytest.fixture
def client(pages: Any) -> FlaskClient:
    return sign_in(pages, "ada")


def test_enrol(client: FlaskClient) -> None:
    answer = post(client, "/machines/enrol", mac="not a mac", address="")
    assert answer.status_code == 400 and 'id="mac-error"' in answer.text
    answer = post(client, "/machines/enrol", mac=MACS[2].upper(), address="10.78.0.3", username="", password="x", port="623")
    assert answer.status_code == 400 and 'id="username-error"' in answer.text
    assert post(client, "/machines/enrol", mac=MACS[2].upper(), address="").status_code == 303
    assert post(client, "/machines/enrol", mac=MACS[2], address="").status_code == 409
    answer = post(client, "/machines/enrol", mac=MACS[3], address="10.78.0.3", username="admin", password="sesame")
    assert "admin@10.78.0.3" in client.get(answer.location).text


def test_clusters_and_networks(client: FlaskClient) -> None:
    network = {
        "name": "n2",
        "purpose": "provisioning",
        "cidr": "10.88.0.0/24",
        "first": "10.88.0.10",
        "last": "10.88.0.20",
        "gateway": "",
        "dns": "9.9.9.9, 1.1.1.1",
    }
    assert post(client, "/networks", **network).status_code == 303
    assert "9.9.9.9, 1.1.1.1" in client.get("/networks/n2").text and "0 of 11" in client.get("/networks").text
    again = post(client, "/networks", **network)
    assert again.status_code == 409 and "exists already" in again.text and 'value="10.88.0.10"' in again.text
    assert post(client, "/networks", **{**network, "name": "n3", "cidr": "nonsense"}).status_code == 400
    assert post(client, "/clusters", name="c2", domain="two.test", network="n2").status_code == 303
    assert post(client, "/clusters", name="C 2", domain="two.test", network="n2").status_code == 400
    assert "two.test" in client.get("/clusters").text


def test_events_by_machine_kind_and_number(client: FlaskClient) -> None:
    page = client.get("/events?machine=machine-1&kind=boot.beacon").text
    assert page.count('<tr id="event-') == 5 and "asked for an address" not in page
    assert "no machine is called" in client.get("/events?machine=none").text
    first = client.get("/events?before=2").text
    assert first.count('<tr id="event-') == 1 and "hx-get" not in first


def test_people(client: FlaskClient, pages: Any) -> None:
    answer = post(client, "/people", name="otto", level="viewer", password="short")
    assert (
        answer.status_code == 400
        and 'id="password-error"' in answer.text
        and "short" not in re.findall(r'value="([^"]*)"', answer.text)
    )
    assert post(client, "/people", name="otto", level="viewer", password=PASSWORD).status_code == 303
    assert sign_in(pages, "otto").get("/").status_code == 200
    assert post(client, "/people/otto/level", level="root").status_code == 400
    last = post(client, "/people/ada/disable")
    assert last.status_code == 409 and "last admin" in last.text
    assert post(client, "/people/otto/disable").status_code == 303
    assert sign_in(pages, "otto").get("/").status_code == 303
    assert post(client, "/people/otto/enable").status_code == 303


def test_a_token_is_shown_once_and_can_be_revoked(client: FlaskClient, pages: Any) -> None:
    page = post(client, "/account/tokens", name="backup", days="30").text
    made = re.search(r'id="token">([^<]+)<', page)
    assert made
    asked = {"headers": {"Authorization": f"Bearer {made.group(1)}"}}
    assert pages.test_client().get("/v1/machines", **asked).status_code == 200
    assert made.group(1) not in client.get("/account").text
    assert post(sign_in(pages, "olga"), "/account/tokens/1/revoke").status_code == 404
    assert post(client, "/account/tokens/1/revoke").status_code == 303
    assert pages.test_client().get("/v1/machines", **asked).status_code == 401


def test_a_new_password_ends_other_sessions(client: FlaskClient, pages: Any) -> None:
    other = sign_in(pages, "ada")
    assert post(client, "/account/password", current="wrong", password="a whole new word").status_code == 401
    assert post(client, "/account/password", current=PASSWORD, password="a whole new word").status_code == 303
    assert client.get("/").status_code == 200 and other.get("/").status_code == 303


def test_errors_are_pages_with_their_status(client: FlaskClient) -> None:
    missing = client.get("/machines/none")
    assert missing.status_code == 404 and "no machine is called" in missing.text and "<h1>Not found" in missing.text
    assert client.get("/nowhere", headers={"Accept": "text/html"}).mimetype == "text/html"
    assert client.get("/nowhere").mimetype == client.get("/v1/nowhere").mimetype == "application/json"
    assert client.get("/events?before=99999999999999999999999").status_code == 400


def test_a_defect_shows_an_id_and_no_more(client: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("oci.services.machines.look.counts", lambda _ctx: 1 / 0)
    answer = client.get("/machines")
    assert answer.status_code == 500 and "division" not in answer.text and re.search(r"id [0-9a-f]{8}", answer.text)


def test_static_files(client: FlaskClient) -> None:
    for name in ("bootstrap.css", "htmx.js", "oci.css", "oci.js", "theme.js", "oci.svg"):
        answer = client.get(f"/assets/{name}")
        assert answer.status_code == 200 and "max-age=31536000" in answer.headers["Cache-Control"], name
    for name in ("none.css", "..%2f__init__.py", "../webui/__init__.py", "%2e%2e/forms.py"):
        assert client.get(f"/assets/{name}").status_code == 404


def test_the_checkout_and_debian_hold_the_same_versions() -> None:
    assert {b"v5.3.5", b'"2.0.4"'} == {
        version
        for name, version in (("bootstrap.css", b"v5.3.5"), ("htmx.js", b'"2.0.4"'))
        if version in static_files.VENDOR[name][1].read_bytes()
    }


def test_pages_are_kept_by_no_cache(client: FlaskClient) -> None:
    assert client.get("/machines").headers["Cache-Control"] == "no-store"
    assert "default-src 'self'" in client.get("/machines").headers["Content-Security-Policy"]
    assert token(client)


def test_a_network_is_changed_and_its_ranges_and_addresses_too(client: FlaskClient, pages: Any) -> None:
    one = "/networks/prov"
    answer = post(client, f"{one}/range", **{"range-first": "10.77.0.200", "range-last": "10.77.0.209", "range-use": "vip"})
    assert answer.status_code == 303 and "10.77.0.209" in client.get(one).text
    words = {"hold-vip": "api", "hold-cluster": "c1", "hold-address": "", "hold-note": ""}
    assert post(client, f"{one}/hold", **words).status_code == 303
    assert "the virtual address api of cluster c1" in client.get(one).text
    assert "has an address on prov already" in post(client, f"{one}/hold", **words).text
    told = {"change-gateway": "10.77.0.254", "change-mtu": "9000", "change-vlan": "0", "change-dns": "", "change-routes": ""}
    assert post(client, f"{one}/change", **told, **{"change-serves": "none"}).status_code == 303
    page = client.get(one).text
    assert "10.77.0.254" in page and "9000" in page
    answer = post(client, f"{one}/change", **{**told, "change-gateway": "10.9.9.9"}, **{"change-serves": "none"})
    assert answer.status_code == 400 and "not a host address" in answer.text
    assert post(client, f"{one}/nothing").status_code == 404
    asked = client.get(f"{one}/forget?address=10.77.0.200").text
    assert "Free 10.77.0.200?" in asked and "the virtual address api" in client.get(one).text, "asking takes nothing away"
    assert post(client, f"{one}/forget", address="10.77.0.200").status_code == 303
    assert post(client, f"{one}/forget", first="10.77.0.200").status_code == 303
    page = client.get(one).text
    assert "the virtual address api of" not in page and "10.77.0.209" not in page
    assert "machines of the cluster c1 are installed over" in post(client, f"{one}/forget").text
    viewer = sign_in(pages, "vera")
    assert post(viewer, f"{one}/change", **told).status_code == 403
    assert "Change the network" not in viewer.get(one).text
