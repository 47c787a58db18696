"""A small data centre for the tests of the pages: people of each level, machines, hostile words."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from argon2 import PasswordHasher
from flask import Flask
from flask.testing import FlaskClient

from oci import app
from oci.app import APPLIANCE
from oci.db import tables
from oci.records.people import passwords
from oci.schemas.clusters.clusters import ClusterIn
from oci.schemas.clusters.networks import NetworkIn
from oci.schemas.machines.machines import AssignIn, BmcIn
from oci.schemas.people.people import PersonIn
from oci.services.clusters import clusters, networks
from oci.services.machines import verbs
from oci.services.people import people

PASSWORD = "correct horse battery"
LEVELS = {"vera": "viewer", "olga": "operator", "ada": "admin"}
MACS = tuple(f"52:54:00:77:00:{number:02x}" for number in range(1, 5))
HOSTILE = "<script>alert(1)</script>'\"{{7*7}}&<img src=x onerror=alert(2)>"
CSRF = re.compile(r'name="csrf_token" value="([^"]+)"')
REPORT = Path(__file__).parent.parent / "hardware" / "qemu-bios" / "expected.json"
LINES = (
    (0, "boot.dhcp", "asked for an address"),
    (2, "boot.script", "told to boot the live image (pcbios)"),
    (5, "boot.beacon", "Live kernel started"),
    (7, "boot.beacon", "Network is up"),
    (9, "boot.beacon", "Live image fetched and verified"),
    (10, "boot.site", "fetched the token of this boot"),
    (12, "boot.beacon", "Live system started"),
    (14, "boot.beacon", "Hardware probed"),
    (15, "machine.discovered", "reported for the first time: 2 NICs, 2 disks"),
)


def open_pages(world: Any, monkeypatch: pytest.MonkeyPatch) -> Flask:
    """The pages, with people, a cluster and machine-1, which has reported."""
    # the slow hash is not what is tested
    quick = PasswordHasher(time_cost=1, memory_cost=64, parallelism=1)
    monkeypatch.setattr(passwords, "HASHER", quick)
    monkeypatch.setattr(passwords, "_nobodys_hash", lambda: quick.hash("nobody"))
    add_people(world)
    add_site(world)
    add_boot(world, add_machine(world, MACS[0]))
    give_bmc(world, "machine-1")
    return app.operators(world.appliance)


def token(client: FlaskClient, path: str = "/account") -> str:
    """The CSRF token that the page at `path` holds."""
    found = CSRF.search(client.get(path).text)
    assert found, f"{path} has no form"
    return found.group(1)


def sign_in(pages: Flask, name: str, password: str = PASSWORD) -> FlaskClient:
    """A client in which `name` has signed in."""
    client: FlaskClient = pages.test_client()
    client.post("/signin", data={"name": name, "password": password, "csrf_token": token(client, "/signin")})
    return client


def post(client: FlaskClient, path: str, **fields: Any) -> Any:
    """Send a form as its page does."""
    return client.post(path, data={**fields, "csrf_token": token(client)})


def add_people(world: Any) -> None:
    """One person of each level, all with the same password."""
    for name, level in LEVELS.items():
        people.add_person(world.ctx(APPLIANCE), PersonIn(name=name, level=level, password=PASSWORD))


def add_site(world: Any) -> None:
    """A network and a cluster on it."""
    networks.create_network(world.ctx(), NetworkIn(name="prov", cidr="10.77.0.0/24", first="10.77.0.11", last="10.77.0.60"))
    clusters.create_cluster(world.ctx(), ClusterIn(name="c1", domain="lab.test", network="prov"))


def add_machine(world: Any, mac: str, name: str = "", **columns: Any) -> int:
    """A machine that has reported; `columns` replace what it reported."""
    made = verbs.enrol(world.ctx(), mac)
    inventory = json.loads(REPORT.read_text())
    inventory["disks"][0].update(signatures=[], partitions=[])  # nobody's data is on the disk that installs take
    given = {
        "vendor": inventory["vendor"],
        "model": inventory["model"],
        "memory_bytes": inventory["memory_bytes"],
        "serial": f"SN{made.id:04}",
        "disk_bytes": 32 * 10**9,
        "power": "on",
        "presence": "live",
        "firmware": "bios",
        "inventory": inventory,
        "seen": world.appliance.outside.clock(),
        **columns,
    }
    with world.appliance.make_session() as db:
        row = db.get(tables.Machine, made.id)
        for column, value in {**given, **({"name": name} if name else {})}.items():
            setattr(row, column, value)
        db.commit()
    return made.id


def add_event(
    world: Any, machine_id: int | None, text: str, kind: str = "boot.beacon", back: float = 0, **data: Any
) -> None:
    """An event, `back` seconds ago."""
    with world.appliance.make_session() as db:
        db.add(
            tables.Event(
                at=world.appliance.outside.clock() - back,
                kind=kind,
                machine_id=machine_id,
                actor="machine",
                text=text,
                data=data,
            )
        )
        db.commit()


def add_boot(world: Any, machine_id: int, back: float = 60) -> None:
    """The lines that a first boot leaves in the history."""
    for seconds, kind, text in LINES:
        add_event(world, machine_id, text, kind, back - seconds)


def give_bmc(world: Any, name: str) -> None:
    """A management controller whose password is a word that no page may show."""
    verbs.set_bmc(world.ctx(), name, BmcIn(address="10.78.0.1", username="admin", password="planted-secret"))


def assign(world: Any, name: str, role: str = "compute") -> str:
    """Promise the machine to the cluster; returns its new name."""
    return verbs.assign(world.ctx(), name, AssignIn(cluster="c1", role=role)).name


def add_check(world: Any, cluster_id: int) -> None:
    """A proof of a cluster's cloud that nobody works on."""
    with world.appliance.make_session() as db:
        db.add(tables.CloudCheck(cluster_id=cluster_id, actor="olga", ordered=world.clock.now, computes=["compute1"]))
        db.commit()


def change(world: Any, table: type, key: int, **columns: Any) -> None:
    """Set columns of one row."""
    with world.appliance.make_session() as db:
        row = db.get(table, key)
        for column, value in columns.items():
            setattr(row, column, value)
        db.commit()
