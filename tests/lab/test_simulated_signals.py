"""Simulated machines boot again whatever signals those who started the tests ignore."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
from pathlib import Path

import pytest

from lab.ground.process import wait_until
from lab.simulated.machine import PARTS


@pytest.mark.lab
def test_a_machine_boots_again_where_a_hangup_is_ignored(tmp_path: Path) -> None:
    """As by nohup. A shell cannot trap what was ignored when it started, and a reboot is told to the first process so."""
    parts, asked = tmp_path / "shell", tmp_path / "asked"
    shutil.copytree(PARTS, parts)
    (parts / "disk").write_text("#!/bin/sh\nkill -HUP 1\nexec sleep 1000\n")
    (parts / "curl").write_text(f"#!/bin/sh\necho asked >>{asked}\nprintf 200\n")
    for program in ("disk", "curl"):
        (parts / program).chmod(0o755)
    (tmp_path / "script").write_text("exit\n")
    env = {"PATH": f"{parts}:{os.environ['PATH']}", "SIM": str(tmp_path), "DISK": "/dev/null"}
    env |= {"HTTP": "http://127.0.0.1", "MAC": "", "SERIAL": ""}
    ignoring = ["sh", "-c", 'trap "" HUP; exec "$0"', str(parts / "firmware")]
    firmware = subprocess.Popen(ignoring, env=env, start_new_session=True, stdout=subprocess.DEVNULL)
    try:
        wait_until("its second boot", lambda: asked.exists() and len(asked.read_text().split()) > 1, 60)
    finally:
        os.killpg(firmware.pid, signal.SIGKILL)
        firmware.wait()
