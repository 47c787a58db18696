"""What is made in Neutron from what a file says: once, and again only what differs."""

from __future__ import annotations

import importlib.machinery
import importlib.util
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

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
