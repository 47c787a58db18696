"""A Debian 13 with systemd as its process 1, in namespaces of its own: what a package meets on a real host."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import time
from collections.abc import Sequence
from pathlib import Path

from lab.ground.process import LabError, run, wait_until

BOOT_SECONDS = 120
_START = Path(__file__).with_name("start-container")
_ENVIRONMENT = {
    "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
    "HOME": "/root",
    "LANG": "C.UTF-8",
    "DEBIAN_FRONTEND": "noninteractive",
    "TERM": "dumb",
}


def _cgroups() -> Path:
    """Where version 2 of the control groups is mounted on this machine."""
    for line in Path("/proc/self/mounts").read_text().splitlines():
        words = line.split()
        if words[2] == "cgroup2":
            return Path(words[1])
    raise LabError("no cgroup2 is mounted; systemd needs one in its container")


class Container:
    """A root file system that boots. `lower` is left as it is: what changes is in `directory`."""

    def __init__(self, name: str, lower: Path, directory: Path) -> None:
        self.name, self.lower, self.directory = name, lower, directory
        self.root, self.console = directory / "root", directory / "console.log"
        self.group = _cgroups() / f"oci-{name}-{os.getpid()}"
        self._unshare: subprocess.Popen[bytes] | None = None
        self._init = 0

    def mount(self) -> None:
        """Lay a writable layer over the root file system; its fsyncs cost nothing, because nothing must survive."""
        for part in ("up", "work", "root"):
            (self.directory / part).mkdir(parents=True, exist_ok=True)
        layers = f"lowerdir={self.lower},upperdir={self.directory / 'up'},workdir={self.directory / 'work'}"
        run(["mount", "-t", "overlay", f"oci-{self.name}", "-o", f"volatile,{layers}", str(self.root)])

    def start(self) -> None:
        """Boot it, and wait until systemd says that it is up. Raises LabError, TimeoutError."""
        self.group.mkdir()
        with self.console.open("wb") as log:
            self._unshare = subprocess.Popen(
                [str(_START), str(self.group), str(self.root), self.name],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                env=_ENVIRONMENT,
            )
        self._init = wait_until("process 1 of the container", self._child, 20, self.console)
        wait_until("the container to be up", self._up, BOOT_SECONDS, self.console, every=0.3)

    def _child(self) -> int:
        assert self._unshare is not None
        if self._unshare.poll() is not None:
            raise LabError(f"the container ended: {self.console.read_text(errors='replace')[-2000:]}")
        children = Path(f"/proc/{self._unshare.pid}/task/{self._unshare.pid}/children").read_text().split()
        return int(children[0]) if children and Path(f"/proc/{children[0]}/comm").read_text() == "systemd\n" else 0

    def _up(self) -> bool:
        said = self.run("systemctl", "is-system-running", check=False).stdout.strip()
        return said in ("running", "degraded")

    def command(self, *words: str) -> list[str]:
        """`words` as they must be started to run inside."""
        assigned = [f"{name}={value}" for name, value in _ENVIRONMENT.items()]
        return ["nsenter", "-t", str(self._init), "-a", "-r", "-w", "env", "-i", *assigned, *words]

    def run(self, *words: str, timeout: float = 120, check: bool = True) -> subprocess.CompletedProcess[str]:
        """Run a command inside to its end. Raises LabError when it fails."""
        return run(self.command(*words), timeout=timeout, check=check)

    def journal(self, lines: int = 60) -> str:
        """The last lines of its journal, for error messages."""
        return self.run("journalctl", "--no-pager", "-q", "-n", str(lines), check=False).stdout

    def stop(self) -> None:
        """End every process of it, and take the layer away."""
        if self._unshare is not None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self._init or self._unshare.pid, signal.SIGKILL)  # process 1 takes all others with it
            self._unshare.wait(30)
        run(["umount", "-l", str(self.root)], check=False)
        end = time.monotonic() + 10
        while self.group.exists() and time.monotonic() < end:
            for path in sorted(self.group.rglob("*"), reverse=True):
                if path.is_dir():
                    with contextlib.suppress(OSError):
                        path.rmdir()
            with contextlib.suppress(OSError):
                self.group.rmdir()
            time.sleep(0.05)


def chroot(root: Path, words: Sequence[str], log: Path, timeout: float) -> None:
    """Run `words` in `root` with /proc and /dev, in a mount namespace of its own. Raises LabError with its log."""
    inside = 'mount -t proc proc "$0/proc" && mount --rbind /dev "$0/dev" && exec chroot "$0" env -i "$@"'
    assigned = [f"{name}={value}" for name, value in _ENVIRONMENT.items()]
    argv = [
        "unshare",
        "--mount",
        "--net",
        "--pid",
        "--fork",
        "--kill-child",
        "sh",
        "-c",
        inside,
        str(root),
        *assigned,
        *words,
    ]
    with log.open("ab") as file:
        done = subprocess.run(
            argv, stdin=subprocess.DEVNULL, stdout=file, stderr=subprocess.STDOUT, timeout=timeout, check=False
        )
    if done.returncode:
        raise LabError(f"{' '.join(words)} ended with {done.returncode}:\n{log.read_text(errors='replace')[-4000:]}")
