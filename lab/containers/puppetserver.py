"""A real Puppet server for the lab: a cached Debian root, run in a room inside a network namespace.

By hand: `python3 -m lab.containers.puppetserver run DIR --netns NS --address 10.77.0.1 --socket DIR/oci/puppet.sock`.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import re
import shutil
import signal
import sys
import time
from pathlib import Path

from lab.containers.puppetroot import CONFIG, JARS, build
from lab.containers.room import Room
from lab.ground.checkout import CHECKOUT
from lab.ground.process import LabError, Process, run, wait_until

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
            raise LabError(f"{file} of this puppetserver has no '{old}'; adapt lab/containers/puppetserver.py to it")
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
    parser = argparse.ArgumentParser(prog="lab.containers.puppetserver", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("build", help="build the cached root and print where it is")
    serve = commands.add_parser("run", help="run a server until interrupted")
    serve.add_argument("directory", type=Path, help="gets everything that is written")
    for name in ("netns", "address", "socket"):
        serve.add_argument(f"--{name}", required=True)
    serve.add_argument("--fqdn", default="puppet.lab.test")
    serve.add_argument("--environment", type=Path, default=CHECKOUT / "puppet")
    options = parser.parse_args(argv)
    if options.command == "build":
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
