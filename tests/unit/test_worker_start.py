"""The tick is told once by each worker that the appliance was away."""

from __future__ import annotations

from pathlib import Path

from oci.worker import woke


def test_a_worker_wakes_once_and_the_next_one_again(tmp_path: Path) -> None:
    mark = tmp_path / "worker"
    assert [woke(mark, name) for name in ("one", "one", "two", "two", "one")] == [True, False, True, False, True]
