"""A Debian with systemd as its first process, in namespaces of its own: started, entered, asked to end and cut off."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from lab.ground.groups import Group
from lab.ground.process import LabError, Process, run, wait_until

BOOT_SECONDS, STOP_SECONDS = 300.0, 300.0
_BOOT = Path(__file__).with_name("boot")
ENVIRONMENT = {
    "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
    "HOME": "/root",
    "LANG": "C.UTF-8",
    "DEBIAN_FRONTEND": "noninteractive",
    "TERM": "dumb",
}
# The host's clock, kernel and power are not the container's. Who enters from outside comes with all rights of root.
FORBIDDEN = "-sys_time,-sys_module,-sys_boot"
_SPACES = ("--mount", "--pid", "--uts", "--ipc", "--fork", "--kill-child", "--propagation", "private")


@dataclass(frozen=True)
class System:
    """A container: the Debian trees `layers`, the lowest first, below what is written, which is kept in `directory`.

    It runs in the network namespace `netns`, or without one in a network of its own with nothing in it. `group` is its
    control group, `devices` names below /dev that it has beside the usual ones; `loops` are loop devices that it shows as
    /dev/vdb and so on, and that are detached when it ends. It may have `memory_mib`, else all of the host's. A `tied` one
    ends with the program that started it; others run on, and are found again by what lies in `directory` and `run_dir`,
    where the record of its supervisor is.
    """

    name: str
    layers: tuple[Path, ...]
    directory: Path
    group: Group
    netns: str = ""
    devices: tuple[str, ...] = ()
    loops: tuple[str, ...] = ()
    memory_mib: int = 0
    tied: bool = False
    run_dir: Path | None = None

    @property
    def upper(self) -> Path:
        """What was written over the layers."""
        return self.directory / "up"

    @property
    def process(self) -> Process:
        """Its supervisor, outside of its namespaces; when that is killed, all inside is."""
        disks = [f"vd{letter}={Path(loop).name}" for letter, loop in zip("bcdefg", self.loops, strict=False)]
        words = {
            "NAME": self.name,
            "DIRECTORY": str(self.directory),
            "LAYERS": ":".join(str(layer) for layer in reversed(self.layers)),
            "CONTROL_GROUPS": " ".join(self.group.directories()),
            "DEVICES": " ".join([*self.devices, *disks]),
            "FORBIDDEN": FORBIDDEN,
            "PATH": ENVIRONMENT["PATH"],
        }
        tie = ["setpriv", "--pdeathsig", "KILL"] if self.tied else []
        hold = []
        for number, loop in enumerate(self.loops, 3):
            hold += ["sh", "-c", f'exec {number}<"$0" && losetup --detach "$0" && exec "$@"', loop]
        # Who removes old layers asks for each whether somebody holds it.
        for layer in self.layers:
            hold += ["flock", "--shared", "--no-fork", str(layer)]
        net = ["nsenter", f"--net=/run/netns/{self.netns}"] if self.netns else []
        spaces = ["unshare", *_SPACES, *([] if self.netns else ["--net"]), "--", str(_BOOT)]
        return Process(f"container-{self.name}", [*tie, *hold, *net, *spaces], self.run_dir or self.directory, env=words)

    @property
    def console(self) -> Path:
        """What it said before it had a journal, and what ended it."""
        return self.process.log

    @property
    def init(self) -> int:
        """Its first process, as this host knows it; 0 while it does not run."""
        supervisor = self.process.pid
        with contextlib.suppress(OSError, IndexError):
            child = Path(f"/proc/{supervisor}/task/{supervisor}/children").read_text().split()[0]
            if Path(f"/proc/{child}/comm").read_text() == "systemd\n":
                return int(child)
        return 0

    def running(self) -> bool:
        """Whether there is anything of it."""
        return self.process.alive()

    def boot(self) -> None:
        """Start it, when it does not run; `wait_up` waits until it is up. Raises LabError, TimeoutError."""
        if self.running():
            return
        self.directory.mkdir(parents=True, exist_ok=True)
        self.group.make()
        if self.memory_mib:
            self.group.limit(self.memory_mib << 20)
            (self.directory / "meminfo").write_text(_meminfo(self.memory_mib << 10))
        self.process.start().ready("its first process", lambda: self.init)

    def wait_up(self, deadline: float = BOOT_SECONDS) -> None:
        """Wait until systemd is up, whether or not a service failed. Raises LabError when it ended, TimeoutError."""
        self.process.ready("systemd to be up", self._up, deadline)

    def _up(self) -> bool:
        return self.run("systemctl", "is-system-running", check=False).stdout.strip() in ("running", "degraded")

    def command(self, *words: str) -> list[str]:
        """`words` as they must be started to run inside. Raises LabError when it does not run."""
        init = self.init
        if not init:
            raise LabError(f"{self.name} does not run; start it first")
        assigned = [f"{name}={value}" for name, value in ENVIRONMENT.items()]
        drop = ["setpriv", f"--bounding-set={FORBIDDEN}", f"--inh-caps={FORBIDDEN}", "--"]
        return self.group.visiting([*drop, "nsenter", "-t", str(init), "-a", "-r", "-w", "env", "-i", *assigned, *words])

    def run(self, *words: str, timeout: float = 600, check: bool = True) -> subprocess.CompletedProcess[str]:
        """Run a command inside to its end. Raises LabError when it fails."""
        done = run(self.command(*words), timeout=timeout, check=False)
        if check and done.returncode:
            said = (done.stderr or done.stdout).strip()
            raise LabError(f"{self.name}: {' '.join(words)} ended with {done.returncode}: {said}")
        return done

    def journal(self, lines: int = 60) -> str:
        """The last lines of its journal, also when it is off."""
        words = ["journalctl", "--no-pager", "-q", "-n", str(lines)]
        argv = self.command(*words) if self.init else [*words, "-D", str(self.upper / "var/log/journal")]
        return run(argv, check=False).stdout

    def ask_to_end(self) -> None:
        """Tell systemd to power off. Raises LabError when it does not run."""
        if not self.init:
            raise LabError(f"{self.name} does not run; start it first")
        with contextlib.suppress(ProcessLookupError):
            os.kill(self.init, signal.SIGRTMIN + 4)  # systemd(1), signals: starts poweroff.target

    def wait_off(self, deadline: float = STOP_SECONDS) -> None:
        """Wait until nothing of it runs. Raises TimeoutError with the end of its journal's words."""
        wait_until(f"{self.name} to be off", lambda: not self.running(), deadline, self.console)
        self.process.stop()

    def cut(self) -> None:
        """End all its processes at once. They have no time to do anything."""
        if init := self.init:
            with contextlib.suppress(ProcessLookupError):
                os.kill(init, signal.SIGKILL)  # the kernel ends all others of its namespace with it
        process = self.process
        process.kill()
        process.stop()
        wait_until(f"all processes of {self.name} to end", lambda: not self.group.pids(), 30, every=0.02)


