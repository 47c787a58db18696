"""The appliance inside a lab: every process that a site runs, configured as a site would, from this checkout."""

from __future__ import annotations

import os
import secrets
import subprocess
import sys
from functools import partial
from pathlib import Path

import requests
import yaml

from lab.ground.cached.loaders import loaders
from lab.ground.cached.mirror import cache_dir, start_mirror
from lab.ground.checkout import CHECKOUT, environment, module
from lab.ground.process import READY_SECONDS, LabError, Process, run, wait_until
from lab.ground.services import dnsmasq, expose, free_port, listens, nginx, socket_serves, tftpd, timeserver
from lab.ground.wires.net import Net
from lab.ground.wires.switch import BRIDGE
from oci import config, processes
from oci.render.appliance import nginx as render

PUPPET_NAME = "puppet.lab.test"

KERNEL_ARGS = "console=tty0 console=ttyS0,115200 quiet mitigations=off audit=0 no_timer_check"
"""What an emulated machine is quicker with."""


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
        return {**environment(), "OCI_CONFIG": str(self.config)}

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
            "kernel_args": KERNEL_ARGS,
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
        done = self._python("oci.admin", *words)
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

    def _python(self, *words: str) -> subprocess.CompletedProcess[str]:
        argv = ["env", f"OCI_CONFIG={self.config}", f"PYTHONPATH={CHECKOUT}", *module(*words)]
        return run(argv, check=False)

    # -- its processes, as the package starts them

    @property
    def door(self) -> Path:
        """The socket at which nginx serves operators, for whom there is no network in a lab."""
        return self.run_dir / "run/https.sock"

    def socket(self, web: processes.Process) -> Path:
        """The socket of a web process. That of Puppet lies in a directory of its own, which its server is given."""
        return self._run(web) / web.socket

    def _run(self, process: processes.Process) -> Path:
        return self.run_dir / ("run/puppet" if process is processes.PUPPET else "run")

    def process(self, process: processes.Process) -> Process:
        """One of the appliance's processes, in the lab's namespace; not started yet."""
        argv = processes.argv(process, str(self._run(process)), sys.executable)
        return Process(process.name, self.net.command(argv), self.run_dir, env=self.env, cwd=CHECKOUT)

    def serve(self, *web: processes.Process) -> None:
        """Start the worker and these web processes, and wait for their sockets."""
        for process in (*web, processes.WORKER):
            self.processes[process.name] = self.process(process).start()
        for process in web:
            self.processes[process.name].ready("its socket", partial(socket_serves, self.socket(process)))
        if processes.PUPPET in web:
            # gunicorn gives its socket its own group; the Puppet server is let in by that of the directory.
            socket = self.socket(processes.PUPPET)
            os.chown(socket, -1, socket.parent.stat().st_gid)

    def site(self, mirror: Path) -> render.Site:
        """What the server blocks are made from: as on any appliance, but for operators at a socket, and packages
        from the `mirror` at another."""
        upstreams = (render.Upstream("/debian", f"http://unix:{mirror}"),)
        values = config.load(str(self.config)).values()
        return render.site(values, operators=f"unix:{self.door}", loaders=str(loaders()), upstreams=upstreams)

    def start(self, port: int = 0) -> None:
        """Start everything but the Puppet server, and wait until it serves; pages at `port` if it is free, else anywhere."""
        site = self.site(start_mirror(self.run_dir, cache_dir()))
        self.serve(*processes.WEB)
        self.processes["nginx"] = nginx("machines", self.run_dir, render.machine_blocks(site), self.net).start()
        self._open(free_port(port), render.operator_blocks(site))
        self.processes["timeserver"] = timeserver(self.net, self.run_dir).start()
        self.processes["tftpd"] = tftpd(self.net, self.run_dir, loaders()).start()
        self._dhcp()

    def _open(self, port: int, servers: str) -> None:
        self.port = port
        self.processes["nginx-operators"] = nginx("operators", self.run_dir, servers).start()
        self.processes["nginx-operators"].ready("its socket", lambda: socket_serves(self.door))
        self.processes["door"] = expose(self.run_dir, self.door, port).start()
        self.processes["door"].ready("its port", lambda: listens(None, port))

    def _dhcp(self) -> None:
        config = self.run_dir / "run" / processes.DHCP_CONFIG
        wait_until(
            "the worker's first tick to render dnsmasq.conf", config.exists, READY_SECONDS, self.processes["worker"].log
        )
        self.processes["dnsmasq"] = dnsmasq(self.net, self.run_dir, config.parent).start()
        self.processes["dnsmasq"].ready("its port", lambda: listens(self.net, 67, "udp"))

    def restart(self, name: str) -> None:
        """Start again a process that was killed."""
        self.processes[name].start()

    def token(self, name: str = "admin") -> Path:
        """A file with a token for programs, made by signing in through the front door."""
        path = self.run_dir / f"token-{name}"
        answer = requests.post(
            f"{self.url}/v1/session",
            verify=str(self.ca),
            timeout=READY_SECONDS,
            json={"name": name, "password": self.passwords[name]},
        )
        if answer.status_code >= 300:
            raise LabError(f"sign-in as {name} was refused: {answer.text[:300]}")
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
            file.write(answer.json()["token"])
        return path
