"""What is made in Keystone, Neutron and Nova from what a file says: once, and again only what differs."""

from __future__ import annotations

import importlib.machinery
import importlib.util
import json
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from keystoneauth1.exceptions import ClientException

from oci.domain.cluster.flavors import flavor

FILE = Path(__file__).resolve().parents[2] / "puppet/site/profile/files/oci-seed"
PUBLIC = {
    "name": "public",
    "physical": "external",
    "vlan": 0,
    "mtu": 1500,
    "cidr": "203.0.113.0/24",
    "gateway": "203.0.113.1",
    "pools": [["203.0.113.20", "203.0.113.30"], ["203.0.113.100", "203.0.113.200"]],
}


@pytest.fixture(scope="module")
def program() -> ModuleType:
    loader = importlib.machinery.SourceFileLoader("oci_seed", str(FILE))
    spec = importlib.util.spec_from_loader("oci_seed", loader)
    assert spec
    module = importlib.util.module_from_spec(spec)
    loader.exec_module(module)
    return module


def neutron(program: ModuleType, things: dict[str, list[dict[str, Any]]]) -> Any:
    """A Neutron that has `things`, and keeps what is written to it."""

    class Held(program.Neutron):  # type: ignore[misc, name-defined]
        def __init__(self) -> None:
            self.check, self.changes = False, []

        def all(self, kind: str, **query: str) -> list[dict[str, Any]]:
            return [one for one in things[kind] if all(one.get(name) == value for name, value in query.items())]

        def write(self, words: str, method: str, path: str, body: Any = None) -> dict[str, Any]:
            self.changes.append(words)
            kind, _, id = path.partition("/")
            ((noun, members),) = body.items()
            if method == "POST":
                extra = {"provider:segmentation_id": None} if kind == "networks" else {}
                things[kind].append({"id": f"{noun}-{len(things[kind])}", **extra, **members})
                return {noun: things[kind][-1]}
            next(one for one in things[kind] if one["id"] == id).update(members)
            return {}

    return Held()


def test_a_network_outside_is_made_once(program: ModuleType) -> None:
    things: dict[str, list[dict[str, Any]]] = {"networks": [], "subnets": []}
    first, second = neutron(program, things), neutron(program, things)
    program.outside({"networks": [PUBLIC]}, first)
    assert first.changes == ["network public", "subnet public"]
    (network,), (subnet,) = things["networks"], things["subnets"]
    assert network["router:external"] is True and network["provider:network_type"] == "flat"
    assert subnet["network_id"] == network["id"] and subnet["enable_dhcp"] is False
    assert subnet["allocation_pools"][1] == {"start": "203.0.113.100", "end": "203.0.113.200"}
    program.outside({"networks": [PUBLIC]}, second)
    assert second.changes == []


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"gateway": ""}, "subnet public"),
        ({"pools": [["203.0.113.20", "203.0.113.30"]]}, "subnet public"),
        ({"mtu": 9000}, "network public"),
    ],
)
def test_only_what_differs_is_written_again(program: ModuleType, changed: dict[str, Any], said: str) -> None:
    things: dict[str, list[dict[str, Any]]] = {"networks": [], "subnets": []}
    program.outside({"networks": [PUBLIC]}, neutron(program, things))
    again = neutron(program, things)
    program.outside({"networks": [{**PUBLIC, **changed}]}, again)
    assert again.changes == [said]


def test_a_network_that_is_carried_otherwise_is_left_to_a_person(program: ModuleType) -> None:
    things: dict[str, list[dict[str, Any]]] = {"networks": [], "subnets": []}
    program.outside({"networks": [PUBLIC]}, neutron(program, things))
    with pytest.raises(SystemExit, match="public is carried otherwise"):
        program.outside({"networks": [{**PUBLIC, "vlan": 7}]}, neutron(program, things))


CALLED_SO_BY_A_USER = {
    "id": "theirs",
    "name": "public",
    "router:external": False,
    "mtu": 1442,
    "provider:network_type": "geneve",
    "provider:physical_network": None,
    "provider:segmentation_id": 5,
}


def test_a_network_that_a_user_called_so_is_in_nobodys_way(program: ModuleType) -> None:
    """Else anybody with a project could end every Puppet run of the first controller."""
    things: dict[str, list[dict[str, Any]]] = {"networks": [dict(CALLED_SO_BY_A_USER)], "subnets": []}
    first, second = neutron(program, things), neutron(program, things)
    program.outside({"networks": [PUBLIC]}, first)
    assert first.changes == ["network public", "subnet public"]
    things["networks"].append({**CALLED_SO_BY_A_USER, "id": "another's"})
    program.outside({"networks": [PUBLIC]}, second)
    assert second.changes == [] and things["networks"][0] == CALLED_SO_BY_A_USER


