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
CONFIG = "etc/puppet/puppetserver/conf.d"
SSL = "var/lib/puppet/ssl"
HEAP = ("-Xms512m", "-Xmx900m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1")
JAVA = (
    "-Djruby.logger.class=com.puppetlabs.jruby_utils.jruby.Slf4jLogger", "-Dlogappender=STDOUT",
    "-Djruby.lib=/usr/share/jruby/lib", "-cp", "/usr/share/puppetserver/aot.jar:/usr/share/puppetserver/puppetserver.jar", "puppetlabs.trapperkeeper.main",
    "--config", "/etc/puppet/puppetserver/conf.d", "--bootstrap-config", "/etc/puppet/puppetserver/services.d",
)
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
                  "setpriv", "--bounding-set", "-sys_time", "env", f"PYTHONPATH={CHECKOUT}",
                  sys.executable, "-m", "lab.puppetserver", "inside", str(file)]
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


class Puppetserver:
    """The Puppet server and CA `fqdn` at `address` in the network namespace `netns`.

    `root` is what `build` returned; `run_dir` gets everything that is written; `environment` is the
    directory of the Puppet environment with its clients in bin/; `socket` is OCI's UNIX socket, which
    may appear and be replaced at any time in its directory.
    """

    def __init__(self, root: Path, run_dir: Path, netns: str, fqdn: str, address: str, environment: Path,
                 socket: Path, env: Mapping[str, str] | None = None) -> None:
        self.run_dir, self.fqdn, self.address = Path(run_dir), fqdn, address
        self.environment, self.socket = Path(environment), Path(socket)
        self.ssl_dir = self.run_dir / "puppet-ssl"
        self._state = self.run_dir / "puppetserver"
        binds = ((self.ssl_dir, f"/{SSL}", True), (self._state / "run", "/run/puppetserver", True),
                 (self._state / "log", "/var/log/puppetserver", True),
                 (self.socket.parent, "/run/oci", False))
        self.room = Room(root, self._state, netns, binds)
        self._mark = self._state / "run/restart"
        words = ["/usr/bin/java", *HEAP, *JAVA, "--restart-file", "/run/puppetserver/restart"]
        self._words, self._env = words, {"OCI_PUPPET_SOCKET": f"/run/oci/{self.socket.name}", **(env or {})}
        self.process = Process("puppetserver", [], self.run_dir)

    def _prepare(self) -> None:
        owner = _puppet(self.room.root)
        shutil.rmtree(self.room.upper, ignore_errors=True)
        for directory in (self.ssl_dir, self._state / "run", self._state / "log"):
            directory.mkdir(parents=True, exist_ok=True)
            os.chown(directory, *owner)
        self.socket.parent.mkdir(parents=True, exist_ok=True)
        # Sockets made in it later inherit the group: the server may speak, nobody else.
        os.chown(self.socket.parent, -1, owner[1])
        self.socket.parent.chmod(0o2750)
        if self.socket.exists():
            os.chown(self.socket, -1, owner[1])
        self._configure()

    def _configure(self) -> None:
        room = self.room
        room.write("etc/puppet/puppet.conf", PUPPET_CONF.format(fqdn=self.fqdn))
        room.write("etc/hosts", f"127.0.0.1 localhost\n{self.address} {self.fqdn} puppet\n")
        self._adapt("puppetserver.conf", "#max-active-instances: 1", "max-active-instances: 1")
        self._adapt("webserver.conf", "ssl-host: 0.0.0.0", f"ssl-host: {self.address}")
        room.write(f"{CONFIG}/product.conf", "product: { check-for-updates: false }\n")
        for client in sorted((self.environment / "bin").iterdir()):
            room.write(f"usr/local/bin/{client.name}", client.read_text(), 0o755)
        target = room.upper / ENVIRONMENTS / "production"
        shutil.rmtree(target, ignore_errors=True)
        shutil.copytree(self.environment, target, ignore=shutil.ignore_patterns("bin"))
        run(["chmod", "-R", "a+rX", str(room.upper / "etc/puppet/code"), str(room.upper / "usr")])

    def _adapt(self, file: str, old: str, new: str) -> None:
        text = (self.room.root / CONFIG / file).read_text()
        if old not in text:
            raise LabError(f"{file} of this puppetserver has no '{old}'; adapt lab/puppetserver.py to the new version")
        self.room.write(f"{CONFIG}/{file}", text.replace(old, new))

    def start(self) -> Puppetserver:
        """Start it, or leave it when it runs already."""
        if not self.process.alive():
            self._prepare()
            self._mark.write_text("0")
            self._mark.chmod(0o666)
            self.process.argv = self.room.argv(self._words, "puppet", self._env)
            self.process.start()
        return self

    def wait_ready(self, deadline: float = 180.0) -> Puppetserver:
        """Wait until it serves catalogs and certificates. LabError when it ended, TimeoutError after `deadline` s."""
        self.process.ready("it to say that it serves", lambda: self._mark.read_text().strip() not in ("", "0"), deadline)
        return self

    def stop(self, deadline: float = 10.0) -> None:
        """Stop it and everything in its namespaces; nothing happens when it does not run."""
        self.process.stop(deadline)


def _puppet(root: Path) -> tuple[int, int]:
    """Numbers of the user and group puppet inside `root`."""
    found = re.search(r"^puppet:[^:]*:(\d+):(\d+):", (root / "etc/passwd").read_text(), re.MULTILINE)
    if not found:
        raise LabError(f"{root} has no user puppet; remove it, so that it is built again")
    return int(found[1]), int(found[2])


def main(argv: list[str] | None = None) -> int:
    """Build, or run until interrupted."""
    parser = argparse.ArgumentParser(prog="lab.puppetserver", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("inside").add_argument("file", type=Path)
    options = parser.parse_args(argv)
    if options.command == "inside":
        inside(options.file)
    return 0


if __name__ == "__main__":
    sys.exit(main())
