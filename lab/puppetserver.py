"""A real Puppet server for the lab: a cached Debian root, run in an overlay inside a network namespace.

Everything that a run writes lies below its directory. Mounts are made in the run's own mount
namespace, so they go away with its last process, whatever ended it.

By hand: `python3 -m lab.puppetserver run DIR --netns NS --address 10.77.0.1 --socket /run/oci/puppet.sock`.
"""

from __future__ import annotations

import argparse
import ctypes
import fcntl
import grp
import hashlib
import json
import os
import pwd
import re
import shutil
import signal
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lab.mirror import SUITE, cache_dir, mirror_url
from lab.process import LabError, Process, run, started_at, wait_until

CHECKOUT = Path(__file__).resolve().parent.parent
PACKAGES = ("puppetserver", "puppet-agent", "curl", "openssl", "ca-certificates", "chrony", "iproute2", "netbase", "procps")
ENVIRONMENTS = "etc/puppet/code/environments"
SSL = "var/lib/puppet/ssl"
HEAP = ("-Xms512m", "-Xmx900m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1")
PUPPET_CONF = """# Made by the lab.
[main]
certname = {fqdn}
server = {fqdn}
dns_alt_names = puppet,{fqdn}
# Only the throw-away keys of a lab are this short: they are made while somebody waits.
keylength = 2048
ssldir = /var/lib/puppet/ssl
environmentpath = /etc/puppet/code/environments
[server]
cadir = /var/lib/puppet/ssl/ca
node_terminus = exec
external_nodes = /usr/local/bin/oci-enc
autosign = /usr/local/bin/oci-autosign
reports = oci
"""


@dataclass(frozen=True)
class Room:
    """A volatile overlay over the Debian tree `root`, in the network namespace `netns` (None: the caller's).

    `directory` keeps what is written. `binds` are (outside, absolute path inside, writable).
    Nothing in it can set the clock of the machine.
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
        """`words` as they must be started to run inside as `user`; one at a time in a room."""
        self.upper.mkdir(parents=True, exist_ok=True)
        spec = {
            "root": str(self.root), "directory": str(self.directory), "user": user, "argv": list(words),
            "binds": [[str(outside), inside, writable] for outside, inside, writable in self.binds],
            "env": {"PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "LANG": "C.UTF-8",
                    "HOME": "/root", **(env or {})},
        }
        file = self.directory / "room.json"
        file.write_text(json.dumps(spec))
        inside = ["unshare", "--mount", "--propagation", "private", "--pid", "--fork", "--kill-child",
                  "setpriv", "--bounding-set", "-sys_time", sys.executable, str(Path(__file__).resolve()), "inside", str(file)]
        return ["ip", "netns", "exec", self.netns, *inside] if self.netns else inside


def _mount(*words: str) -> None:
    run(["mount", *words])


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
    _mount("-t", "overlay", "overlay", "-o", layers, str(merged))
    _mount("-t", "proc", "proc", str(merged / "proc"))
    _mount("--rbind", "/sys", str(merged / "sys"))
    for part in ("dev", "run", "tmp"):
        _mount("-t", "tmpfs", "-o", f"mode={'1777' if part == 'tmp' else '755'}", "tmpfs", str(merged / part))
    for name in ("null", "zero", "full", "random", "urandom", "tty"):
        (merged / "dev" / name).touch()
        _mount("--bind", f"/dev/{name}", str(merged / "dev" / name))
    for outside, inside, writable in spec["binds"]:
        target = merged / inside.lstrip("/")
        target.mkdir(parents=True, exist_ok=True)
        _mount("--bind", outside, str(target))
        if not writable:
            _mount("-o", "remount,bind,ro", str(target))
    return merged


def inside(file: Path) -> None:
    """Become the program of the room described in `file`; only the first process of the namespaces calls this."""
    spec = json.loads(file.read_text())
    os.chroot(_furnish(spec))
    os.chdir("/")
    user = pwd.getpwnam(spec["user"])
    os.setgroups([group.gr_gid for group in grp.getgrall() if user.pw_name in group.gr_mem])
    os.setgid(user.pw_gid)
    os.setuid(user.pw_uid)
    os.umask(0o022)
    os.execvpe(spec["argv"][0], spec["argv"], spec["env"])