@pytest.mark.parametrize("changed", [{"name": "internet"}, {"router:external": False}])
def test_a_network_that_a_person_changed_is_the_same_one_and_set_right(program: ModuleType, changed: dict[str, Any]) -> None:
    things: dict[str, list[dict[str, Any]]] = {"networks": [], "subnets": []}
    program.outside({"networks": [PUBLIC]}, neutron(program, things))
    things["networks"][0].update(changed)
    again = neutron(program, things)
    program.outside({"networks": [PUBLIC]}, again)
    assert again.changes == ["network public"]
    assert [network["name"] for network in things["networks"]] == ["public"] and things["networks"][0]["router:external"]


# -- Keystone

WANTED = {
    "region": "RegionOne",
    "roles": ["admin", "service"],
    "services": [
        {
            "name": "nova",
            "type": "compute",
            "description": "Compute",
            "url": "https://api/compute/v2.1",
            "user": "nova",
            "password": "Sesame",
        }
    ],
}


class Session:
    """What answers to keystoneauth's calls, out of lists; `asked` is what was written."""

    def __init__(self, things: dict[str, list[dict[str, Any]]]) -> None:
        self.things, self.asked, self.queries = things, list[str](), list[tuple[str, Any]]()

    def get(self, url: str, params: dict[str, str] | None = None, **_rest: Any) -> Any:
        kind = url.rpartition("/")[2]
        self.queries.append((kind, params))
        return Answer({kind: self.things[kind]})

    def request(self, url: str, method: str, json: Any = None, connect_retries: int = 0) -> Any:
        _, _, path = url.partition("/v3/")
        self.asked.append(f"{method} {path}")
        if method == "PUT":
            *_rest, project, _users, user, _roles, role = path.split("/")
            held = {"user": {"id": user}, "role": {"id": role}, "scope": {"project": {"id": project}}}
            self.things["role_assignments"].append(held)
            return Answer({})
        ((noun, members),) = json.items()
        kind, _, id = path.partition("/")
        if method == "POST":
            self.things[kind].append({"id": f"{noun}-{len(self.things[kind])}", "enabled": True, **members})
            return Answer({noun: self.things[kind][-1]})
        next(one for one in self.things[kind] if one["id"] == id).update(members)
        return Answer({})


class Answer:
    def __init__(self, said: dict[str, Any]) -> None:
        self.said, self.content = said, bool(said)

    def json(self) -> dict[str, Any]:
        return self.said


def keystone(program: ModuleType, session: Session, check: bool = False) -> Any:
    made = program.Keystone.__new__(program.Keystone)
    made.url, made.session, made.check, made.changes = "https://api/identity/v3", session, check, []
    return made


def nothing() -> dict[str, list[dict[str, Any]]]:
    kinds = ("roles", "projects", "users", "services", "endpoints", "role_assignments")
    return {kind: [] for kind in kinds}


def test_what_services_need_is_made_once_and_a_check_writes_nothing(program: ModuleType) -> None:
    session = Session(nothing())
    program.seed(WANTED, keystone(program, session, check=True))
    assert session.asked == []
    program.seed(WANTED, keystone(program, session))
    made = len(session.asked)
    again = keystone(program, session)
    program.seed(WANTED, again)
    assert again.changes == [] and len(session.asked) == made == 2 + 1 + 1 + 2 + 1 + 3


def test_assignments_are_asked_for_of_the_services_project_alone(program: ModuleType) -> None:
    """Of all projects of a cloud there may be hundreds of thousands."""
    session = Session(nothing())
    for _ in range(2):
        program.seed(WANTED, keystone(program, session))
    asked = [query for kind, query in session.queries if kind == "role_assignments"]
    assert asked == [{"scope.project.id": session.things["projects"][0]["id"]}]


