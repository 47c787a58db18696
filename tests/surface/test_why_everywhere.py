"""Why a machine failed, by REST, with ocicli and on its page."""

from __future__ import annotations

from typing import Any

import pytest
import scene
from rest import open_listener
from scene import HOSTILE, sign_in
from test_cli import home, ocicli, site  # noqa: F401 (fixtures)

from oci.app import APPLIANCE
from oci.db import tables
from oci.services.path import puppet

LINE = "E: Unable to locate package neutron-nosuch"


@pytest.fixture
def rest(world: Any) -> Any:
    return open_listener(world)


def fail(world: Any, said: str) -> None:
    """Puppet of the machine compute1, which is active, fails and logs `said`."""
    with world.appliance.make_session() as db:
        assignment = db.query(tables.Assignment).filter_by(hostname="compute1").one()
        number, fqdn = assignment.machine_id, assignment.fqdn
    scene.change(world, tables.Machine, number, state="active")
    told = {"status": "failed", "logs": [{"level": "err", "source": "Puppet", "message": said}]}
    puppet.report(world.ctx(APPLIANCE), fqdn, told)


def test_by_rest(rest: Any, world: Any) -> None:
    scene.add_site(world)
    scene.add_machine(world, scene.MACS[0])
    scene.assign(world, "1")
    assert rest.call("GET", "/v1/machines/1/why", "viewer").json["because"] is None
    fail(world, LINE)
    told = rest.call("GET", "/v1/machines/1/why", "viewer").json["because"]
    assert (told["kind"], told["rule"], told["line"]) == ("configuration", "package-unknown", LINE)
    assert told["page"] == "docs/reference/failures.md#package-unknown" and told["advice"] and told["meaning"]


def test_with_ocicli(ocicli: Any, site: Any, world: Any) -> None:  # noqa: F811
    assert ocicli("machine", "why", "compute1") == 0 and "The failure is" not in ocicli.out
    fail(world, LINE)
    assert ocicli("machine", "why", "compute1") == 0
    lines = ocicli.out.splitlines()
    assert f"Its line: {LINE}" in lines, "what belongs together begins on a line of its own"
    assert any(line.startswith("The failure is configuration: what was ordered or set cannot work") for line in lines)
    assert any(line.startswith("What can be done: ") for line in lines)
    assert "Explained in docs/reference/failures.md#package-unknown" in lines


def test_on_its_page(world: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    client = sign_in(scene.open_pages(world, monkeypatch), "vera")
    scene.assign(world, "1")
    assert 'id="because"' not in client.get("/machines/1").text
    fail(world, f"{HOSTILE} E: Unable to locate package a")
    page = client.get("/machines/1").text
    assert 'id="because" aria-label="Why it failed"' in page and "<strong>configuration</strong>" in page
    assert "package-unknown" in page and "<script>alert" not in page and "&lt;script&gt;alert(1)" in page
