"""The table of phases agrees with the scripts that walk through it, and progress only grows."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from oci.domain.path.phases import INSTALL, PHASES, WIPE, progress

DISCOVERY = Path(__file__).resolve().parents[2] / "discovery"
PARTS = {"boot", "live", "install", "wipe", "firstboot"}


@pytest.mark.parametrize("kind", ["install", "wipe"])
def test_every_step_has_its_script_and_every_script_its_step(kind: str) -> None:
    scripts = [path.name.partition("-")[2] for path in sorted((DISCOVERY / f"{kind}.d").glob("[0-9][0-9]-*"))]
    assert tuple(scripts) == (INSTALL if kind == "install" else WIPE)


def test_the_table_is_well_formed() -> None:
    assert {phase.part for phase in PHASES.values()} == PARTS
    assert all(phase.title and phase.weight > 0 for phase in PHASES.values())
    assert set(INSTALL) | set(WIPE) <= set(PHASES)


@pytest.mark.parametrize(("kind", "order"), [("install", INSTALL), ("wipe", WIPE)])
def test_progress_grows_from_nothing_to_all(kind: str, order: tuple[str, ...]) -> None:
    walk = [progress(kind, name, percent) for name in order for percent in (0, 50, 100)]
    assert walk[0] == 0 and walk[-1] == 100
    assert all(before <= after for before, after in pairwise(walk))


@settings(deadline=None)
@given(st.sampled_from(["install", "wipe"]), st.sampled_from(sorted(PHASES)), st.integers(-1000, 1000))
def test_progress_is_always_a_percentage(kind: str, phase: str, percent: int) -> None:
    assert 0 <= progress(kind, phase, percent) <= 100


def test_what_is_no_part_of_the_work_counts_nothing() -> None:
    assert progress("install", "wipe", 50) == progress("wipe", "stream", 50) == progress("install", "", 9) == 0