@pytest.mark.parametrize(
    ("kind", "changed", "said"),
    [
        ("projects", {"enabled": False}, ["project services"]),
        ("users", {"enabled": False}, ["password of nova"]),
        ("services", {"name": "compute-old"}, ["service nova"]),
        ("services", {"enabled": False}, ["service nova"]),
        ("endpoints", {"url": "https://old/"}, ["public endpoint of nova"]),
        ("users", {"name": "nova-old"}, ["user nova", "nova is admin", "nova is service"]),
    ],
)
def test_what_a_person_changed_is_set_right_and_nothing_else(
    program: ModuleType, kind: str, changed: dict[str, Any], said: list[str]
) -> None:
    session = Session(nothing())
    program.seed(WANTED, keystone(program, session))
    session.things[kind][0].update(changed)
    again = keystone(program, session)
    program.seed(WANTED, again)
    assert again.changes == said


@pytest.mark.parametrize("cut", range(10))
def test_wherever_it_is_cut_off_the_next_one_makes_the_rest_and_nothing_twice(program: ModuleType, cut: int) -> None:
    """An answer that is lost is asked for by nobody again: Keystone would make a second service or endpoint."""
    session = Session(nothing())

    class Cut(Session):
        def request(self, url: str, method: str, json: Any = None, connect_retries: int = 0) -> Any:
            assert connect_retries == 0, "what is written may have been done"
            done = session.request(url, method, json)
            if len(session.asked) > cut:
                raise ConnectionError("the answer was lost")
            return done

    with pytest.raises(ConnectionError):
        program.seed(WANTED, keystone(program, Cut(session.things)))
    program.seed(WANTED, keystone(program, session))
    assert {kind: len(held) for kind, held in session.things.items()} == {
        "roles": 2,
        "projects": 1,
        "users": 1,
        "services": 1,
        "endpoints": 3,
        "role_assignments": 2,
    }


# -- Nova

TINY = {"name": "m1.tiny", "id": "0001", "vcpus": 1, "ram": 512, "disk": 1}
SMALL = {"name": "m1.small", "id": "0002", "vcpus": 1, "ram": 2048, "disk": 20}
CLOUD = {"auth_url": "https://api/identity", "compute_url": "https://api/compute/v2.1", "flavors": [TINY, SMALL]}


class Conflict(ClientException):
    """What Nova says to a name or an id that is there."""


class Compute:
    """A Nova that gives two flavors at once. It does what the words of `does` say for each write in turn: `lost` is done and
    not answered, `down` is not done; anything else, or none, is done and answered."""

    def __init__(self, *does: str) -> None:
        self.flavors, self.does, self.posts = list[dict[str, Any]](), list(does), 0

    def get(self, url: str, params: dict[str, str], **_rest: Any) -> Any:
        assert url == "https://api/compute/v2.1/flavors/detail" and params["is_public"] == "None"
        ids = [each["id"] for each in self.flavors]
        start = ids.index(params["marker"]) + 1 if "marker" in params else 0
        page = {"flavors": self.flavors[start : start + 2]}
        return Answer({**page, "flavors_links": [{"rel": "next"}]} if len(ids) > start + 2 else page)

    def request(self, url: str, method: str, json: Any) -> Any:
        assert (url, method) == ("https://api/compute/v2.1/flavors", "POST")
        self.posts += 1
        does = self.does.pop(0) if self.does else ""
        if does == "down":
            raise ClientException("nobody is there")
        made = json["flavor"]
        if any(each["name"] == made["name"] or each["id"] == made["id"] for each in self.flavors):
            raise Conflict("it is there")
        self.flavors.append(made)
        if does == "lost":
            raise ClientException("the answer was lost")
        return Answer({"flavor": made})


@pytest.fixture
def nova(program: ModuleType, monkeypatch: pytest.MonkeyPatch) -> Compute:
    """A Nova without flavors, which the program finds; nobody waits for it."""
    compute = Compute()

    def start(self: Any, told: dict[str, Any], check: bool) -> None:
        self.url, self.session, self.check, self.changes = told["compute_url"], compute, check, []

    monkeypatch.setattr(program.Nova, "__init__", start)
    monkeypatch.setattr(program, "PAUSE", 0)
    return compute


def test_flavors_are_made_once_and_a_check_writes_nothing(
    program: ModuleType, nova: Compute, capsys: pytest.CaptureFixture[str]
) -> None:
    assert program.make(CLOUD, True) == 1 and nova.posts == 0
    assert program.make(CLOUD, False) == 0
    assert nova.flavors == [{**each, "os-flavor-access:is_public": True} for each in (TINY, SMALL)]
    assert program.make(CLOUD, True) == program.make(CLOUD, False) == 0 and nova.posts == 2
    said = [f"oci-seed: {word}: flavor {name}" for word in ("differs", "made") for name in ("m1.tiny", "m1.small")]
    assert capsys.readouterr().out.splitlines() == said


