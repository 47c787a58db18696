"""A proof of a cloud by REST, with ocicli and on its page."""

from __future__ import annotations

from typing import Any

import clouds
import pytest
import scene
from clouds import work_off
from rest import open_listener
from scene import post, sign_in
from test_cli import home, ocicli  # noqa: F401 (fixtures)

from oci.client.engine import waiting

WAY = "/v1/clusters/cloud/checks"


@pytest.fixture
def rest(world: Any) -> Any:
    clouds.deploy(world)
    return open_listener(world)


def test_by_rest(rest: Any, world: Any) -> None:
    assert rest.call("GET", WAY, "viewer").json == {"checks": []}
    assert rest.call("POST", WAY, "viewer", json={}).status_code == 403
    assert rest.call("POST", WAY, "operator", json={"compute": ["nobody"]}).status_code == 409
    ordered = rest.call("POST", WAY, "operator", json={"compute": ["compute1"]})
    assert ordered.status_code == 202 and ordered.json["state"] == "queued" and ordered.json["computes"] == ["compute1"]
    assert rest.call("POST", WAY, "operator", json={}).status_code == 409
    work_off(world)
    shown = rest.call("GET", f"{WAY}/{ordered.json['id']}", "viewer").json
    assert shown["state"] == "passed" and shown["percent"] == 100 and shown["steps"][0]["step"] == "token"
    assert [one["state"] for one in rest.call("GET", WAY, "viewer").json["checks"]] == ["passed"]
    assert rest.call("GET", f"{WAY}/99", "viewer").status_code == 404


def test_with_ocicli(ocicli: Any, world: Any, monkeypatch: pytest.MonkeyPatch) -> None:  # noqa: F811
    # While ocicli waits, the worker works.
    monkeypatch.setattr(waiting.time, "sleep", lambda _seconds: work_off(world))
    assert ocicli("cluster", "check", "cloud", "--compute", "compute1", "--compute", "compute2", "--wait") == 0, ocicli.err
    assert "It gets its address from OVN" in ocicli.out and "a server ran on 2 computes" in ocicli.out
    world.cloud.refused = {"make port": "the subnet is full"}
    assert ocicli("cluster", "check", "cloud", "--wait") == 8
    assert "the subnet is full" in ocicli.err and "ocicli cluster show-check cloud --id 2" in ocicli.err
    assert ocicli("cluster", "show-check", "cloud", "--id", "2") == 0 and "because this went wrong" in ocicli.out
    assert ocicli("cluster", "checks", "cloud") == 0 and "failed" in ocicli.out and "passed" in ocicli.out


def test_on_the_page(world: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    pages = scene.open_pages(world, monkeypatch)
    client = sign_in(pages, "olga")
    refused = post(client, "/clusters/c1/checks")
    assert refused.status_code == 303 and "no virtual address called api" in client.get(refused.location).text
    clouds.deploy(world)
    pages.extensions["oci"] = world.appliance
    assert "The cloud was never checked" in client.get("/clusters/cloud").text
    ordered = post(client, "/clusters/cloud/checks")
    assert ordered.status_code == 303 and ordered.location.endswith("/clusters/cloud/checks/1")
    assert "queued" in client.get(ordered.location).text
    work_off(world)
    page = client.get(ordered.location).text
    assert "passed" in page and "Boot a server on it" in page and "a server ran on 2 computes" in page
    assert "a server ran on 2 computes" in client.get("/clusters/cloud").text
    viewer = sign_in(pages, "vera")
    assert viewer.get(ordered.location).status_code == 200 and "Check the cloud" not in viewer.get("/clusters/cloud").text
    assert post(viewer, "/clusters/cloud/checks").status_code == 403
    assert client.get("/clusters/cloud/checks/9").status_code == client.get("/clusters/none/checks/1").status_code == 404
