"""A room: a program in a Debian tree of its own, with its own mounts and processes, and nothing left of it.

Everything that a run writes lies below its directory. Mounts are made in the run's own mount namespace, so they go away
with its last process, whatever ended it. `python3 -m lab.containers.room FILE` is the first process of a room.
"""

from __future__ import annotations

import json
import os
import shutil
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lab.ground.checkout import CHECKOUT, module
from lab.ground.process import run


@dataclass(frozen=True)
class Room:
    """A volatile overlay over the Debian tree `root`, in the network namespace `netns`.

    Without `netns` it has no network at all. `directory` keeps what is written. `binds` are (outside,
    absolute path inside, writable). Nothing in it can set the clock of the machine.
    """

    root: Path
    directory: Path
    netns: str | None = None
    binds: tuple[tuple[Path, str, bool], ...] = ()

    @property
    def upper(self) -> Path:
        """What lies over the root; files put here before a start are seen inside."""
        return self.directory / "upper"

    def write(self, path: str, text: str, mode: int = 0o644) -> None:
        """Put a file over the root, at `path` relative to it. Nothing may run in the room."""
        file = self.upper / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
        file.chmod(mode)

    def argv(self, words: Sequence[str], user: str = "root", env: Mapping[str, str] | None = None) -> list[str]:
        """`words` as they must be started to run inside as `user`; only one at a time in a room.

        The first process of the result is a supervisor outside; when it is killed, all inside is.
        """
        self.upper.mkdir(parents=True, exist_ok=True)
        path = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
        file = self.directory / "room.json"
        file.write_text(
            json.dumps(
                {
                    "root": str(self.root),
                    "directory": str(self.directory),
                    "user": user,
                    "argv": list(words),
                    "binds": [[str(outside), inside, writable] for outside, inside, writable in self.binds],
                    "env": {"PATH": path, "LANG": "C.UTF-8", "HOME": "/root", **(env or {})},
                }
            )
        )
        spaces = ["unshare", "--mount", "--propagation", "private", "--pid", "--fork", "--kill-child"]
        first = ["env", f"PYTHONPATH={CHECKOUT}", *module("lab.containers.room", str(file))]
        if self.netns:
            return ["ip", "netns", "exec", self.netns, *spaces, *first]
        return [*spaces, "--net", *first]


def _furnish(spec: Mapping[str, Any]) -> Path:
    """Mount the room of `spec` in this process's own mount namespace; returns its root."""
    base = Path(spec["directory"])
    merged, work = base / "merged", base / "work"
    # A volatile overlay refuses a second mount until the mark of the first is gone; losing unsynced
    # data matters only when the whole machine crashes, and no lab outlives that.
    shutil.rmtree(work, ignore_errors=True)
    for part in (merged, work):
        part.mkdir(parents=True, exist_ok=True)
    layers = f"volatile,lowerdir={spec['root']},upperdir={base / 'upper'},workdir={work}"
    run(["mount", "-t", "overlay", "overlay", "-o", layers, str(merged)])
    run(["mount", "-t", "proc", "proc", str(merged / "proc")])
    run(["mount", "--rbind", "/sys", str(merged / "sys")])
    for top, mode in (("dev", "755"), ("run", "755"), ("tmp", "1777")):
        run(["mount", "-t", "tmpfs", "-o", f"mode={mode}", "tmpfs", str(merged / top)])
    for name in ("null", "zero", "full", "random", "urandom", "tty"):
        (merged / "dev" / name).touch()
        run(["mount", "-o", "bind", f"/dev/{name}", str(merged / "dev" / name)])
    for outside, place, writable in spec["binds"]:
        target = merged / place.lstrip("/")
        target.mkdir(parents=True, exist_ok=True)
        run(["mount", "-o", "bind", outside, str(target)])
        if not writable:
            run(["mount", "-o", "remount,bind,ro", str(target)])
    return merged


def inside(file: Path) -> None:
    """Become the program of the room described in `file`; called by the first process of its namespaces."""
    spec = json.loads(file.read_text())
    os.chroot(_furnish(spec))
    os.chdir("/")
    # The death signal comes last: a change of user clears the one that unshare has set.
    drop = [
        "setpriv",
        "--reuid",
        spec["user"],
        "--regid",
        spec["user"],
        "--init-groups",
        "--bounding-set",
        "-sys_time",
        "--pdeathsig",
        "KILL",
        *spec["argv"],
    ]
    os.execvpe(drop[0], drop, spec["env"])


if __name__ == "__main__":
    inside(Path(sys.argv[1]))
