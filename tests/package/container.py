"""A Debian 13 with systemd as its process 1, in namespaces of its own: what a package meets on a real host."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

from lab.containers.system import System
from lab.ground.groups import Group
from lab.ground.process import run


class Container:
    """A root file system that boots. `lower` is left as it is: what changes is in `directory`."""

    def __init__(self, name: str, lower: Path, directory: Path) -> None:
        self.name, self.lower, self.directory = name, lower, directory
        self.root = directory / "root"
        self.system = System(name, (lower,), directory, Group(f"oci-{name}-{os.getpid()}"), tied=True)

    def mount(self) -> None:
        """Lay a writable layer over the root file system until it boots, for what is put there before."""
        for part in ("up", "work", "root"):
            (self.directory / part).mkdir(parents=True, exist_ok=True)
        layers = f"lowerdir={self.lower},upperdir={self.directory / 'up'},workdir={self.directory / 'work'}"
        run(["mount", "-t", "overlay", f"oci-{self.name}", "-o", f"volatile,{layers}", str(self.root)])

    def start(self) -> None:
        """Boot it, and wait until systemd says that it is up. Raises LabError, TimeoutError."""
        run(["umount", str(self.root)])
        self.system.boot()
        self.system.wait_up()

    def run(self, *words: str, timeout: float = 120, check: bool = True) -> subprocess.CompletedProcess[str]:
        """Run a command inside to its end. Raises LabError when it fails."""
        return self.system.run(*words, timeout=timeout, check=check)

    def stop(self) -> None:
        """End every process of it, and take the layer away."""
        self.system.cut()
        self.system.group.remove()
        run(["umount", "-l", str(self.root)], check=False)
