"""How often machines speak and are written down, as numbers."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from oci.domain.path import pulse

SECONDS = st.integers(1, 600)


@given(SECONDS, st.integers(0, 10**6))
def test_nobody_speaks_more_often_than_the_setting_says_and_everybody_within_the_longest_pace(shortest, waiting) -> None:
    assert shortest <= pulse.pace(shortest, waiting) <= max(shortest, pulse.LONGEST_PACE)


@given(st.integers(1, pulse.BEATS_PER_SECOND * pulse.LONGEST_PACE))
def test_the_appliance_answers_no_more_heartbeats_a_second_than_it_may(waiting) -> None:
    assert waiting / pulse.pace(1, waiting) <= pulse.BEATS_PER_SECOND


@given(SECONDS, SECONDS, st.floats(1, 600), st.lists(st.booleans(), max_size=300))
def test_who_beats_and_loses_fewer_than_may_be_lost_is_always_there(shortest, slower, kept, lost) -> None:
    beat = max(shortest, slower)
    now, stored, in_a_row = 0.0, 0.0, 0
    for is_lost in lost:
        now += beat
        in_a_row = in_a_row + 1 if is_lost and in_a_row < pulse.LOST_BEATS - 2 else 0
        if not in_a_row and pulse.due(stored, now, kept):
            stored = now
        assert pulse.waits(stored, now, kept, beat, shortest)


@given(st.floats(0, 10**6), st.floats(0.1, 600), SECONDS, st.floats(1, 600))
def test_no_machine_that_still_beats_is_silent(now, kept, beat, limit) -> None:
    assert not pulse.silent(now, now + pulse.unwritten(kept, beat) - 0.01, kept, beat, max(limit, beat))


def test_a_clock_that_went_back_is_written_down_at_once() -> None:
    assert pulse.due(100.0, 50.0, 30) and pulse.due(None, 50.0, 30) and not pulse.due(100.0, 129.0, 30)


def test_work_that_may_be_silent_for_a_short_time_only_is_written_down_more_often() -> None:
    assert pulse.kept_seconds(30, 12) == 3 and pulse.kept_seconds(30, 9000) == 30 and pulse.kept_seconds(30) == 30
