"""One lab: its directory, its network and its machines; and how all of it goes away again.

What a lab started is recorded in files below its directory, so that `python3 -m lab down NAME` also
clears up after a crash.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import shutil
import signal
from collections.abc import Iterator
from functools import partial
from pathlib import Path

from lab.ground.groups import Group
from lab.ground.process import LabError, Process, run, started_at, wait_until
from lab.ground.wires.net import Net, labs_dir
from lab.ground.wires.switch import Network


class Lab:
    """The data centre `name`: `run_dir` holds everything, `net` is its network, with further `networks`."""

    def __init__(self, name: str, networks: tuple[Network, ...] = ()) -> None:
        self.name, self.net = name, Net(name, networks=networks)
        self.run_dir = self.net.run_dir

    @property
    def group(self) -> Group:
        """The control group below which those of its containers are."""
        return Group(self.net.namespace)

    def up(self) -> Lab:
        """Make the directory and the network; what an earlier lab of this name left is removed first."""
        self.down()
        self.run_dir.mkdir(parents=True, mode=0o755)
        self.net.up()
        return self

    def processes(self) -> list[Process]:
        """What the lab started and has not stopped, the newest first."""
        records = self.run_dir.glob("proc/*.json")
        found = []
        for record in sorted(records, key=lambda path: path.stat().st_mtime, reverse=True):
            with contextlib.suppress(ValueError, KeyError, OSError):
                found.append(Process.recorded(record))
        return found

    def down(self, keep_logs: bool = False) -> None:
        """Stop and remove everything of this lab, whoever started it; that it is not there is no error."""
        self.group.remove()
        for process in self.processes():
            process.stop(deadline=5)
        self._end_strangers()
        self._unmount()
        self.net.down()
        if not keep_logs:
            shutil.rmtree(self.run_dir, ignore_errors=True)

    def _end_strangers(self) -> None:
        """Kill what still runs inside the lab's own namespaces: machines, and what a crash left unrecorded."""
        if not self.net.exists():
            return
        for pid in self.net.pids():
            stamp = started_at(pid)
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
            wait_until(f"process {pid} to end", partial(_gone, pid, stamp), 10)

    def _unmount(self) -> None:
        mounts = [line.split()[1] for line in Path("/proc/self/mounts").read_text().splitlines()]
        for point in reversed(mounts):
            if Path(point).is_relative_to(self.run_dir.resolve()):
                run(["umount", "--lazy", point], check=False)

    @contextlib.contextmanager
    def running(self) -> Iterator[Lab]:
        """The lab for the length of a `with` block."""
        try:
            yield self.up()
        finally:
            self.down()


def _gone(pid: int, stamp: str | None) -> bool:
    return stamp is None or started_at(pid) != stamp


def all_labs() -> list[str]:
    """The names of the labs that have a directory."""
    return sorted(path.name for path in labs_dir().glob("*") if path.is_dir())


def unique_name(prefix: str) -> str:
    """A name for a lab that is surely new, for tests."""
    name = f"{prefix}-{secrets.token_hex(4)}"
    if name in all_labs():
        raise LabError(f"the lab {name} is there already; try again")
    return name
