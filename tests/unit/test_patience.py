"""Deadlines: from the last progress, longer for more bytes, and never past the whole."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from oci.domain.path.patience import deadline, still_seconds, whole_seconds

TB = 10**12
SECONDS = st.floats(0, 1e7)


@pytest.mark.parametrize(
    ("disk_bytes", "rate"),
    [(480 * 10**9, 100e6), (16 * TB, 200e6), (16 * TB, 60e6), (12 * 16 * TB, 200e6), (24 * 20 * TB, 250e6), (8 * TB, 30e6)],
)
def test_a_wipe_at_the_speed_of_real_disks_goes_through(disk_bytes: int, rate: float) -> None:
    percent = disk_bytes / 100 / rate
    still, whole = still_seconds("wipe", 3600, disk_bytes), whole_seconds("wipe", 86400, disk_bytes)
    assert percent < still and 100 * percent < whole


def test_an_install_is_no_wipe() -> None:
    assert still_seconds("install", 3600, 192 * TB) == 3600 and whole_seconds("install", 86400, 192 * TB) == 86400


@given(began=SECONDS, later=SECONDS, still=SECONDS, whole=SECONDS, failed=st.none() | SECONDS)
def test_progress_never_brings_the_end_nearer(
    began: float, later: float, still: float, whole: float, failed: float | None
) -> None:
    before = deadline(began, began, still, whole, failed)
    after = deadline(began, began + later, still, whole, failed)
    assert before <= after <= began + whole
