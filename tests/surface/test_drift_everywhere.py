"""Drift is shown and accepted by REST, with ocicli and on the pages, and machines are told to look at their own listener."""

from __future__ import annotations

from typing import Any

import pytest
import scene
from cloudy import cluster, turn
from rest import open_listener
from scene import post, sign_in
from test_cli import home, ocicli  # noqa: F401 (fixtures)

from oci import app
from oci.app import APPLIANCE
from oci.services.deploy import looks
from oci.services.path import puppet

ONE, TWO = "controller1.lab.test", "compute1.lab.test"
PATH = "/v1/clusters/c1/drift"
ORDER = {"name": "motd", "resource": "File[/etc/motd]", "reason": "ours", "days": 30}
DRY = {"status": "unchanged", "noop": True}


def tell(world, name: str, *titles: str) -> None:
    """A dry run of the machine found those files to differ."""
    found = [{"resource": f"File[{title}]", "property": "mode", "is": "0666", "should": "0644"} for title in titles]
    puppet.report(world.ctx(APPLIANCE), name, {**DRY, "differences": found})


def add_drift(world) -> None:
    """Two machines, on both of which the same file differs, and another on the first."""
    cluster(world, controller=1, compute=1)
    tell(world, ONE, "/etc/motd", "/etc/hosts")
    tell(world, TWO, "/etc/motd")


@pytest.fixture
def rest(world):
    add_drift(world)
    return open_listener(world)


@pytest.fixture
def pages(world, monkeypatch: pytest.MonkeyPatch):
    """The pages of the same."""
    opened = scene.open_pages(world, monkeypatch)
    add_drift(world)
    opened.extensions["oci"] = world.appliance
    return opened


def test_by_rest(rest) -> None:
    shown = rest.call("GET", PATH, "viewer").json
    assert [(one["resource"], one["count"]) for one in shown["drift"]] == [("File[/etc/motd]", 2), ("File[/etc/hosts]", 1)]
    assert (shown["machines"], shown["looked"], shown["differing"]) == (2, 2, 2)
    assert rest.call("POST", PATH, "viewer", json=ORDER).status_code == 403
    made = rest.call("POST", PATH, "operator", json=ORDER).json
    assert [one["state"] for one in made["acceptances"]] == ["in force"] and made["differing"] == 1
    assert rest.call("POST", PATH, "operator", json=ORDER).status_code == 409
    for wrong in (
        {"days": 366},
        {"days": 0},
        {"reason": " "},
        {"resource": "a*b"},
        {"resource": ""},
        {"name": "A b"},
        {"x": 1},
    ):
        assert rest.call("POST", PATH, "operator", json={**ORDER, "name": "b", **wrong}).status_code == 400, wrong
    machine = rest.call("GET", f"/v1/machines/{ONE}/drift", "viewer").json
    assert [(one["resource"], one["accepted"]) for one in machine["differences"]] == [
        ("File[/etc/hosts]", ""),
        ("File[/etc/motd]", "motd"),
    ]
    assert rest.call("POST", f"/v1/machines/{ONE}/drift", "viewer").status_code == 403
    assert rest.call("POST", f"/v1/machines/{ONE}/drift", "operator").status_code == 200
    assert rest.call("GET", f"/v1/machines/{ONE}/drift", "viewer").json["ordered"] is True
    assert rest.call("POST", f"{PATH}/withdraw", "operator", json={"name": "motd"}).json["acceptances"] == []
    assert rest.call("POST", f"{PATH}/withdraw", "operator", json={"name": "motd"}).status_code == 404
    assert rest.call("GET", "/v1/clusters/none/drift", "viewer").status_code == 404
    assert rest.call("GET", "/v1/machines/none/drift", "viewer").status_code == 404


def test_with_ocicli(ocicli, world) -> None:  # noqa: F811
    assert ocicli("cluster", "drift", "c1") == 0, ocicli.err
    assert "File[/etc/motd]" in ocicli.out and "differs on 2" in " ".join(ocicli.out.split())
    words = ("--name", "motd", "--resource", "File[/etc/motd]", "--reason", "ours, until then", "--days", "30")
    assert ocicli("cluster", "accept-drift", "c1", *words, "--machine", TWO) == 0, ocicli.err
    assert "motd (for another 30 d)" in " ".join(ocicli.out.split())
    assert ocicli("cluster", "accept-drift", "c1", *words) == 5 and "give another name" in ocicli.err
    assert ocicli("machine", "drift", TWO) == 0 and "0 accepted by nobody" in " ".join(ocicli.out.split())
    assert ocicli("machine", "drift", ONE) == 0 and "2 accepted by nobody" in " ".join(ocicli.out.split())
    assert ocicli("cluster", "refuse-drift", "c1", "--name", "motd") == 0, ocicli.err
    assert ocicli("cluster", "refuse-drift", "c1", "--name", "motd") == 4
    assert ocicli("machine", "look", ONE) == 0 and turn(world, ONE) == "look"


def test_on_the_pages(pages: Any, world: Any) -> None:
    tell(world, TWO, "/etc/motd", "/<b>bold</b>")
    client, viewer = sign_in(pages, "olga"), sign_in(pages, "vera")
    here = "/clusters/c1/drift"
    assert f'href="{here}"' in client.get("/clusters/c1").text
    page = client.get(here).text
    assert "File[/etc/motd]" in page and "<b>bold" not in page and "&lt;b&gt;bold" in page and 'id="accept"' in page
    assert 'id="accept"' not in viewer.get(here).text and post(viewer, here).status_code == 403
    filled = client.get(f"{here}?resource=File[/etc/motd]&property=mode&machine={TWO}").text
    assert 'value="File[/etc/motd]"' in filled and f'value="{TWO}"' in filled
    token = scene.token(client, here)
    bad = client.post(here, data={"csrf_token": token, **ORDER, "resource": "a*b"})
    assert bad.status_code == 400 and "at the ends only" in bad.text and "ours" in bad.text
    assert client.post(here, data={"csrf_token": token, **ORDER, "reason": ""}).status_code == 400
    assert client.post(here, data={"csrf_token": token, **ORDER}).status_code == 303
    page = client.get(here).text
    assert "motd is accepted for 30 days" in page and 'id="end-motd"' in page and "in force" in page
    assert post(viewer, f"{here}/motd/end").status_code == 403
    assert client.post(f"{here}/motd/end", data={"csrf_token": token}).status_code == 303
    assert "Nothing is accepted." in client.get(here).text


def test_on_the_page_of_a_machine(pages: Any, world: Any) -> None:
    client, viewer = sign_in(pages, "olga"), sign_in(pages, "vera")
    here = f"/machines/{ONE}?tab=puppet"
    page = client.get(here).text
    assert "2 differences" in page and "File[/etc/hosts]" in page and 'id="look"' in page
    assert 'id="look"' not in viewer.get(here).text
    assert post(viewer, f"/machines/{ONE}/look").status_code == 403
    assert client.post(f"/machines/{ONE}/look", data={"csrf_token": scene.token(client, here)}).status_code == 303
    assert "a look is ordered" in client.get(here).text and turn(world, ONE) == "look"


def test_a_machine_is_told_at_its_own_listener(world) -> None:
    cluster(world, controller=1)
    web = app.machines(world.appliance).test_client()
    looks.look(world.ctx(), ONE)
    bearer = {"Authorization": f"Bearer token of {ONE}"}
    assert web.post("/machine/poll", headers=bearer).text == "LOOK='1'\n"
    ended = {"run": "1", "status": "0", "words": "Puppet was run dry", "checks": ""}
    assert web.post("/machine/ended", headers=bearer, data=ended).status_code == 204