@pytest.mark.parametrize("trouble", ["lost", "down"])
@pytest.mark.parametrize("before", [0, 1])
def test_a_write_that_was_not_answered_makes_no_second_flavor(
    program: ModuleType, nova: Compute, trouble: str, before: int
) -> None:
    nova.does = ["done"] * before + [trouble]
    assert program.make(CLOUD, False) == 0
    assert [each["name"] for each in nova.flavors] == ["m1.tiny", "m1.small"]
    assert nova.posts == (3 if trouble == "down" else 2)


@pytest.mark.parametrize("cut", [0, 1])
def test_a_run_that_was_killed_between_two_flavors_is_finished_by_the_next(
    program: ModuleType, nova: Compute, monkeypatch: pytest.MonkeyPatch, cut: int
) -> None:
    class Killed(BaseException):
        pass

    written = nova.request

    def request(url: str, method: str, json: Any) -> Any:
        done = written(url, method, json)
        if nova.posts > cut:
            raise Killed
        return done

    monkeypatch.setattr(nova, "request", request)
    with pytest.raises(Killed):
        program.make(CLOUD, False)
    monkeypatch.setattr(nova, "request", written)
    assert program.make(CLOUD, False) == 0
    assert [each["name"] for each in nova.flavors] == ["m1.tiny", "m1.small"] and nova.posts == 2


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"vcpus": 2}, "m1.tiny has 2 virtual CPUs, 512 MiB of memory, 1 GiB of disk, not 1 virtual CPUs"),
        ({"ram": 1024}, "1024 MiB"),
        ({"disk": 0}, "0 GiB of disk, not"),
        ({"os-flavor-access:is_public": False}, "m1.tiny is not public"),
    ],
)
def test_a_flavor_that_is_otherwise_is_told_at_once_and_left_and_all_others_are_made(
    program: ModuleType, nova: Compute, capsys: pytest.CaptureFixture[str], changed: dict[str, Any], said: str
) -> None:
    theirs = {**TINY, "id": "a person's", "os-flavor-access:is_public": True, **changed}
    nova.flavors.append(dict(theirs))
    assert program.make(CLOUD, False) == 2
    assert said in capsys.readouterr().err
    assert nova.flavors[0] == theirs and [each["name"] for each in nova.flavors] == ["m1.tiny", "m1.small"]
    assert nova.posts == 1, "what only a person can decide is asked once"
    assert program.make(CLOUD, True) == 2


def test_a_flavor_that_a_person_made_as_declared_and_those_of_nobody_here_are_left(
    program: ModuleType, nova: Compute
) -> None:
    others = [{**TINY, "name": f"other{number}", "id": f"other{number}", "vcpus": 7} for number in range(5)]
    nova.flavors = [*others, {**TINY, "id": "a person's"}, {**SMALL, "extra_specs": {"hw:cpu_policy": "dedicated"}}]
    before = [dict(each) for each in nova.flavors]
    assert program.make(CLOUD, False) == 0 and nova.flavors == before and nova.posts == 0


def test_a_service_that_never_answers_is_given_up(
    program: ModuleType, nova: Compute, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(program, "TRIES", 3)
    nova.does = ["down"] * 9
    assert program.make(CLOUD, False) == 2 and nova.posts == 3
    assert "https://api/identity did not do it: ClientException: nobody is there" in capsys.readouterr().err


def test_one_file_of_a_folder_that_cannot_be_done_keeps_no_other_from_being_done(
    program: ModuleType, nova: Compute, tmp_path: Path
) -> None:
    assert program.main([str(tmp_path)]) == 0, "nothing is to be done"
    nova.flavors.append({**TINY, "vcpus": 9})
    for number, wanted in enumerate((TINY, SMALL)):
        (tmp_path / f"{number}.json").write_text(json.dumps({**CLOUD, "flavors": [wanted]}))
    (tmp_path / "0.json.half").write_text("{")
    assert program.main([str(tmp_path)]) == 2
    assert [each["name"] for each in nova.flavors] == ["m1.tiny", "m1.small"]
    assert program.main(["--check", str(tmp_path / "1.json")]) == 0


def test_the_name_of_a_flavor_is_its_id_in_nova() -> None:
    assert flavor("m1.tiny:1:512:1").id == flavor("m1.tiny:2:1:1").id != flavor("m1.small:1:512:1").id