def _meminfo(kib: int) -> str:
    """/proc/meminfo of a machine that has so much memory and uses none: who sizes itself reads it."""
    has = {"MemTotal": kib, "MemFree": kib, "MemAvailable": kib}
    return "".join(
        f"{name + ':':16}{has.get(name, 0):8} kB\n" for name in (*has, "Buffers", "Cached", "SwapTotal", "SwapFree")
    )


def chroot(root: Path, words: Sequence[str], log: Path, timeout: float, netns: str = "") -> None:
    """Run `words` in the tree `root` as root, with /proc and /dev, in namespaces of its own. Raises LabError with its log.

    It has the network namespace `netns`, or none with anything in it, and is called localhost, which it can resolve.
    """
    inside = (
        'hostname localhost && mount -t proc proc "$0/proc" && mount --rbind /dev "$0/dev" && exec chroot "$0" env -i "$@"'
    )
    assigned = [f"{name}={value}" for name, value in ENVIRONMENT.items()]
    net = ["nsenter", f"--net=/run/netns/{netns}"] if netns else []
    spaces = ["unshare", "--mount", "--uts", "--pid", "--fork", "--kill-child", *([] if netns else ["--net"])]
    drop = ["setpriv", f"--bounding-set={FORBIDDEN}", f"--inh-caps={FORBIDDEN}"]
    argv = [*drop, *net, *spaces, "sh", "-c", inside, str(root), *assigned, *words]
    with log.open("ab") as file:
        done = subprocess.run(
            argv, stdin=subprocess.DEVNULL, stdout=file, stderr=subprocess.STDOUT, timeout=timeout, check=False
        )
    if done.returncode:
        raise LabError(f"{' '.join(words)} ended with {done.returncode}:\n{log.read_text(errors='replace')[-4000:]}")
