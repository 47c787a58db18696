"""The appliance looks at itself: what the worker finds, what is told without it, and DHCP seen by effect."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from oci.adapters.fake import FakeHost
from oci.app import APPLIANCE
from oci.context import Actor
from oci.db.tables import Watch
from oci.domain.activity.health import CHECKS
from oci.problems import Unauthorised, Unavailable
from oci.schemas.activity.events import EventQuery
from oci.services.activity import events, health, tick

VIEWER = Actor("vera", "viewer")
RANGE = {"dhcp_first": "10.77.0.100", "dhcp_last": "10.77.0.199"}


@pytest.fixture
def world(world: Any) -> Any:
    world.set(**RANGE)
    return world


def states(world: Any, **words: bool) -> dict[str, str]:
    return {one.name: one.state for one in health.health(world.ctx(VIEWER), **words)}


def rounds(world: Any) -> None:
    tick.dhcp(world.ctx(APPLIANCE))
    tick.machines(world.ctx(APPLIANCE))
    health.look(world.ctx(APPLIANCE))


def told(world: Any, kind: str) -> list[str]:
    return [event.text for event in events.list_events(world.ctx(), EventQuery(kind=kind, limit=50)).events]


def test_before_the_first_round_nothing_is_called_well(world: Any) -> None:
    found = states(world)
    assert list(found) == list(CHECKS) and found["worker"] == "bad" and "ok" not in found.values()


def test_after_it_all_is_well(world: Any) -> None:
    rounds(world)
    assert set(states(world).values()) == {"ok"} == set(states(world, fresh=True).values())
    assert health.show(world.ctx(VIEWER)).state == "ok"


def test_a_worker_that_stopped_is_seen_by_everybody(world: Any) -> None:
    rounds(world)
    world.clock.now += 600
    found = states(world)
    assert found.pop("worker") == "bad" and set(found.values()) == {"warn"}
    assert states(world, fresh=True)["disk"] == "ok"
    assert health.show(world.ctx(VIEWER)).checks[0].name == "worker"


@pytest.mark.parametrize(
    ("broken", "check", "state"),
    [
        ("loaders", "loaders", "bad"),
        ("expiries", "certificates", "bad"),
        ("disk", "disk", "bad"),
        ("schema", "database", "bad"),
        ("clock", "clock", "warn"),
    ],
)
def test_what_fails_outside_is_a_finding(world: Any, broken: str, check: str, state: str) -> None:
    world.outside(host=FakeHost(broken={broken: "it is broken"}))
    rounds(world)
    assert {name: found for name, found in states(world).items() if found != "ok"} == {check: state}
    one = next(c for c in health.show(world.ctx(VIEWER)).checks if c.name == check)
    assert one.why == "it is broken" and one.instead == "Mend it"


def test_images_and_puppet(world: Any) -> None:
    world.images.built, world.puppet_ca.broken = False, True
    rounds(world)
    assert {name for name, state in states(world).items() if state == "bad"} == {"image live", "image root", "puppet"}


def test_a_range_that_cannot_be_is_one_event_and_no_traceback(world: Any) -> None:
    world.set(dhcp_last="10.9.0.50")
    for _ in range(20):
        rounds(world)
        world.clock.now += 5
    refused = told(world, "dhcp.refused")
    assert len(refused) == 1 and "10.9.0.50 is not in the provisioning network" in refused[0]
    assert told(world, "dhcp.applied") == [] and world.dhcp.text == ""
    found = states(world)
    assert found["dhcp"] == "bad" and found["settings"] == "bad"


def test_an_interface_nobody_has_is_not_called_taken_into_use(world: Any) -> None:
    world.dhcp.trouble = "this host has no such interface"
    for _ in range(20):
        rounds(world)
        world.clock.now += 5
    assert told(world, "dhcp.applied") == [] and len(told(world, "dhcp.refused")) == 1
    world.dhcp.trouble = ""
    for _ in range(3):
        rounds(world)
    assert len(told(world, "dhcp.applied")) == 1 and states(world)["dhcp"] == "ok"


def test_a_server_that_is_just_being_started_is_no_event(world: Any) -> None:
    world.dhcp.trouble = "no DHCP server listens there"
    rounds(world)
    world.clock.now += 5
    world.dhcp.trouble = ""
    rounds(world)
    assert told(world, "dhcp.refused") == [] and len(told(world, "dhcp.applied")) == 1


def test_a_change_is_told_again(world: Any) -> None:
    rounds(world)
    world.set(dhcp_last="10.77.0.150")
    rounds(world)
    rounds(world)
    assert len(told(world, "dhcp.applied")) == 2


def test_dhcp_that_is_off_is_no_trouble(world: Any) -> None:
    world.set(dhcp_config="off")
    world.dhcp.trouble = "nobody"
    rounds(world)
    assert tick.dhcp(world.ctx(APPLIANCE)) == "" and states(world, fresh=True)["dhcp"] == "ok"


def test_a_stranger_learns_nothing(world: Any) -> None:
    with pytest.raises(Unauthorised):
        health.health(world.appliance.ctx())


def test_a_database_of_another_version_is_a_finding_where_it_is_asked_for_afresh(world: Any) -> None:
    with world.appliance.make_session() as db:
        Watch.__table__.drop(db.connection())
        db.commit()
    world.outside(host=replace(FakeHost(), revisions=("0002", "0001")))
    with pytest.raises(Unavailable):
        states(world)
    found = states(world, fresh=True)
    assert found["database"] == "bad" and found["worker"] == "bad" and found["disk"] == "ok"
