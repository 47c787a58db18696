"""Control groups of a lab's machines: what belongs to a machine, and what it takes of memory and of processors.

Both versions serve, and both at once: the one hierarchy of version 2, and of version 1 those that count memory and
processor time, where a kernel has these there. Source: Documentation/admin-guide/cgroup-v1 and cgroup-v2.rst.
"""

from __future__ import annotations

import contextlib
import os
import signal
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from lab.ground.process import LabError, wait_until

# Below each group: its own processes, and those that come from outside for a while. In version 2 a group with groups
# below it has no processes itself.
OWN, VISITORS = "own", "visitors"
_LIMITS = ("memory.limit_in_bytes", "memory.max")
_COUNTERS = ("memory", "cpuacct")
# A first process that is told what to join by its arguments, and then becomes what it was started for.
_JOIN = 'while [ "$1" != -- ]; do echo 0 >"$1/cgroup.procs"; shift; done; shift; exec "$@"'


@dataclass(frozen=True)
class Usage:
    """What a group takes: octets of memory of its `processes` and of files that are `cached` for it, and CPU seconds."""

    processes: int
    cached: int
    cpu_seconds: float


def _hierarchies() -> dict[str, Path]:
    """Where the hierarchies are mounted: that of version 2 as "unified", those of version 1 by what they count."""
    mounted: dict[str, Path] = {}
    for line in Path("/proc/self/mounts").read_text().splitlines():
        _device, point, kind, options = line.split()[:4]
        names = ["unified"] if kind == "cgroup2" else set(_COUNTERS) & set(options.split(",")) if kind == "cgroup" else ()
        for name in names:
            mounted.setdefault(name, Path(point))
    # Version 2 first: who belongs to a group is asked there.
    return dict(sorted(mounted.items(), reverse=True))


class Group:
    """The control group `path`, as `oci-LAB/MACHINE`, in every hierarchy; not made yet."""

    def __init__(self, path: str) -> None:
        self.path = path
        self._mounted = _hierarchies()

    def _places(self) -> list[Path]:
        return [point / self.path for point in dict.fromkeys(self._mounted.values())]

    def exists(self) -> bool:
        """Whether it is there."""
        return any(place.exists() for place in self._places())

    def make(self) -> Group:
        """Make it, without processes. What it took before is still counted; what ran in it must be gone. Raises LabError."""
        if "unified" not in self._mounted:
            raise LabError("no cgroup2 is mounted on this machine; systemd needs one in a container: mount one")
        for place in self._places():
            place.mkdir(parents=True, exist_ok=True)
            _remove_below(place)
        self._count()
        for place in self._places():
            for part in (OWN, VISITORS):
                (place / part).mkdir()
        return self

    def _count(self) -> None:
        """Version 2 counts for a group when the one above it says so. What is counted elsewhere cannot be, and needs not."""
        top = self._mounted["unified"]
        below = [top, *reversed((top / self.path).relative_to(top).parents)]
        for place in [top / part for part in below]:
            for counter in ("+memory", "+cpu"):
                with contextlib.suppress(OSError):
                    (place / "cgroup.subtree_control").write_text(counter)

    def limit(self, octets: int) -> None:
        """Let it have no more memory than that: its processes are killed instead. Raises LabError where nobody counts."""
        place = self._counter("memory")
        file = next((place / name for name in _LIMITS if (place / name).exists()), None)
        if not file:
            raise LabError(f"{place} has no limit of memory: this machine's control groups do not count it")
        file.write_text(str(octets))

    def directories(self, part: str = OWN) -> list[str]:
        """The directories of a part; a process that writes 0 to `cgroup.procs` in each joins it."""
        return [str(place / part) for place in self._places()]

    def visiting(self, words: Sequence[str]) -> list[str]:
        """`words` as they must be started to be counted as this group's."""
        return ["sh", "-c", _JOIN, "sh", *self.directories(VISITORS), "--", *words]

    def usage(self) -> Usage:
        """What it takes now, and took of processors since it was made. Raises LabError where nobody counts."""
        memory = _numbers(self._counter("memory") / "memory.stat")
        processes = memory.get("total_rss", memory.get("anon", 0))
        cached = memory.get("total_cache", memory.get("file", 0))
        return Usage(processes, cached, self._cpu_seconds())

    def _cpu_seconds(self) -> float:
        place = self._counter("cpuacct")
        if (place / "cpuacct.usage").exists():
            return int((place / "cpuacct.usage").read_text()) / 1e9
        return _numbers(place / "cpu.stat")["usage_usec"] / 1e6

    def _counter(self, name: str) -> Path:
        return self._mounted.get(name, self._mounted.get("unified", Path("/nowhere"))) / self.path

    def pids(self) -> list[int]:
        """All processes in it."""
        own = self._places()[:1]
        return [int(word) for place in own for file in sorted(place.rglob("cgroup.procs")) for word in _words(file)]

    def remove(self) -> None:
        """Kill what is in it, and remove it with all groups below; that it is not there is no error."""
        for pid in self.pids():
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        wait_until(f"the processes of the control group {self.path} to end", lambda: not self.pids(), 30)
        for place in self._places():
            _remove_below(place)
            with contextlib.suppress(FileNotFoundError):
                place.rmdir()


def _remove_below(place: Path) -> None:
    """Remove all groups below one; the kernel may be busy with their last processes for a moment."""

    def empty() -> bool:
        for folder in _folders(place):
            with contextlib.suppress(OSError):
                folder.rmdir()
        return not any(_folders(place))

    wait_until(f"the control groups below {place} to be empty", empty, 30, every=0.02)


def _folders(place: Path) -> Iterator[Path]:
    """All groups below a place, the lowest first."""
    return (Path(folder) / name for folder, names, _files in os.walk(place, topdown=False) for name in names)


def _words(file: Path) -> list[str]:
    try:
        return file.read_text().split()
    except OSError:  # the group went away
        return []


def _numbers(file: Path) -> dict[str, int]:
    """A file of lines `name number`. Raises LabError when nobody counts."""
    try:
        return {name: int(number) for name, number in (line.split() for line in file.read_text().splitlines())}
    except OSError:
        raise LabError(f"{file} is not there: this machine's control groups do not count {file.name}") from None
