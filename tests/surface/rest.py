"""The operators' listener with somebody of each level, for the tests of REST, contract and command line."""

from __future__ import annotations

import io
from dataclasses import dataclass
from functools import cache
from typing import Any

import requests
from flask import Flask
from flask.testing import FlaskClient
from requests.adapters import BaseAdapter
from sqlalchemy import select

from oci.api.operators import create
from oci.context import Actor
from oci.db import tables
from oci.records.people.passwords import hashed
from oci.schemas.clusters.clusters import ClusterIn
from oci.schemas.clusters.networks import NetworkIn
from oci.schemas.machines.machines import AssignIn, BmcIn
from oci.schemas.people.people import TokenIn
from oci.services.clusters import clusters, networks
from oci.services.machines import verbs
from oci.services.people import people

PASSWORD = "correct horse battery"
PEOPLE = {"vera": "viewer", "olga": "operator", "ada": "admin"}
MAC, SECOND = "52:54:00:77:00:01", "52:54:00:77:00:02"


@dataclass
class Rest:
    """The application and a token for each level; `tokens['nobody']` is None."""

    world: Any
    app: Flask
    tokens: dict[str, str | None]

    def client(self) -> FlaskClient:
        return self.app.test_client()

    def call(self, method: str, path: str, level: str = "admin", **options: Any) -> Any:
        """One request with the token of `level`."""
        headers = dict(options.pop("headers", {}))
        if self.tokens[level]:
            headers["Authorization"] = f"Bearer {self.tokens[level]}"
        return self.client().open(path, method=method, headers=headers, **options)

    def events(self) -> list[tuple[str, str, str]]:
        """Kind, actor and text of every event."""
        with self.world.appliance.make_session() as db:
            return [(e.kind, e.actor, e.text) for e in db.scalars(select(tables.Event).order_by(tables.Event.id))]


class WsgiTransport(BaseAdapter):
    """Carries requests to a WSGI application without a socket."""

    def __init__(self, app: Flask) -> None:
        super().__init__()
        self.app, self.sent = app, []

    def send(self, request: requests.PreparedRequest, *_args: Any, **_options: Any) -> requests.Response:
        client = self.app.test_client()
        self.sent.append((request.method, request.path_url))
        got = client.open(request.path_url, method=request.method, headers=dict(request.headers), data=request.body)
        answer = requests.Response()
        answer.status_code, answer.url, answer.request = got.status_code, str(request.url), request
        answer.headers.update(got.headers)
        answer.raw = io.BytesIO(got.data)
        return answer

    def close(self) -> None:
        """Nothing is open."""


def populate(world: Any) -> None:
    """A network, a cluster and two machines, the first of them assigned."""
    ctx = world.ctx
    networks.create_network(ctx(), NetworkIn(name="prov", cidr="10.77.0.0/24", first="10.77.0.11", last="10.77.0.20"))
    clusters.create_cluster(ctx(), ClusterIn(name="c1", domain="lab.test", network="prov"))
    bmc = BmcIn(address="10.78.0.1", username="admin", password="sesame")
    verbs.enrol(ctx(), MAC, bmc)
    verbs.enrol(ctx(), SECOND)
    verbs.assign(ctx(), MAC, AssignIn(cluster="c1", role="compute"))


@cache
def _hash() -> str:
    """PASSWORD as it is stored; the hash is slow on purpose, so the tests make it once."""
    return hashed(PASSWORD)


def open_listener(world: Any) -> Rest:
    """The listener with vera, olga and ada."""
    tokens: dict[str, str | None] = {"nobody": None}
    for name, level in PEOPLE.items():
        with world.appliance.make_session() as db:
            db.add(tables.Person(name=name, level=level, password_hash=_hash(), disabled=False, created=0))
            db.commit()
        made = people.make_token(world.ctx(Actor(name, level)), TokenIn(name="test", days=3650))
        tokens[level] = made.token
    return Rest(world, create(world.appliance), tokens)
