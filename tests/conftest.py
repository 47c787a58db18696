"""One appliance with fakes for every service and surface test."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from oci.adapters import roles as role_files
from oci.adapters.fake import FakeDhcp, FakeHost, FakeImages, FakePower, FakePuppetCa
from oci.adapters.secrets import FileSealer
from oci.app import Appliance
from oci.config import configure
from oci.context import Actor, Ctx, Outside
from oci.db.session import engine, sessions
from oci.db.tables import Table

# Tests run on shared, busy machines: how long an example takes says nothing about the code.
settings.register_profile("busy", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("busy")

OPERATOR = Actor("olga", "operator")


@dataclass
class Clock:
    """Time that only moves when told."""

    now: float = 1_800_000_000.0

    def __call__(self) -> float:
        return self.now


@dataclass
class World:
    """An appliance on a fresh SQLite file, with the fakes at hand."""

    appliance: Appliance
    clock: Clock
    power: FakePower
    dhcp: FakeDhcp
    puppet_ca: FakePuppetCa
    images: FakeImages
    poked: list[int]

    def ctx(self, actor: Actor = OPERATOR) -> Ctx:
        return self.appliance.ctx(actor)

    def set(self, **changes: object) -> None:
        """Change settings in place, as if the appliance had been started with them."""
        for name, value in changes.items():
            assert hasattr(self.appliance.config, name), name
            object.__setattr__(self.appliance.config, name, value)

    def outside(self, **changes: object) -> None:
        """Replace parts of the outside world."""
        self.appliance = replace(self.appliance, outside=replace(self.appliance.outside, **changes))


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    with make_world(tmp_path) as made:
        yield made


@pytest.fixture(scope="session")
def new_world() -> Callable[[Path], AbstractContextManager[World]]:
    """A maker of worlds in a directory each, for properties that need a fresh one for every example."""
    return make_world


@contextlib.contextmanager
def make_world(tmp_path: Path) -> Iterator[World]:
    """A world whose files lie in `tmp_path`."""
    config = configure(
        {
            "state_dir": str(tmp_path),
            "run_dir": str(tmp_path / "run"),
            "server_address": "10.77.0.1",
            "puppet_server": "puppet.lab.test",
            "secure_cookies": False,
        }
    )
    made = engine(config.database_url)
    Table.metadata.create_all(made)
    clock, power, dhcp, puppet_ca, images = Clock(), FakePower(), FakeDhcp(), FakePuppetCa(), FakeImages()
    poked: list[int] = []
    outside = Outside(
        power=power,
        dhcp=dhcp,
        puppet_ca=puppet_ca,
        images=images,
        sealer=FileSealer(tmp_path / "secret.key", make=True),
        poke=poked.append,
        host=FakeHost(),
        roles=role_files.load(tmp_path / "none"),
        ca_pem=b"-----BEGIN CERTIFICATE-----\n",
        clock=clock,
    )
    yield World(Appliance(config, outside, sessions(made)), clock, power, dhcp, puppet_ca, images, poked)
    made.dispose()
