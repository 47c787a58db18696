"""The appliance inside a lab: every process that a site runs, configured as a site would, from this checkout."""

from __future__ import annotations

import os
import secrets
import sys
from pathlib import Path

import yaml

from lab.mirror import loaders, start_mirror
from lab.net import BRIDGE, Net
from lab.process import LabError, Process, run, wait_until
from lab.services import dnsmasq, expose, listens, nginx, socket_serves, tftpd, timeserver
from oci.render import nginx as render

CHECKOUT = Path(__file__).resolve().parent.parent
PUPPET_NAME = "puppet.lab.test"


def site(net: Net, run_dir: Path, images: Path, mirror: Path, door: Path) -> render.Site:
    """What the server blocks are made from: as on a real appliance, but that a door makes `door`, a socket, reachable."""
    pki = run_dir / "state/pki"
    return render.Site(
        machines=net.address,
        operators=f"unix:{door}",
        images=str(images),
        loaders=str(loaders()),
        machines_socket=str(run_dir / "run/machines.sock"),
        operators_socket=str(run_dir / "run/operators.sock"),
        server_certificate=str(pki / "server.pem"),
        server_key=str(pki / "server.key"),
        operators_certificate=str(pki / "operators.pem"),
        operators_key=str(pki / "operators.key"),
        upstreams=(render.Upstream("/debian", f"http://unix:{mirror}"),),
    )


