"""What is shown to a person until somebody stops it: one at a time by its name, and nothing is left of it."""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path

from lab.ground.process import LabError, started_at, wait_until
from lab.ground.wires.net import labs_dir
from lab.vms.rack import Rack

_SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)


class Stopped(Exception):
    """Somebody asked it to stop."""


def say(text: str) -> None:
    """A line with the time of day."""
    print(f"[{time.strftime('%H:%M:%S')}] {text}", flush=True)


class Showing:
    """The lab `name`, which is shown by `make NAME` and ended by `make NAME-stop`."""

    def __init__(self, name: str) -> None:
        self.name = name

    @property
    def note(self) -> Path:
        """Where it says that it runs: beside its lab, whose own directory comes and goes."""
        return labs_dir() / f"{self.name}.pid"

    def running(self) -> tuple[int, str] | None:
        """The process that shows it, and when that began; None when none does."""
        try:
            pid, stamp = self.note.read_text().split()
        except (OSError, ValueError):
            return None
        return (int(pid), stamp) if started_at(int(pid)) == stamp else None

    def stop(self) -> int:
        """End it, whoever shows it, and clear away what one that was killed has left."""
        running = self.running()
        if running is None:
            Rack(self.name).down()
            print(f"no {self.name} runs; what one may have left is cleared away")
            return 0
        pid, stamp = running
        os.kill(pid, signal.SIGTERM)
        wait_until(f"the {self.name} to stop", lambda: started_at(pid) != stamp, 120)
        Rack(self.name).down()
        print(f"the {self.name} is stopped")
        return 0

    def show(self, tell: Callable[[], None], down: Callable[[], None], once: bool) -> int:
        """Run `tell`, then keep what it made until somebody stops it, or not at all when `once`; end with `down`."""
        if os.geteuid() != 0:
            print(f"the {self.name} makes network namespaces and mounts; run it as root", file=sys.stderr)
            return 1
        if running := self.running():
            told = f"a {self.name} runs already, as process {running[0]}; stop it with `make {self.name}-stop`"
            print(told, file=sys.stderr)
            return 1
        self.note.parent.mkdir(parents=True, exist_ok=True)
        self.note.write_text(f"{os.getpid()} {started_at(os.getpid())}\n")

        def stop(_number: int, _frame: object) -> None:
            raise Stopped

        for number in _SIGNALS:
            signal.signal(number, stop)
        try:
            tell()
            if not once:
                say(f"the lab keeps running; Ctrl-C here, or `make {self.name}-stop` elsewhere, stops it")
                while True:
                    signal.pause()
        except Stopped:
            say("stopping")
        except (LabError, TimeoutError) as error:
            say(f"the {self.name} failed: {error}")
            return 1
        finally:
            for number in _SIGNALS:
                signal.signal(number, signal.SIG_IGN)
            down()
            self.note.unlink(missing_ok=True)
            say("everything is stopped and removed")
        return 0
