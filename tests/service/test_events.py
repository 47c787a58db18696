"""History and jobs, as they are looked at."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from oci.context import Actor
from oci.problems import NotFound
from oci.schemas.activity.events import EventQuery, TimelineQuery
from oci.schemas.activity.jobs import JobQuery
from oci.schemas.machines.machines import BmcIn
from oci.services.activity import events
from oci.services.machines import verbs

VERA = Actor("vera", "viewer")


@pytest.fixture
def busy(world):
    """Two machines; the second has a controller, and so a job."""
    for number in (1, 2):
        verbs.enrol(world.ctx(), f"52:54:00:77:00:0{number}")
    verbs.set_bmc(world.ctx(), "2", BmcIn(address="10.78.0.1", username="admin", password="sesame"))
    for _ in range(10):
        verbs.retire(world.ctx(), "1")
        verbs.restore(world.ctx(), "1")
    return world


def test_the_latest_come_oldest_first(busy) -> None:
    found = events.list_events(busy.ctx(VERA), EventQuery(limit=5))
    ids = [e.id for e in found.events]
    assert ids == list(range(19, 24)) and found.next == 23
    assert found.events[-1].machine == "machine-1" and found.events[-1].actor == "olga"


def test_page_by_page_forwards_and_backwards(busy) -> None:
    page = events.list_events(busy.ctx(VERA), EventQuery(after=0, limit=4))
    assert ([e.id for e in page.events], page.next) == ([1, 2, 3, 4], 4)
    assert [e.id for e in events.list_events(busy.ctx(VERA), EventQuery(after=22)).events] == [23]
    assert [e.id for e in events.list_events(busy.ctx(VERA), EventQuery(before=10, limit=2)).events] == [8, 9]
    nothing = events.list_events(busy.ctx(VERA), EventQuery(after=23))
    assert (nothing.events, nothing.next) == ([], 23)


def test_by_machine_and_kind(busy) -> None:
    found = events.list_events(busy.ctx(VERA), EventQuery(machine="52:54:00:77:00:02")).events
    assert [e.kind for e in found] == ["machine.discovered", "machine.bmc"]
    assert len(events.list_events(busy.ctx(VERA), EventQuery(kind="machine.discovered")).events) == 2
    with pytest.raises(NotFound):
        events.list_events(busy.ctx(VERA), EventQuery(machine="nobody"))
    with pytest.raises(ValidationError, match="must be one of"):
        events.list_events(busy.ctx(VERA), EventQuery(kind="party"))


def test_a_timeline(busy) -> None:
    found = events.timeline(busy.ctx(VERA), "machine-1")
    assert len(found.events) == 21 and found.events[0].kind == "machine.discovered"
    assert [e.id for e in events.timeline(busy.ctx(VERA), "1", TimelineQuery(after=21)).events] == [22, 23]


def test_jobs_newest_first(busy) -> None:
    assert [j.kind for j in events.list_jobs(busy.ctx(VERA)).jobs] == ["power"]
    assert events.list_jobs(busy.ctx(VERA), JobQuery(machine="1")).jobs == []
    assert events.list_jobs(busy.ctx(VERA), JobQuery(state="failed")).jobs == []
    with pytest.raises(ValidationError, match="must be one of"):
        events.list_jobs(busy.ctx(VERA), JobQuery(state="lazy"))
