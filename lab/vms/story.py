"""The main job, told once: machines are powered on, discovered, assigned, installed and converge.

`make demo` tells it to a person; the end-to-end tests look at each step.
"""

from __future__ import annotations

import json
import os
import secrets
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import requests

from lab.containers import puppetroot
from lab.containers.puppetserver import Puppetserver
from lab.ground.appliance import PUPPET_NAME, Appliance
from lab.ground.cached.mirror import cache_dir
from lab.ground.checkout import CHECKOUT
from lab.ground.process import SHORT_SECONDS, LabError, wait_until
from lab.ground.wires.switch import Network
from lab.vms import images
from lab.vms.emulated.accel import accelerator
from lab.vms.emulated.vm import VirtualMachine
from lab.vms.plan import Plan, Watch
from lab.vms.rack import Rack

# For a host with two slow processors on which three machines and other tests run at once.
DISCOVER_SECONDS, INSTALL_SECONDS, PUPPET_SECONDS = 900, 3600, 900
NETWORK = ("--cidr", "10.77.0.0/21", "--first", "10.77.1.1", "--last", "10.77.1.200")


class Story:
    """One lab with an appliance, a Puppet server and machines. Use `up` first and `down` last.

    `networks` are those beside the one on which machines boot. `environment` is what Puppet is served from. `roles` are the
    texts of role files of the site's own, by the names of the roles. `kinds` are the images that the appliance has.
    """

    def __init__(
        self,
        name: str,
        say: Callable[[str], None] = print,
        networks: tuple[Network, ...] = (),
        environment: Path = CHECKOUT / "puppet",
        roles: Mapping[str, str] | None = None,
        kinds: Sequence[str] = images.KINDS,
    ) -> None:
        self.lab, self.say, self.environment = Rack(name, networks), say, environment
        self.roles, self.kinds = roles or {}, kinds
        self.began = time.monotonic()
        self.machines: dict[str, VirtualMachine] = {}
        self.bmc_password = secrets.token_urlsafe(9)
        self.cpu: dict[str, dict[str, float]] = {}

    # -- up and down

    def up(self, settings: dict[str, object] | None = None, puppet: bool = True, port: int = 0) -> Story:
        """Build what is missing, then start the network, the appliance and the Puppet server."""
        images.build(self.say, kinds=self.kinds)
        root = puppetroot.build(cache_dir()) if puppet else None
        self.lab.up()
        taken = images.taken(self.lab.run_dir / "images", self.say, kinds=self.kinds)
        own = self._site_roles()
        if root:
            # What the images of roles were made with: it is compared now and then.
            own["puppet_modules_dir"] = str(puppetroot.modules(root, self.lab.run_dir / "modules"))
        self.appliance = Appliance(self.lab.net, self.lab.run_dir, taken, {**own, **(settings or {})})
        self.appliance.configure()
        self.puppet = self._puppet(root) if root else None
        self.appliance.start(port)
        self.token = self.appliance.token()
        self.say(f"the appliance serves; dashboard: {self.appliance.url}")
        return self

    def _site_roles(self) -> dict[str, object]:
        """Write the site's own roles; the setting that says where they are."""
        folder = self.lab.run_dir / "roles"
        folder.mkdir()
        for name, text in self.roles.items():
            (folder / f"{name}.yaml").write_text(text)
        return {"roles_dir": str(folder)}

    def _puppet(self, root: Path) -> Puppetserver:
        server = Puppetserver(
            root,
            self.lab.run_dir / "puppetserver",
            self.lab.net.namespace,
            PUPPET_NAME,
            self.lab.net.address,
            self.environment,
            self.lab.run_dir / "run/puppet/puppet.sock",
        )
        # It starts while machines boot: nobody needs it before the first install ends.
        self._starting = threading.Thread(target=server.start, daemon=True)
        self._starting.start()
        return server

    def puppet_ready(self) -> None:
        """Wait for the Puppet server, and give the appliance its certificate for the CA."""
        if self.puppet is None:
            return
        self._starting.join()
        self.puppet.wait_ready(PUPPET_SECONDS)
        link = self.lab.run_dir / "puppet-ssl"
        if not link.is_symlink():
            link.symlink_to(self.puppet.ssl_dir)
        self.say("the Puppet server is ready")

    def down(self) -> None:
        """Stop everything; nothing is left."""
        if server := getattr(self, "puppet", None):
            server.stop()
        self.lab.down()

    # -- the command line, as an operator uses it

    def ocicli(self, *words: str, ok: bool = True, timeout: float = SHORT_SECONDS) -> Any:
        """Run ocicli with JSON output; returns what it printed, parsed. Raises LabError when it fails and `ok`."""
        env = {
            **self.appliance.env,
            "OCI_URL": self.appliance.url,
            "OCI_TOKEN_FILE": str(self.token),
            "OCI_CACERT": str(self.appliance.ca),
        }
        done = subprocess.run(
            [sys.executable, "-m", "oci.client.cli", *words, "-o", "json"],
            env=env,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=timeout,
            check=False,
        )
        if done.returncode and ok:
            raise LabError(f"ocicli {' '.join(words)} ended with {done.returncode}: {done.stderr.strip()}")
        return json.loads(done.stdout) if done.stdout.strip() else None

    def show(self, name: str) -> dict[str, Any]:
        """A machine as GET /v1/machines/NAME has it; asked often, so without starting ocicli each time."""
        found: dict[str, Any] = json.loads(self.get(f"/v1/machines/{name}"))
        return found

    def get(self, path: str) -> str:
        """The body of an operator's GET. Raises requests.HTTPError."""
        answer = requests.get(
            f"{self.appliance.url}{path}",
            verify=str(self.appliance.ca),
            timeout=SHORT_SECONDS,
            headers={"Authorization": f"Bearer {self.token.read_text().strip()}"},
        )
        answer.raise_for_status()
        body: str = answer.text
        return body

    # -- the steps

    def cluster(self, *networks: tuple[str, ...]) -> None:
        """Make the provisioning network, `networks` (words of `ocicli network create`) and the cluster."""
        for words in (("--name", "provisioning", *NETWORK), *networks):
            self.ocicli("network", "create", *words)
        self.ocicli("cluster", "create", "--name", "demo", "--domain", "lab.test", "--network", "provisioning")

    def add(self, plan: Plan) -> VirtualMachine:
        """A new virtual machine with its controller, made known to OCI by `ocicli machine enrol`."""
        kernel = self.appliance.images / "live/vmlinuz"
        machine = self.lab.machine(
            plan.name,
            mac=plan.mac,
            firmware=plan.firmware,
            memory_mib=plan.memory_mib,
            accelerator=accelerator(kernel, cache_dir(), plan.cx16),
            **plan.hardware,
        )
        self.lab.bmc(machine, plan.bmc_address, "operator", self.bmc_password)
        self.machines[plan.name] = machine
        secret = self.lab.run_dir / "bmc-password"
        with os.fdopen(os.open(secret, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
            file.write(self.bmc_password + "\n")
        self.ocicli("machine", "enrol", "--mac", plan.mac)
        self.ocicli(
            "machine",
            "bmc",
            plan.mac,
            "--address",
            plan.bmc_address,
            "--username",
            "operator",
            "--password-file",
            str(secret),
        )
        return machine

    def discover(self, plan: Plan, deadline: float = DISCOVER_SECONDS) -> None:
        """Power on by the controller, and wait for the machine's report."""
        machine, before = self.machines[plan.name], time.monotonic()
        self.ocicli("machine", "power", plan.mac, "--power", "on")
        wait_until(
            f"the report of {plan.name}",
            lambda: self.show(plan.mac)["presence"] == "live",
            deadline,
            machine.serial_log,
            every=0.5,
        )
        self._took(plan, "power-on to report", before, 0.0)

    def assign(self, plan: Plan) -> None:
        """Give the machine its role with ocicli."""
        self.ocicli("machine", "assign", plan.mac, "--cluster", "demo", "--role", plan.role)

    def install(self, plan: Plan) -> None:
        """Order the install; returns at once."""
        self.ocicli("machine", "install", plan.mac)

    def follow(self, *plans: Plan, until: str = "active", deadline: float = INSTALL_SECONDS) -> None:
        """Wait until all of `plans` are `until`, saying each phase once. Raises LabError when one fails instead."""
        end, open_plans = time.monotonic() + deadline, {plan.name: Watch(plan, time.monotonic()) for plan in plans}
        for watch in open_plans.values():
            watch.mark = self.machines[watch.plan.name].cpu_seconds()
        while open_plans:
            for name, watch in list(open_plans.items()):
                now = self._look(watch)
                if now["state"] == until:
                    del open_plans[name]
                elif now["state"] == "failed":
                    log = self.machines[name].serial_log
                    raise LabError(f"{name} failed: {now['reason']}; serial log: {log}")
            if open_plans and time.monotonic() > end:
                said = ", ".join(f"{name} ({watch.said})" for name, watch in open_plans.items())
                raise TimeoutError(f"waited {deadline} s for machines to be {until}: {said}")
            time.sleep(0.5)

    def _look(self, watch: Watch) -> dict[str, Any]:
        """Say what is new about one machine, and note the CPU seconds of the parts that ended."""
        now = self.show(watch.plan.mac)
        progress = now.get("progress") or {}
        said, watch.said = watch.said, f"{now['state']}: {progress.get('title', '')}, attempt {progress.get('attempt', 1)}"
        if watch.said == said:
            return now
        self.say(f"{watch.plan.name}: {watch.said}")
        if said.startswith("installing") and now["state"] == "configuring":
            self._took(watch.plan, "install", watch.since, watch.mark)
            watch.mark, watch.since = self.machines[watch.plan.name].cpu_seconds(), time.monotonic()
        asked = "reboot to first Puppet request"
        if progress.get("phase") in ("puppet", "catalog") and asked not in self.cpu.get(watch.plan.name, {}):
            self._took(watch.plan, asked, watch.since, watch.mark)
        return now

    def _took(self, plan: Plan, what: str, before: float, mark: float) -> None:
        spent = self.machines[plan.name].cpu_seconds() - mark
        self.cpu.setdefault(plan.name, {})[what] = spent
        self.say(f"{plan.name}: {what} took {spent:.0f} CPU s, {time.monotonic() - before:.0f} s by the clock")

    def timeline(self, plan: Plan) -> list[dict[str, Any]]:
        """The machine's events, oldest first."""
        found: dict[str, Any] = self.ocicli("machine", "events", plan.mac)
        events: list[dict[str, Any]] = found["events"]
        return events
