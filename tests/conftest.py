"""One appliance with fakes for every service and surface test."""

from __future__ import annotations

import contextlib
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from databases import KINDS, Database, Databases
from hypothesis import HealthCheck, settings
from shipped import shipped_roles

from oci.adapters.fake import FakeCloud, FakeDhcp, FakeGuests, FakeHost, FakeImages, FakePower, FakePuppetCa
from oci.adapters.files.secrets import FileSealer
from oci.adapters.issuer import X509Issuer
from oci.app import Appliance
from oci.config import configure
from oci.context import Actor, Ctx, Outside
from oci.db.session import sessions
from oci.records.clusters import fleets

# Tests run on shared, busy machines: how long an example takes says nothing about the code.
settings.register_profile("busy", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("busy")

OPERATOR = Actor("olga", "operator")
FEW = 8  # examples of a property on the second database


@dataclass
class Clock:
    """Time that only moves when told."""

    now: float = 1_800_000_000.0

    def __call__(self) -> float:
        return self.now


@dataclass
class World:
    """An appliance on a fresh database, with the fakes at hand."""

    appliance: Appliance
    database: Database
    clock: Clock
    power: FakePower
    dhcp: FakeDhcp
    puppet_ca: FakePuppetCa
    images: FakeImages
    cloud: FakeCloud
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


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--database", choices=KINDS, help="run the tests that need a database on this one only")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Whatever has a database runs on each kind, but for what is marked `one_database`."""
    if "database" not in metafunc.fixturenames:
        return
    chosen = metafunc.config.getoption("--database")
    kinds = (chosen,) if chosen else KINDS
    marked = metafunc.definition.get_closest_marker("one_database")
    if marked:
        kinds = tuple(kind for kind in kinds if kind == (marked.args or KINDS)[0])
    metafunc.parametrize("database", kinds, scope="session")


@pytest.fixture(scope="session")
def databases() -> Iterator[Databases]:
    """What gives out databases; one for each pytest process."""
    made = Databases()
    yield made
    made.end()


@pytest.fixture
def world(tmp_path: Path, databases: Databases, database: str) -> Iterator[World]:
    with make_world(tmp_path, databases, database) as made:
        yield made


@pytest.fixture(scope="session")
def new_world(databases: Databases, database: str) -> Callable[[Path], AbstractContextManager[World]]:
    """A maker of worlds in a directory each, for properties that need a fresh one for every example."""
    return lambda folder: make_world(folder, databases, database)


@pytest.fixture(scope="session")
def enough(database: str) -> Callable[[str], bool]:
    """Whether the property of that name was tried with enough examples: the second database gets few of them."""
    seen: Counter[str] = Counter()

    def asked(name: str) -> bool:
        seen[name] += 1
        return database != KINDS[0] and seen[name] > FEW

    return asked


@contextlib.contextmanager
def make_world(tmp_path: Path, databases: Databases, kind: str) -> Iterator[World]:
    """A world whose files lie in `tmp_path`."""
    fleets.forget()
    with databases.fresh(kind, tmp_path) as database:
        yield world_on(tmp_path, database)


def world_on(tmp_path: Path, database: Database) -> World:
    """A world whose files lie in `tmp_path`, on that database."""
    config = configure(
        {
            "state_dir": str(tmp_path),
            "run_dir": str(tmp_path / "run"),
            "server_address": "10.77.0.1",
            "puppet_server": "puppet.lab.test",
            "secure_cookies": False,
            "database_url": database.url,
        }
    )
    clock, power, dhcp, puppet_ca, images = Clock(), FakePower(), FakeDhcp(), FakePuppetCa(), FakeImages()
    cloud, poked = FakeCloud(), list[int]()
    outside = Outside(
        power=power,
        dhcp=dhcp,
        puppet_ca=puppet_ca,
        images=images,
        sealer=FileSealer(tmp_path / "secret.key", make=True),
        issuer=X509Issuer(),
        poke=poked.append,
        host=FakeHost(),
        clouds=cloud,
        guests=FakeGuests(),
        roles=dict(shipped_roles()),
        ca_pem=b"-----BEGIN CERTIFICATE-----\n",
        clock=clock,
    )
    made = Appliance(config, outside, sessions(database.engine))
    return World(made, database, clock, power, dhcp, puppet_ca, images, cloud, poked)


# The longest first: what is begun last must be short when processes share the files. Whole machines, which take longest,
# are followed by what mostly waits.
FIRST = (
    "lab/test_end_to_end.py",
    "shell/test_shell.py",
    "puppet/",
    "package/",
    "lab/",
    "real/test_ipmi_faults.py",
    "surface/test_openapi.py",
    "service/test_identity_histories.py",
    "real/",
    "surface/",
    "service/",
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Order the files by how long they take, the longest first."""
    here = Path(__file__).parent

    def place(item: pytest.Item) -> int:
        name = item.path.relative_to(here).as_posix()
        return next((number for number, start in enumerate(FIRST) if name.startswith(start)), len(FIRST))

    items.sort(key=place)