class Appliance:
    """One appliance in the namespace of `net`, with its state below `run_dir`.

    `images` holds live/ and root/. `settings` are settings of oci.config that differ from the lab's.
    """

    def __init__(self, net: Net, run_dir: Path, images: Path, settings: dict[str, object] | None = None) -> None:
        self.net, self.run_dir, self.images = net, run_dir, images
        self.config = run_dir / "oci.yaml"
        self.settings = settings or {}
        self.port = 0
        self.processes: dict[str, Process] = {}
        self.passwords: dict[str, str] = {}

    @property
    def env(self) -> dict[str, str]:
        """Environment of the appliance's programs."""
        path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
        python = os.pathsep.join([str(CHECKOUT), *filter(None, [os.environ.get("PYTHONPATH")])])
        return {**os.environ, "OCI_CONFIG": str(self.config), "PYTHONPATH": python, "PATH": path}

    @property
    def url(self) -> str:
        """Where a person's browser on this host finds the dashboard."""
        return f"https://127.0.0.1:{self.port}"

    @property
    def ca(self) -> Path:
        """The CA that signs the dashboard's certificate."""
        return self.run_dir / "state/pki/ca.pem"

    def configure(self) -> None:
        """Write the configuration, and make keys, certificates, database and the first admin."""
        first, last = self.net.server.network[1024 + 1], self.net.server.network[1024 + 250]
        values: dict[str, object] = {
            "state_dir": str(self.run_dir / "state"),
            "run_dir": str(self.run_dir / "run"),
            "images_dir": str(self.images),
            "server_address": self.net.address,
            "dhcp_interface": BRIDGE,
            "dhcp_first": str(first),
            "dhcp_last": str(last),
            "dhcp_netmask": str(self.net.server.netmask),
            "dhcp_ra_prefix": f"{self.net.router6.network}",
            "puppet_server": PUPPET_NAME,
            "puppet_ssl_dir": str(self.run_dir / "puppet-ssl"),
            "kernel_args": "console=tty0 console=ttyS0,115200 quiet mitigations=off audit=0 no_timer_check",
            **self.settings,
        }
        for part in ("state", "run", "run/puppet"):
            (self.run_dir / part).mkdir(parents=True, exist_ok=True)
        self.config.write_text(yaml.safe_dump(values))
        self.config.chmod(0o600)
        self.admin("init")
        self.person("admin", "admin")

    def admin(self, *words: str) -> None:
        """Run oci-admin. Raises LabError with what it said."""
        done = self._python("-m", "oci.admin", *words)
        if done.returncode:
            raise LabError(f"oci-admin {' '.join(words)} ended with {done.returncode}: {done.stderr.strip()[-600:]}")

    def person(self, name: str, level: str) -> str:
        """Make somebody who may sign in; returns the password, which is also kept in a private file."""
        path = self.run_dir / f"password-{name}"
        self.passwords[name] = secrets.token_urlsafe(12)
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
            file.write(self.passwords[name] + "\n")
        self.admin("person-add", name, "--level", level, "--password-file", str(path))
        return self.passwords[name]

    def _python(self, *words: str):  # type: ignore[no-untyped-def]
        argv = ["env", f"OCI_CONFIG={self.config}", f"PYTHONPATH={CHECKOUT}", sys.executable, *words]
        return run(argv, timeout=120, check=False)

    def _gunicorn(self, name: str, socket: Path, workers: int) -> Process:
        argv = [
            sys.executable,
            "-m",
            "gunicorn",
            "--bind",
            f"unix:{socket}",
            "--workers",
            str(workers),
            "--threads",
            "4",
            "--timeout",
            "120",
            "--umask",
            "0117",
            "--name",
            f"oci-{name}",
            "--worker-tmp-dir",
            str(self.run_dir / "run"),
            f"oci.app:{name}()",
        ]
        return Process(f"web-{name}", self.net.command(argv), self.run_dir, env=self.env, cwd=CHECKOUT)

    def _worker(self) -> Process:
        argv = [
            sys.executable,
            "-m",
            "celery",
            "-A",
            "oci.worker",
            "worker",
            "--beat",
            "--loglevel",
            "INFO",
            "--concurrency",
            "2",
            "--pool",
            "threads",
            "--without-gossip",
            "--without-mingle",
            "--without-heartbeat",
        ]
        return Process("worker", self.net.command(argv), self.run_dir, env=self.env, cwd=CHECKOUT)

    def start(self, port: int = 0) -> None:
        """Start everything but the Puppet server, and wait until it serves; pages at `port` if it is free, else anywhere."""
        from lab.mirror import cache_dir
        from lab.services import free_port

        sockets = {
            "operators": self.run_dir / "run/operators.sock",
            "machines": self.run_dir / "run/machines.sock",
            "puppet": self.run_dir / "run/puppet/puppet.sock",
        }
        mirror = start_mirror(self.run_dir, cache_dir())
        for name, socket in sockets.items():
            self.processes[name] = self._gunicorn(name, socket, 1 if name == "puppet" else 2).start()
        self.processes["worker"] = self._worker().start()
        for name, socket in sockets.items():
            self.processes[name].ready("its socket", lambda s=socket: socket_serves(s), 60)
        # gunicorn gives its socket its own group; the Puppet server is let in by that of the directory.
        os.chown(sockets["puppet"], -1, sockets["puppet"].parent.stat().st_gid)
        blocks = site(self.net, self.run_dir, self.images, mirror, self.run_dir / "run/https.sock")
        self.processes["nginx"] = nginx("machines", self.run_dir, render.machine_blocks(blocks), self.net).start()
        self._door(free_port(port), render.operator_blocks(blocks))
        self.processes["timeserver"] = timeserver(self.net, self.run_dir).start()
        self.processes["tftpd"] = tftpd(self.net, self.run_dir, loaders()).start()
        self._dhcp()

    def _door(self, port: int, servers: str) -> None:
        self.port, socket = port, self.run_dir / "run/https.sock"
        self.processes["nginx-operators"] = nginx("operators", self.run_dir, servers).start()
        self.processes["nginx-operators"].ready("its socket", lambda: socket_serves(socket))
        self.processes["door"] = expose(self.run_dir, socket, port).start()
        self.processes["door"].ready("its port", lambda: listens(None, port))

    def _dhcp(self) -> None:
        config = self.run_dir / "run/dnsmasq.conf"
        wait_until("the worker's first tick to render dnsmasq.conf", config.exists, 60, self.processes["worker"].log)
        self.processes["dnsmasq"] = dnsmasq(self.net, self.run_dir, config).start()
        self.processes["dnsmasq"].ready("its port", lambda: listens(self.net, 67, "udp"))

    def restart(self, name: str) -> None:
        """Start again a process that was killed."""
        self.processes[name].start()

    def token(self, name: str = "admin") -> Path:
        """A file with a token for programs, made by signing in through the front door."""
        import requests

        path = self.run_dir / f"token-{name}"
        answer = requests.post(
            f"{self.url}/v1/session", verify=str(self.ca), timeout=30, json={"name": name, "password": self.passwords[name]}
        )
        if answer.status_code >= 300:
            raise LabError(f"sign-in as {name} was refused: {answer.text[:300]}")
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
            file.write(answer.json()["token"])
        return path
