"""Puppet runs: the last ones are kept, and only what changes is an event."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import func, select
from test_left_behind import DRY, GOOD, NAME, OLD, configuring

from oci.app import APPLIANCE
from oci.db import tables
from oci.domain.path import convergence
from oci.problems import NotFound
from oci.schemas.activity.events import EventQuery
from oci.services.activity import events
from oci.services.machines import verbs
from oci.services.path import puppet

BAD = {"status": "failed", "failed_resources": [{"resource": "File[/a]", "messages": ["no"]}]}
CHANGED = {**GOOD, "status": "changed", "metrics": {"time": {"total": 12.5, "file": 0.5}, "resources": {"changed": 3}}}


def report(world, *said) -> None:
    for one in said:
        world.clock.now += 10
        puppet.report(world.ctx(APPLIANCE), NAME, one)


def told(world) -> list[str]:
    return [e.data["status"] for e in events.list_events(world.ctx(), EventQuery(kind="puppet.report")).events]


def runs(world) -> list:
    return puppet.list_runs(world.ctx(), NAME).runs


def test_every_run_is_kept_and_only_another_outcome_is_an_event(world) -> None:
    configuring(world)
    report(world, CHANGED, GOOD, GOOD, GOOD, BAD, BAD, OLD, DRY, GOOD)
    assert [r.status for r in runs(world)][::-1] == ["changed", "ok", "ok", "ok", "failed", "failed", "cached", "noop", "ok"]
    assert told(world) == ["changed", "ok", "failed", "cached", "ok"], "a dry run is none, and hides none"


def test_a_run_is_told_with_what_it_took_and_what_it_was(world) -> None:
    configuring(world)
    report(world, CHANGED, DRY, OLD, BAD)
    failed, old, dry, changed = runs(world)
    assert (changed.seconds, changed.metrics["resources"]) == (12.5, {"changed": 3.0})
    assert dry.noop and old.cached and not changed.noop and not changed.cached
    assert failed.seconds is None and "File[/a] (no)" in failed.text


def test_as_many_as_the_setting_says_are_kept_of_each_machine(world) -> None:
    configuring(world)
    world.set(runs_kept=3)
    report(world, *[GOOD] * 5, BAD)
    assert [r.status for r in runs(world)] == ["failed", "ok", "ok"]
    world.set(runs_kept=0)
    report(world, GOOD, GOOD)
    assert len(runs(world)) == 1 and told(world) == ["ok", "failed", "ok"]


def test_the_first_run_of_an_install_is_an_event_even_if_it_ends_as_the_last_one_before(world) -> None:
    configuring(world)
    report(world, GOOD)
    verbs.install(world.ctx(), NAME)
    report(world, GOOD, GOOD)
    assert told(world) == ["ok", "ok"]


def test_runs_go_with_their_machine(world) -> None:
    configuring(world)
    report(world, GOOD)
    with world.appliance.make_session() as db:
        db.delete(db.scalars(select(tables.Machine)).one())
        db.commit()
        assert db.scalar(select(func.count()).select_from(tables.Run)) == 0


def test_runs_of_a_machine_that_had_none_or_does_not_exist(world) -> None:
    configuring(world)
    assert runs(world) == []
    with pytest.raises(NotFound):
        puppet.list_runs(world.ctx(), "nobody")


ANY = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
)


@given(ANY | st.fixed_dictionaries(dict.fromkeys(convergence.METRIC_GROUPS, ANY)))
def test_whatever_a_machine_counts_is_numbers_or_left_out(metrics: object) -> None:
    found = convergence.metrics({"metrics": metrics})
    assert all(isinstance(v, float) and 0 <= v <= 1e12 for group in found.values() for v in group.values())
    seconds = convergence.seconds({"metrics": metrics})
    assert seconds is None or seconds >= 0


def test_a_machine_that_counts_too_much_is_cut_short() -> None:
    found = convergence.metrics({"metrics": {"time": {"x" * 500 + str(n): n for n in range(9999)}, "more": {"a": 1}}})
    assert set(found) == {"time"} and len(found["time"]) <= convergence.MOST_METRICS
