"""The tick is told once by each worker that the appliance was away."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from pathlib import Path

from oci.worker import is_lost, woke


def test_a_worker_wakes_once_and_the_next_one_again(tmp_path: Path) -> None:
    mark = tmp_path / "worker"
    assert [woke(mark, name) for name in ("one", "one", "two", "two", "one")] == [True, False, True, False, True]


def test_a_process_of_this_host_that_is_gone_is_lost_and_no_other() -> None:
    here = socket.gethostname()[:30]
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()
    assert is_lost(f"{here}:{gone.pid}:5eed")
    for owner in (f"{here}:{os.getpid()}:5eed", f"not-{here}:{gone.pid}:5eed", "", here, f"{here}:", f"{here}:x"):
        assert not is_lost(owner), owner
