"""The table of phases and that of works agree with the scripts that walk through them, and progress only grows."""

from __future__ import annotations

import re
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from docs.generate import PARTS
from oci.config import SETTINGS
from oci.domain.machines.lifecycle import MACHINES, PEOPLE, STATES, TRANSITIONS
from oci.domain.path.phases import OF_INSTALLED, PHASES, beacon
from oci.domain.path.works import KIND_OF, WORKS, Work, evaluated, progress

DISCOVERY = Path(__file__).resolve().parents[2] / "discovery"
EVERY = pytest.mark.parametrize("work", WORKS.values(), ids=WORKS)


@EVERY
def test_every_step_has_its_script_and_every_script_its_step(work: Work) -> None:
    scripts = [path.name.partition("-")[2] for path in sorted((DISCOVERY / f"{work.name}.d").glob("[0-9][0-9]-*"))]
    assert tuple(scripts) == work.phases
    steps = re.search(rf"^work {work.name} (.*) \|\| exit$", (DISCOVERY / work.name).read_text(), flags=re.MULTILINE)
    assert steps and tuple(steps[1].split()) == work.phases


def test_the_agent_carries_out_every_kind_and_no_other() -> None:
    told = re.search(r"^\s*([a-z |]+)\) carry_out", (DISCOVERY / "agent").read_text(), flags=re.MULTILINE)
    assert told and set(told[1].split(" | ")) == set(WORKS)


@EVERY
def test_the_live_image_has_the_scripts_of_every_work(work: Work) -> None:
    build = (DISCOVERY / "build").read_text()
    name = work.name
    lists = (rf"find .*\b{name} {name}\.d\b", rf"for f in live-init .*\b{name}\b(?!\.d)", rf"for f in .*\b{name}\.d\b")
    for wanted in lists:
        assert re.search(wanted, build), f"discovery/build does not bring {work.name} and {work.name}.d along"


@EVERY
def test_a_work_has_a_state_that_its_verb_leads_to_and_that_it_ends(work: Work) -> None:
    assert STATES[work.state].transient and KIND_OF[work.state] == work.name
    assert work.starts in PEOPLE and work.ends in MACHINES
    assert work.state in {verbs[work.starts] for verbs in TRANSITIONS.values() if work.starts in verbs}
    assert set(work.final_phases) <= set(work.phases) <= set(PHASES)
    assert work.destroys and len(work.name) <= 8  # the column of an install's kind


def test_every_state_is_of_one_work_at_most() -> None:
    assert len(KIND_OF) == len(WORKS)


@pytest.mark.parametrize("state", STATES.values(), ids=STATES)
def test_the_limits_of_a_state_are_settings(state) -> None:
    numbers = {setting.name for setting in SETTINGS if isinstance(setting.default, int | float)}
    assert state.silence in numbers and (state.still in numbers) == state.transient


def test_the_table_is_well_formed() -> None:
    assert {phase.part for phase in PHASES.values()} == set(PARTS)
    assert all(phase.title and phase.weight > 0 for phase in PHASES.values())
    assert set(OF_INSTALLED) <= set(PHASES)


def test_a_boot_that_is_not_known_tells_no_phase_of_work() -> None:
    told = {name for name in PHASES if beacon(name)}
    assert told and not told & {name for work in WORKS.values() for name in work.phases}
    assert beacon("nonsense") is None


@EVERY
def test_progress_grows_from_nothing_to_all(work: Work) -> None:
    walk = [progress(work.name, name, percent) for name in work.phases for percent in (0, 50, 100)]
    assert walk[0] == 0 and walk[-1] == 100
    assert all(before <= after for before, after in pairwise(walk))


@settings(deadline=None)
@given(st.sampled_from(sorted(WORKS)), st.sampled_from(sorted(PHASES)), st.integers(-1000, 1000))
def test_progress_is_always_a_percentage(kind: str, phase: str, percent: int) -> None:
    assert 0 <= progress(kind, phase, percent) <= 100


def test_what_is_no_part_of_the_work_counts_nothing() -> None:
    assert progress("install", "wipe", 50) == progress("wipe", "stream", 50) == progress("install", "", 9) == 0


@pytest.mark.parametrize(
    ("words", "percent"),
    [
        ("Info: /Stage[main]/A/B[c]: Starting to evaluate the resource (1 of 44)", 2),
        ("Starting to evaluate the resource (44 of 44)", 100),
        ("Starting to evaluate the resource (88 of 44)", 100),
        ("Starting to evaluate the resource (5 of 0)", 100),
        ("Starting to evaluate the resource (5 of 99999999999)", None),
        ("Starting to evaluate the resource (-5 of 9)", None),
        ("Info: Loading facts", None),
        ("", None),
    ],
)
def test_how_far_an_agent_says_that_it_is(words: str, percent: int | None) -> None:
    assert evaluated(words) == percent
