"""The table of states: complete, without dead ends, and honest when it refuses."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from oci.domain.machines.lifecycle import CLOCK, MACHINES, PEOPLE, STATES, TRANSITIONS, Refused, possible, step


def reachable(start: str) -> set[str]:
    seen, todo = set(), [start]
    while todo:
        state = todo.pop()
        if state not in seen:
            seen.add(state)
            todo += TRANSITIONS[state].values()
    return seen


@pytest.mark.parametrize("state", STATES)
def test_every_state_has_a_way_back_to_discovered(state: str) -> None:
    assert "discovered" in reachable(state)


def test_every_state_can_be_reached() -> None:
    assert reachable("discovered") == set(STATES) == set(TRANSITIONS)


def test_every_verb_is_known_and_used() -> None:
    used = {verb for verbs in TRANSITIONS.values() for verb in verbs}
    assert used == PEOPLE | MACHINES | CLOCK


@pytest.mark.parametrize("state", [s for s in STATES.values() if s.transient])
def test_transient_states_can_be_aborted_and_end_by_the_clock(state) -> None:
    assert {"abort", "overdue"} <= set(TRANSITIONS[state.name])


def test_a_refusal_says_what_is_possible() -> None:
    with pytest.raises(Refused, match="a retired machine cannot install; it can: restore"):
        step("retired", "install")


def test_only_peoples_verbs_are_offered() -> None:
    assert possible("installing") == ["abort"]


@pytest.mark.parametrize("state", STATES.values(), ids=STATES)
def test_every_state_looks_like_something(state) -> None:
    styles = (Path(__file__).resolve().parents[2] / "webui/static/oci.css").read_text()
    assert re.search(rf"\.state-{state.name}\b[^}}]*color:", styles), "a colour on the pages"
    assert len(state.shape) == 1 and [other.shape for other in STATES.values()].count(state.shape) == 1
    assert state.tone in {"", "good", "bad", "busy", "waits", "gone"}
    assert (state.tone == "busy") == state.transient
    assert not state.next or state.next in possible(state.name)
