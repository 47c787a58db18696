"""A real Puppet server for the lab: a cached Debian root, run in an overlay inside a network namespace.

Everything that a run writes lies below its directory. Mounts are made in the run's own mount
namespace, so they go away with its last process, whatever ended it.

By hand: `python3 -m lab.puppetserver run DIR --netns NS --address 10.77.0.1 --socket DIR/oci/puppet.sock`.
"""

from __future__ import annotations

import argparse
import contextlib
import fcntl
import hashlib
import json
import os
import re
import shutil
import signal
import sys
import tempfile
import time
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from lab.mirror import KEYRING, SUITE, cache_dir, mirror_url
from lab.process import LabError, Process, run, wait_until

CHECKOUT = Path(__file__).resolve().parent.parent
PACKAGES = (
    "puppetserver",
    "puppet-agent",
    "curl",
    "openssl",
    "ca-certificates",
    "chrony",
    "iproute2",
    "netbase",
    "procps",
)
MMDEBSTRAP = (
    "--mode=root",
    "--variant=apt",
    f"--include={','.join(PACKAGES)}",
    '--aptopt=Apt::Install-Recommends "false"',
    '--aptopt=Acquire::Languages "none"',
    '--aptopt=Acquire::Retries "3"',
    "--dpkgopt=force-unsafe-io",
    "--dpkgopt=path-exclude=/usr/share/locale/*",
    "--dpkgopt=path-exclude=/usr/share/man/*",
    "--dpkgopt=path-exclude=/usr/share/doc/*",
    # Java's alternatives want to put links there even when the pages themselves are left out.
    '--setup-hook=mkdir -p "$1/usr/share/man/man1"',
)
CONFIG = "etc/puppet/puppetserver"
JARS = "/usr/share/puppetserver"
# Debian ships the server as Clojure source, which every start compiles again for a dozen CPU seconds.
COMPILE = f"""
(require '[clojure.string :as s])
(let [names (for [file ["bootstrap.cfg" "ca.cfg"]
                  line (s/split-lines (slurp (str "/{CONFIG}/services.d/" file)))
                  :let [line (s/trim line)] :when (re-matches #"[a-z].*/.*" line)]
              (symbol (first (s/split line #"/"))))]
  (run! compile (cons 'puppetlabs.trapperkeeper.main (distinct names))))
(System/exit 0)
"""
JAVA = (
    "/usr/bin/java",
    "-Xms512m",
    "-Xmx900m",
    "-XX:+UseSerialGC",
    "-XX:TieredStopAtLevel=1",
    # Ruby's HTTP client takes a session ticket that follows an answer for a new answer, and hangs until
    # the server's idle time-out ends the connection: 30 s lost in every first run of an agent.
    "-Djdk.tls.server.newSessionTicketCount=0",
    "-Djruby.logger.class=com.puppetlabs.jruby_utils.jruby.Slf4jLogger",
    "-Djruby.lib=/usr/share/jruby/lib",
    "-Dlogappender=STDOUT",
    "-cp",
    f"{JARS}/compiled.jar:{JARS}/puppetserver.jar",
    "puppetlabs.trapperkeeper.main",
    "--config",
    f"/{CONFIG}/conf.d",
    "--bootstrap-config",
    f"/{CONFIG}/services.d",
    "--restart-file",
    "/run/puppetserver/restart",
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
cadir = /var/lib/puppet/ca
node_terminus = exec
external_nodes = /usr/local/bin/oci-enc
autosign = /usr/local/bin/oci-autosign
reports = oci
"""


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
        python = ["env", f"PYTHONPATH={CHECKOUT}", sys.executable]
        first = [*python, "-m", "lab.puppetserver", "inside", str(file)]
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
        run(["mount", "--bind", f"/dev/{name}", str(merged / "dev" / name)])
    for outside, place, writable in spec["binds"]:
        target = merged / place.lstrip("/")
        target.mkdir(parents=True, exist_ok=True)
        run(["mount", "--bind", outside, str(target)])
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


def build(cache: Path | None = None) -> Path:
    """The Debian root with puppetserver and puppet-agent, built when `cache` has none.

    `cache` is by default OCI_CACHE. The root holds no secret: no CA, no key. Building takes two to four
    minutes and 510 MB. Raises LabError.
    """
    cache = cache or cache_dir()
    key = hashlib.sha256(repr((SUITE, PACKAGES, MMDEBSTRAP, COMPILE)).encode()).hexdigest()[:16]
    root = cache / f"puppetserver-{key}"
    cache.mkdir(parents=True, exist_ok=True)
    with (cache / "puppetserver.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not root.exists():
            for stale in cache.glob("puppetserver.tmp.*"):
                shutil.rmtree(stale, ignore_errors=True)
            with tempfile.TemporaryDirectory(prefix="puppetserver.tmp.", dir=cache) as work:
                _bootstrap(Path(work) / "root", Path(work) / "sources.list")
                _compile(Path(work) / "root", Path(work))
                (Path(work) / "root").rename(root)
    return root


def _bootstrap(root: Path, sources: Path) -> None:
    url = mirror_url()
    sources.write_text(f"deb [signed-by={KEYRING}] {url} {SUITE} main\n")
    try:
        run(["mmdebstrap", *MMDEBSTRAP, SUITE, str(root), str(sources)], timeout=1200)
    except LabError as error:
        # The mirror of this machine is nobody's business, and a log is read by many.
        text = str(error).replace(urlsplit(url).netloc, "MIRROR")
        raise LabError(f"the Puppet server's root cannot be built: {text[-3000:]}") from None
    for file in (root / "etc/apt").glob("sources.list*/*.list"):
        file.unlink()
    (root / "etc/apt/sources.list").write_text("")


def _compile(root: Path, work: Path) -> None:
    classes = work / "classes"
    classes.mkdir()
    room = Room(root, work / "room", binds=((classes, "/classes", True),))
    java = [
        "/usr/bin/java",
        "-XX:TieredStopAtLevel=1",
        "-Dclojure.compile.path=/classes",
        "-Djruby.lib=/usr/share/jruby/lib",
        "-cp",
        f"/classes:{JARS}/puppetserver.jar",
        "clojure.main",
        "-e",
        COMPILE,
    ]
    run(room.argv(java), timeout=600)
    # Not compressed: it is read at every start.
    with zipfile.ZipFile(root / JARS.lstrip("/") / "compiled.jar", "w") as jar:
        for file in sorted(classes.rglob("*.class")):
            jar.write(file, file.relative_to(classes))


class Puppetserver:
    """The Puppet server and CA `fqdn` at `address`, port 8140, in the network namespace `netns`.

    `root` is what `build` returned; `run_dir` gets everything that is written; `environment` is the
    directory of the Puppet environment with its clients in bin/; `socket` is OCI's UNIX socket, which
    may appear and be replaced at any time in its directory, and that directory is its alone. `modules` are an
    operator's own Puppet modules.
    """

    def __init__(
        self,
        root: Path,
        run_dir: Path,
        netns: str,
        fqdn: str,
        address: str,
        environment: Path,
        socket: Path,
        modules: Path | None = None,
    ) -> None:
        self.fqdn, self.address = fqdn, address
        self.environment, self.socket = Path(environment), Path(socket)
        self.ssl_dir = Path(run_dir) / "puppet-ssl"
        self._state = Path(run_dir) / "puppetserver"
        self._places = {
            self.ssl_dir: "/var/lib/puppet/ssl",
            self._state / "ca": "/var/lib/puppet/ca",
            self._state / "run": "/run/puppetserver",
            self._state / "log": "/var/log/puppetserver",
        }
        binds = [(outside, inside, True) for outside, inside in self._places.items()]
        binds.append((self.socket.parent, "/run/oci", False))
        if modules:
            binds.append((modules, "/etc/oci/modules", False))
        self.room = Room(root, self._state, netns, tuple(binds))
        self.process = Process("puppetserver", [], Path(run_dir))
        self._mark = self._state / "run/restart"

    @property
    def log(self) -> Path:
        """What the server says."""
        return self.process.log

    def _prepare(self) -> None:
        user, group = _puppet(self.room.root)
        shutil.rmtree(self.room.upper, ignore_errors=True)
        for directory in self._places:
            directory.mkdir(parents=True, exist_ok=True)
            os.chown(directory, user, group)
        self._mark.write_text("0")
        os.chown(self._mark, user, group)
        # Sockets made in it later inherit the group: the Puppet server may speak, nobody else.
        self.socket.parent.mkdir(parents=True, exist_ok=True)
        os.chown(self.socket.parent, -1, group)
        self.socket.parent.chmod(0o2750)
        if self.socket.exists():
            os.chown(self.socket, -1, group)
        self._configure()

    def _configure(self) -> None:
        room = self.room
        room.write("etc/puppet/puppet.conf", PUPPET_CONF.format(fqdn=self.fqdn))
        room.write("etc/hosts", f"127.0.0.1 localhost\n{self.address} {self.fqdn} puppet\n")
        self._adapt("puppetserver.conf", "#max-active-instances: 1", "max-active-instances: 1")
        self._adapt("webserver.conf", "ssl-host: 0.0.0.0", f"ssl-host: {self.address}")
        room.write(f"{CONFIG}/conf.d/product.conf", "product: { check-for-updates: false }\n")
        for client in sorted((self.environment / "bin").iterdir()):
            room.write(f"usr/local/bin/{client.name}", client.read_text(), 0o755)
        code = room.upper / "etc/puppet/code"
        leave = shutil.ignore_patterns("bin")
        shutil.copytree(self.environment, code / "environments/production", ignore=leave)
        run(["chmod", "-R", "a+rX", str(code)])

    def _adapt(self, file: str, old: str, new: str) -> None:
        text = (self.room.root / CONFIG / "conf.d" / file).read_text()
        if old not in text:
            raise LabError(f"{file} of this puppetserver has no '{old}'; adapt lab/puppetserver.py to it")
        self.room.write(f"{CONFIG}/conf.d/{file}", text.replace(old, new))

    def start(self) -> Puppetserver:
        """Start it, or leave it when it runs. CA and certificates are made once and kept in `run_dir`."""
        if not self.process.alive():
            self._prepare()
            env = {"OCI_PUPPET_SOCKET": f"/run/oci/{self.socket.name}"}
            self.process.argv = self.room.argv(JAVA, "puppet", env)
            self.process.start()
        return self

    def wait_ready(self, deadline: float = 240.0) -> Puppetserver:
        """Wait at most `deadline` s until it serves. Raises LabError when it ended, TimeoutError."""
        self.process.ready("it serves", lambda: self._mark.read_text().strip() not in ("", "0"), deadline)
        return self

    def stop(self, deadline: float = 10.0) -> None:
        """Stop it and everything in its namespaces; nothing happens when it does not run."""
        supervisor = self.process.pid
        server = _child(supervisor) if supervisor else None
        if server:
            # The supervisor ignores TERM; asked itself, the server ends in order, and with it all.
            os.kill(server, signal.SIGTERM)
            with contextlib.suppress(TimeoutError):
                wait_until("the server to end", lambda: not self.process.alive(), deadline, every=0.05)
        self.process.stop(1)


def _child(supervisor: int) -> int | None:
    """The process that `supervisor` watches, None when there is none."""
    with contextlib.suppress(OSError, IndexError):
        return int(Path(f"/proc/{supervisor}/task/{supervisor}/children").read_text().split()[0])
    return None


def _puppet(root: Path) -> tuple[int, int]:
    """Numbers of the user and group puppet inside `root`."""
    found = re.search(r"^puppet:[^:]*:(\d+):(\d+):", (root / "etc/passwd").read_text(), re.MULTILINE)
    if not found:
        raise LabError(f"{root} has no user puppet; remove it, so that it is built again")
    return int(found[1]), int(found[2])


def main(argv: list[str] | None = None) -> int:
    """`build` the root, or `run` a server until it is interrupted."""
    parser = argparse.ArgumentParser(prog="lab.puppetserver", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("build", help="build the cached root and print where it is")
    room = commands.add_parser("inside", help="become the program of a room (used by the lab itself)")
    room.add_argument("file", type=Path)
    serve = commands.add_parser("run", help="run a server until interrupted")
    serve.add_argument("directory", type=Path, help="gets everything that is written")
    for name in ("netns", "address", "socket"):
        serve.add_argument(f"--{name}", required=True)
    serve.add_argument("--fqdn", default="puppet.lab.test")
    serve.add_argument("--environment", type=Path, default=CHECKOUT / "puppet")
    options = parser.parse_args(argv)
    if options.command == "inside":
        inside(options.file)
    elif options.command == "build":
        print(build())
    else:
        _serve(options)
    return 0


def _serve(options: argparse.Namespace) -> None:
    server = Puppetserver(
        build(),
        options.directory.resolve(),
        options.netns,
        options.fqdn,
        options.address,
        options.environment.resolve(),
        Path(options.socket).resolve(),
    )
    began = time.monotonic()
    try:
        server.start().wait_ready()
        took = time.monotonic() - began
        print(f"ready after {took:.1f} s; certificates in {server.ssl_dir}; interrupt to stop", flush=True)
        signal.signal(signal.SIGTERM, signal.default_int_handler)
        with contextlib.suppress(KeyboardInterrupt):
            signal.pause()
    finally:
        server.stop()


if __name__ == "__main__":
    sys.exit(main())
