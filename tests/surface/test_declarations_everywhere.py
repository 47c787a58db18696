"""A cluster as one document by REST, with ocicli and on its page; and its secrets, which none of them shows."""

from __future__ import annotations

import html
import json
from typing import Any

import pytest
import scene
from rest import open_listener, populate
from scene import post, sign_in
from test_cli import home, ocicli  # noqa: F401 (fixtures)
from wired import wire

from oci.app import APPLIANCE
from oci.domain.cluster.roles import parse
from oci.schemas.cloud.declarations import LONGEST_DOCUMENT
from oci.schemas.machines.machines import AssignIn
from oci.services.machines import verbs
from oci.services.path import puppet
from webui.cloud.declare import EXAMPLE

GOOD = """\
cluster: d1
domain: d1.test
network: wire
networks:
  wire:
    cidr: 10.90.0.0/24
    ranges:
    - {first: 10.90.0.11, last: 10.90.0.90}
"""
BAD = GOOD.replace("10.90.0.90", "10.90.0.1").replace("d1.test", "D1..test")


@pytest.fixture
def rest(world):
    populate(world)
    return open_listener(world)


def test_by_rest(rest) -> None:
    answer = rest.call("POST", "/v1/declarations", "operator", json={"document": BAD})
    assert answer.status_code == 422 and answer.json["error"] == "mistakes"
    assert [one["line"] for one in answer.json["mistakes"]] == [2]
    answer = rest.call("POST", "/v1/declarations", "operator", json={"document": GOOD.replace("0.90}", "0.1}")})
    assert [(one["line"], one["where"]) for one in answer.json["mistakes"]] == [(8, "networks.wire.ranges[1]")]
    assert rest.call("POST", "/v1/declarations", "viewer", json={"document": GOOD}).status_code == 403
    dry = rest.call("POST", "/v1/declarations", "operator", json={"document": GOOD, "dry_run": True}).json
    assert dry["dry_run"] and dry["changes"]
    assert rest.call("GET", "/v1/clusters/d1/declaration", "viewer").status_code == 404
    assert rest.call("POST", "/v1/declarations", "operator", json={"document": GOOD}).json["changes"] == dry["changes"]
    text = rest.call("GET", "/v1/clusters/d1/declaration", "viewer").json["document"]
    assert rest.call("POST", "/v1/declarations", "operator", json={"document": text}).json["changes"] == []
    assert rest.call("GET", "/v1/clusters/d1/secrets", "viewer").status_code == 403
    assert rest.call("GET", "/v1/clusters/d1/secrets", "operator").json == {"secrets": []}


def test_with_ocicli(ocicli, tmp_path, monkeypatch) -> None:  # noqa: F811
    file = tmp_path / "cloud.yaml"
    file.write_text(BAD.replace("10.90.0.0/24", "ten"))
    assert ocicli("cluster", "apply", "-f", str(file)) == 3, ocicli.err
    assert "nothing was changed" in ocicli.err and "  line 2: domain: must be a DNS name" in ocicli.err
    file.write_text(GOOD)
    assert ocicli("cluster", "apply", "--file", str(file), "--dry-run") == 0 and "cluster d1 in d1.test" in ocicli.out
    assert ocicli("cluster", "apply", "-f", str(file)) == 0 and "cluster d1 in d1.test" in ocicli.out
    assert ocicli("cluster", "apply", "-f", str(file)) == 0 and "nothing was changed" in ocicli.out
    assert ocicli("cluster", "export", "d1") == 0
    exported = ocicli.out
    assert exported.startswith("cluster: d1\ndomain: d1.test\n")
    file.write_text(exported)
    assert ocicli.json("cluster", "apply", "-f", str(file))["changes"] == []
    assert ocicli("cluster", "export", "d1") == 0 and ocicli.out == exported
    assert ocicli("cluster", "apply", "-f", str(tmp_path / "none")) == 2 and "cannot be read" in ocicli.err
    (tmp_path / "latin").write_bytes(b"cluster: caf\xe9\n")
    assert ocicli("cluster", "apply", "-f", str(tmp_path / "latin")) == 2 and "no text in UTF-8" in ocicli.err
    assert ocicli("cluster", "secrets", "d1") == 0 and "No secret is made yet" in ocicli.err


@pytest.fixture
def pages(world: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    return scene.open_pages(world, monkeypatch)


def test_on_the_page(pages, world) -> None:
    client = sign_in(pages, "olga")
    assert html.escape(EXAMPLE, quote=False).splitlines()[0] in client.get("/declare").text
    wrong = post(client, "/declare", document=GOOD.replace("0.90}", "0.1}"), apply="1")
    assert wrong.status_code == 422 and "networks.wire.ranges[1]" in wrong.text and "10.90.0.1}" in wrong.text
    checked = post(client, "/declare", document=GOOD.replace("\n", "\r\n"), check="1")
    assert checked.status_code == 200 and "What it would change" in checked.text and "press Apply" in checked.text
    assert "d1.test" not in client.get("/clusters").text
    made = post(client, "/declare", document=GOOD, apply="1")
    assert made.status_code == 303 and made.location.endswith("/clusters/d1")
    page = client.get("/clusters/d1").text
    assert "d1.test" in page and "None is made yet" in page and "first: 10.90.0.11" in page
    again = post(client, "/clusters/d1", document=GOOD, check="1")
    assert "all is so already" in again.text
    empty = post(client, "/declare", document="", apply="1")
    assert empty.status_code == 422 and "the document is empty" in empty.text
    assert post(client, "/declare", document="#" * (LONGEST_DOCUMENT + 1), apply="1").status_code in (400, 413)
    viewer = sign_in(pages, "vera")
    page = viewer.get("/clusters/d1").text
    assert "<textarea" not in page and "first: 10.90.0.11" in page and "Secrets" not in page
    assert post(viewer, "/clusters/d1", document=GOOD, apply="1").status_code == 403
    assert viewer.get("/declare").status_code == 403 and client.get("/clusters/none").status_code == 404


def test_no_surface_shows_a_secret(pages, world, monkeypatch) -> None:
    wire(monkeypatch)
    role = parse("cache", {"name": "cache", "profiles": ["profile::test"]})
    world.outside(roles={**world.appliance.outside.roles, "cache": role})
    pages.extensions["oci"] = world.appliance
    verbs.enrol(world.ctx(), "52:54:00:77:09:01")
    fqdn = verbs.assign(world.ctx(), "52:54:00:77:09:01", AssignIn(cluster="c1", role="cache")).fqdn
    told = json.loads(json.dumps(puppet.classify(world.ctx(APPLIANCE), fqdn)))
    client = sign_in(pages, "ada")
    shown = client.get("/clusters/c1").text + client.get("/v1/clusters/c1/secrets").text
    assert "keystone.fernet.0" in shown and "a Fernet key" in shown and "certificate host" in shown and fqdn in shown
    values = [line.split('"')[-2] for line in told.splitlines() if '"test.key"' in line or '"keystone.fernet.0"' in line]
    assert len(values) == 2 and not any(value in shown for value in values) and "PRIVATE KEY" not in shown
