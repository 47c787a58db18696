"""Processes that the lab starts: started, seen, waited for and stopped, by recorded id only."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TypeVar

T = TypeVar("T")
# What takes a second when nothing else runs. On a busy host a program may be given a fiftieth of a processor, and that it
# is late says nothing of it; what hangs is found out all the same.
SHORT_SECONDS, READY_SECONDS = 600.0, 300.0

# The children of this program, by pid: a Process made from its record reaps them as well.
_CHILDREN: dict[int, subprocess.Popen[bytes]] = {}


class LabError(RuntimeError):
    """The lab could not do what was asked; the text says what, why and what can be done instead."""


def run(argv: Sequence[str], *, timeout: float = SHORT_SECONDS, check: bool = True) -> subprocess.CompletedProcess[str]:
    """Run a short command to its end. Raises LabError when it fails or takes longer than `timeout` s."""
    try:
        done = subprocess.run(
            list(argv),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=timeout,
            check=False,
        )
    except FileNotFoundError:
        raise LabError(f"{argv[0]} is not installed; install the lab's packages (see README)") from None
    except subprocess.TimeoutExpired:
        raise LabError(f"{' '.join(argv)} did not end within {timeout} s") from None
    if check and done.returncode:
        said = (done.stderr or done.stdout).strip()
        raise LabError(f"{' '.join(argv)} ended with {done.returncode}: {said}")
    return done


def started_at(pid: int) -> str | None:
    """The start time of a living process in clock ticks since boot; None when it is gone or a zombie.

    With the pid this names one process for ever: a reused pid has another start time.
    """
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return None
    return None if fields[0] in "ZX" else fields[19]


def cpu_seconds(pid: int) -> float:
    """CPU time that a process used itself so far, user and system; 0.0 when it is gone."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0.0
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def tail(path: Path, lines: int = 15) -> str:
    """The last lines of a log, for error messages."""
    try:
        return "\n".join(path.read_text(errors="replace").splitlines()[-lines:])
    except OSError:
        return "(no log)"


def wait_until(what: str, predicate: Callable[[], T], deadline: float, log: Path | None = None, every: float = 0.1) -> T:
    """Call `predicate` until it is true, and return what it gave; at most `deadline` s.

    Raises TimeoutError naming what it waited for, with the tail of `log`.
    """
    end = time.monotonic() + deadline
    while True:
        value = predicate()
        if value:
            return value
        if time.monotonic() >= end:
            raise TimeoutError(f"waited {deadline} s for {what}" + (f"; {log}:\n{tail(log)}" if log else ""))
        time.sleep(every)


def end(pid: int, stamp: str, deadline: float = 10.0) -> None:
    """Stop the process `pid` that started at `stamp`: TERM, and after `deadline` s KILL."""
    if started_at(pid) != stamp:
        return
    os.kill(pid, signal.SIGTERM)
    try:
        wait_until(f"process {pid} to end", lambda: started_at(pid) != stamp, deadline, every=0.02)
    except TimeoutError:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
        wait_until(f"killed process {pid} to end", lambda: started_at(pid) != stamp, 10)


def _end_group(pid: int) -> None:
    """Kill children that outlived the leader of a session that the lab opened."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(pid, signal.SIGKILL)


def _reap(pid: int) -> None:
    """Forget a child that has ended."""
    if child := _CHILDREN.pop(pid, None):
        child.wait(10)


class Process:
    """One supervised process of a lab, known by name.

    `run_dir` is the lab's directory; the log is run_dir/log/NAME.log and the record of the process
    run_dir/proc/NAME.json, from which another program can stop it after a crash of this one.
    """

    def __init__(
        self,
        name: str,
        argv: Sequence[str],
        run_dir: Path,
        *,
        env: dict[str, str] | None = None,
        cwd: Path | None = None,
    ) -> None:
        self.name, self.argv, self.run_dir, self.env, self.cwd = name, list(argv), Path(run_dir), env, cwd
        self.log = self.run_dir / "log" / f"{name}.log"
        self.record = self.run_dir / "proc" / f"{name}.json"

    @classmethod
    def recorded(cls, record: Path) -> Process:
        """The process that another program of the lab started and recorded."""
        data = json.loads(record.read_text())
        return cls(record.stem, data["argv"], record.parent.parent)

    def _read(self) -> tuple[int, str]:
        try:
            data = json.loads(self.record.read_text())
            return data["pid"], data["started"]
        except (OSError, ValueError, KeyError):
            return 0, ""

    @property
    def pid(self) -> int | None:
        """Process id, None when it does not run."""
        pid, stamp = self._read()
        if child := _CHILDREN.get(pid):
            child.poll()
        return pid if pid and started_at(pid) == stamp else None

    def alive(self) -> bool:
        """Whether it runs now."""
        return self.pid is not None

    def start(self) -> Process:
        """Start it, or leave it when it runs already. Raises LabError when the program is missing."""
        if self.alive():
            return self
        self.log.parent.mkdir(parents=True, exist_ok=True)
        self.record.parent.mkdir(parents=True, exist_ok=True)
        with self.log.open("ab") as log:
            try:
                child = subprocess.Popen(
                    self.argv,
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=subprocess.STDOUT,
                    start_new_session=True,
                    env=self.env,
                    cwd=self.cwd,
                )
            except FileNotFoundError:
                raise LabError(f"{self.argv[0]} is not installed; {self.name} cannot start") from None
        pid = child.pid
        _reap(self._read()[0])
        _CHILDREN[pid] = child
        record = {"pid": pid, "started": started_at(pid) or "", "argv": self.argv, "at": time.time()}
        self.record.write_text(json.dumps(record))
        return self

    def ready(self, what: str, predicate: Callable[[], T], deadline: float = READY_SECONDS) -> Process:
        """Wait until `predicate` says that it serves. Raises LabError when it ends first, TimeoutError."""

        def check() -> T:
            value = predicate()
            if not value and not self.alive():
                raise LabError(f"{self.name} ended before {what}:\n{tail(self.log)}")
            return value

        wait_until(f"{self.name}: {what}", check, deadline, self.log)
        return self

    def stop(self, deadline: float = 10.0) -> None:
        """Stop it and what it started; nothing happens when it does not run."""
        pid, stamp = self._read()
        if pid and started_at(pid) == stamp:
            end(pid, stamp, deadline)
            _end_group(pid)
        _reap(pid)
        self.record.unlink(missing_ok=True)

    def kill(self) -> None:
        """SIGKILL to the process and its group, as a crash would; it can be started again."""
        pid, stamp = self._read()
        if pid and started_at(pid) == stamp:
            _end_group(pid)
            wait_until(f"{self.name} to be gone", lambda: started_at(pid) != stamp, 10, every=0.02)
        _reap(pid)

    def restart(self) -> Process:
        """Stop and start."""
        self.stop()
        return self.start()
