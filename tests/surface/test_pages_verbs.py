"""Forms and buttons of one machine: what they show, ask, refuse and do."""

from __future__ import annotations

from typing import Any

import pytest
import scene
from scene import post, sign_in
from sqlalchemy import select
from test_pages import OPERATORS, PAGES, state

from oci.db import tables


@pytest.fixture
def pages(world: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    return scene.open_pages(world, monkeypatch)


def test_assign_by_the_form(pages: Any, world: Any) -> None:
    client = sign_in(pages, "olga")
    answer = post(client, "/machines/machine-1/assign", cluster="c1", role="compute", hostname="", address="")
    assert answer.status_code == 303 and answer.location == "/machines/compute1.lab.test"
    assert "compute1.lab.test is assigned" in client.get(answer.location).text
    assert "is assigned. Unassign" not in client.get(answer.location).text  # said once


def test_an_error_stands_beside_its_field(pages: Any, world: Any) -> None:
    client = sign_in(pages, "olga")
    answer = post(client, "/machines/machine-1/assign", cluster="c1", role="compute", hostname="Not A Name")
    assert answer.status_code == 400 and state(world) == "discovered"
    assert 'aria-invalid="true"' in answer.text and 'id="hostname-error"' in answer.text
    assert 'value="Not A Name"' in answer.text
    answer = post(client, "/machines/machine-1/assign", cluster="c1", role="compute", address="10.99.0.1")
    assert answer.status_code == 409 and "not a host address of 10.77.0.0/24" in answer.text


def test_release_shows_what_is_lost_and_asks_for_the_name(pages: Any, world: Any) -> None:
    name = scene.assign(world, "machine-1")
    scene.change(world, tables.Machine, 1, state="active")
    client = sign_in(pages, "olga")
    page = client.get(f"/machines/{name}/release").text
    assert "oci-lab-1-vda" in page and "10.7 GB" in page and "21.5 GB" in page and "2 disks" in page
    for confirm in ("", "machine-1", name.upper()):
        answer = post(client, f"/machines/{name}/release", confirm=confirm)
        assert answer.status_code == 400 and "nothing was done" in answer.text
    assert state(world) == "active"
    assert post(client, f"/machines/{name}/release", confirm=name).status_code == 303
    assert state(world) == "releasing"


def test_a_machine_in_use_is_reinstalled_only_by_its_name(pages: Any, world: Any) -> None:
    name = scene.assign(world, "machine-1")
    scene.change(world, tables.Machine, 1, state="active")
    client = sign_in(pages, "olga")
    assert post(client, f"/machines/{name}/install").status_code == 400 and state(world) == "active"
    assert post(client, f"/machines/{name}/install", confirm=name).status_code == 303
    assert state(world) == "installing"


def test_a_verb_that_is_not_possible(pages: Any) -> None:
    client = sign_in(pages, "olga")
    assert client.get("/machines/machine-1/install").status_code == 409
    answer = post(client, "/machines/machine-1/install")
    assert answer.status_code == 409 and "it can: assign, retire" in answer.text


def test_the_life_of_a_machine_by_buttons(pages: Any, world: Any) -> None:
    name, client = scene.assign(world, "machine-1"), sign_in(pages, "olga")
    for verb, then in (
        ("install", "installing"),
        ("abort", "assigned"),
        ("unassign", "discovered"),
        ("retire", "retired"),
        ("restore", "discovered"),
    ):
        assert post(client, f"/machines/1/{verb}").status_code == 303, verb
        assert state(world) == then
    assert name not in client.get("/machines").text


def test_the_controllers_password_goes_in_and_never_out(pages: Any, world: Any) -> None:
    client = sign_in(pages, "ada")
    answer = post(
        client, "/machines/machine-1/bmc", address="10.78.0.9", username="root", password="planted-secret", port="70000"
    )
    assert answer.status_code == 400 and "at most 65535" in answer.text and "planted-secret" not in answer.text
    for path in (*PAGES, *OPERATORS):
        assert "planted-secret" not in client.get(path).text
    answer = post(client, "/machines/machine-1/bmc", address="10.78.0.9", username="root", password="other-secret")
    assert answer.status_code == 303 and "root@10.78.0.9" in client.get("/machines/machine-1").text


def test_power(pages: Any, world: Any) -> None:
    client = sign_in(pages, "olga")
    assert "What runs on it ends" in client.get("/machines/machine-1/power?power=cycle").text
    for wanted in ("on", "off", "cycle"):
        assert post(client, "/machines/machine-1/power", power=wanted).status_code == 303
    assert post(client, "/machines/machine-1/power", power="melt").status_code == 400
    with world.appliance.make_session() as db:
        verbs = [job.args["verb"] for job in db.scalars(select(tables.Job).order_by(tables.Job.id))]
    assert verbs[-3:] == ["on", "off", "cycle"]
