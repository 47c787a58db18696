"""A cloud of container machines: declared by one document, adopted, and converged by the real Puppet server."""

from __future__ import annotations

import json
import subprocess
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Interface
from typing import Any

from lab.containers.layers import layers, plugins
from lab.containers.machine import ContainerMachine
from lab.containers.puppetroot import DEBIANS, build
from lab.ground.appliance import Appliance
from lab.ground.cached.mirror import cache_dir
from lab.ground.checkout import CHECKOUT
from lab.ground.machine import Card
from lab.ground.process import LabError
from lab.ground.wires.switch import Network, Port
from lab.vms.images import taken
from lab.vms.story import Story

CLUSTER = "cloud"
MIB = 1 << 20
REST_SECONDS, REST_LOOK, REST_SHARE = 120, 5, 0.2
"""How long a machine may take to come to rest, how long one look at it is, and the share of a processor that is rest."""
CONVERGE_SECONDS, CHECK_SECONDS = 3600.0, 1800.0
# Machines ask for orders every few seconds while somebody waits for them.
QUICK: dict[str, object] = {"poll_busy_seconds": 5}


@dataclass(frozen=True)
class Member:
    """One machine of the cloud: its host name, its role, the layer that it consists of, its MAC and address. `outside` is
    the MAC of a second card, which leads outside of the cloud, where it has one."""

    name: str
    role: str
    layer: str
    mac: str
    address: str
    outside: str = ""


MEMBERS = (
    Member("controller1", "controller", "control", "52:54:00:c1:00:01", "10.77.2.11"),
    Member("compute1", "compute", "compute", "52:54:00:c1:00:02", "10.77.2.12", outside="52:54:00:c1:01:02"),
)
# Outside of the cloud: floating addresses are of this network, and the appliance's host is its router.
EXTERNAL = Network(30, IPv4Interface("10.79.30.1/24"))
OUTSIDE = "eth1"

FRONT, PUBLIC = "10.77.3.1", "public"

DOCUMENT = """\
cluster: cloud
domain: lab.test
network: provisioning
settings:
  datapath_type: netdev
  virt_type: qemu
networks:
  provisioning:
    cidr: 10.77.0.0/21
    ranges:
    - {{first: 10.77.2.1, last: 10.77.2.200, use: machines}}
    - {{first: 10.77.3.1, last: 10.77.3.20, use: vip}}
  {public}:
    purpose: external
    cidr: 10.79.30.0/24
    gateway: 10.79.30.1
    exclusive: true
    ranges:
    - {{first: 10.79.30.100, last: 10.79.30.200, use: floating}}
addresses:
  api: {{network: provisioning, address: {front}}}
roles:
{roles}"""


def document(members: Sequence[Member]) -> str:
    """The declaration of the cloud of `members`, in YAML."""
    roles: dict[str, str] = {}
    for member in members:
        one = f"    - {{machine: '{member.mac}', hostname: {member.name}, addresses: {{provisioning: {member.address}}}}}\n"
        leads = f"    settings: {{external_interface: {OUTSIDE}}}\n" if member.outside else ""
        roles[member.role] = roles.get(member.role, f"  {member.role}:\n{leads}    machines:\n") + one
    return DOCUMENT.format(front=FRONT, public=PUBLIC, roles="".join(roles.values()))


class Cloud(Story):
    """One lab with an appliance, a Puppet server and container machines. Use `up` first and `down` last."""

    def __init__(self, name: str, members: Sequence[Member] = MEMBERS, say: Callable[[str], None] = print) -> None:
        super().__init__(name, say, networks=(EXTERNAL,))
        self.members = tuple(members)
        self.containers: dict[str, ContainerMachine] = {}

    @property
    def front(self) -> str:
        """The virtual address of the cloud."""
        return FRONT

    def up(self, settings: dict[str, object] | None = None, puppet: bool = True, port: int = 0) -> Cloud:
        """Start network, appliance and Puppet server. No machine boots from the live image; guests do, of its kernel."""
        root = build(cache_dir())
        self.lab.up()
        images = taken(self.lab.run_dir / "images", self.say, kinds=("live",))
        self.appliance = Appliance(self.lab.net, self.lab.run_dir, images, {**QUICK, **(settings or {})})
        self.appliance.configure()
        self.puppet = self._puppet(root)
        self.appliance.start(port)
        self.token = self.appliance.token()
        self.say(f"the appliance serves; dashboard: {self.appliance.url}")
        self._root = root
        return self

    def declare(self) -> None:
        """Make the machines known, and apply the document."""
        for member in self.members:
            self.ocicli("machine", "enrol", "--mac", member.mac)
        file = self.lab.run_dir / "cloud.yaml"
        file.write_text(document(self.members))
        self.ocicli("cluster", "apply", "--file", str(file))

    def start(self, member: Member) -> ContainerMachine:
        """A new container that is `member`, up, with nothing configured on it."""
        below = layers(member.layer)
        synced = plugins(below[0], (CHECKOUT / "puppet/site", self._root / DEBIANS), root=self._root)
        machine = ContainerMachine(
            member.name,
            self.lab.name,
            member.mac,
            member.layer,
            more_cards=(Card(member.outside, Port(EXTERNAL.vlan)),) if member.outside else (),
            addresses=(("eth0", f"{member.address}/21"),),
            roots=(*map(str, below), str(synced)),
        ).save()
        machine.start()
        machine.wait_up()
        self.containers[member.name] = machine
        return machine

    def adopt(self, member: Member) -> None:
        """Hand the container to Puppet, as a person does with any machine that runs already."""
        archive: str = self.ocicli("machine", "adopt", member.name)["archive"]
        machine = self.containers[member.name]
        unpack = machine.command("sh", "-c", "base64 -d | tar -xzC / && hostname -F /etc/hostname")
        done = subprocess.run(unpack, input=archive, text=True, capture_output=True, check=False)
        if done.returncode:
            raise LabError(f"{member.name} could not unpack its archive: {done.stderr.strip()[-400:]}")
        machine.run("systemctl", "daemon-reload")
        machine.run("systemctl", "enable", "--now", "oci-firstboot")

    def deploy(self, deadline: float = CONVERGE_SECONDS) -> dict[str, Any]:
        """Bring the cluster up, and hand each machine over when its wave begins. Raises LabError, TimeoutError."""
        ordered: dict[str, Any] = self.ocicli("cluster", "deploy", CLUSTER, "--yes")
        path = f"/v1/clusters/{CLUSTER}/deployments/{ordered['id']}"
        waiting = {member.name: member for member in self.members}
        said = ""

        def look() -> dict[str, Any] | None:
            nonlocal said
            now: dict[str, Any] = json.loads(self.get(path))
            for step in now["steps"]:
                if step["wave"] == now["wave"] and step["machine"].split(".")[0] in waiting:
                    self.adopt(waiting.pop(step["machine"].split(".")[0]))
            words = f"wave {now['wave']} of {now['waves']}: {now['now'] or now['state']}"
            if words != said:
                said = words
                self.say(words)
            return now if now["state"] != "running" else None

        return self._ended("the deployment", look, deadline)

    def check(self, deadline: float = CHECK_SECONDS) -> dict[str, Any]:
        """Have the appliance prove the cloud. Raises LabError, TimeoutError."""
        ordered: dict[str, Any] = self.ocicli("cluster", "check", CLUSTER)
        path = f"/v1/clusters/{CLUSTER}/checks/{ordered['id']}"

        def look() -> dict[str, Any] | None:
            now: dict[str, Any] = json.loads(self.get(path))
            return now if now["finished"] else None

        now = self._ended("the check", look, deadline)
        for step in now["steps"]:
            self.say(f"  {step['compute'] or 'cloud'}: {step['title']}: {step['state']} {step['why']}".rstrip())
        return now

    def _ended(self, what: str, look: Callable[[], dict[str, Any] | None], deadline: float) -> dict[str, Any]:
        end = time.monotonic() + deadline
        while (now := look()) is None:
            if time.monotonic() > end:
                raise TimeoutError(f"waited {deadline} s for {what} to end")
            time.sleep(2)
        if now["state"] not in ("done", "passed"):
            raise LabError(f"{what} is {now['state']}: {now.get('reason') or now.get('text')}")
        return now

    def cpu_seconds(self) -> float:
        """What its machines have taken of processors."""
        return sum(machine.usage().cpu_seconds for machine in self.containers.values())

    def rest(self, deadline: float = REST_SECONDS) -> None:
        """Say what each machine takes at rest: once what ran has ended, and what it did is done with. Where that is not so
        within `deadline` seconds, what it takes then, and that it is busy."""
        end = time.monotonic() + deadline
        for name, machine in self.containers.items():
            share = REST_SHARE
            while share >= REST_SHARE and time.monotonic() < end:
                before, at = machine.usage().cpu_seconds, time.monotonic()
                time.sleep(REST_LOOK)
                share = (machine.usage().cpu_seconds - before) / (time.monotonic() - at)
            usage = machine.usage()
            how = f"{share:.0%} of a processor" + (", still busy" if share >= REST_SHARE else "")
            files = f"{usage.cached / MIB:.0f} MiB of files in memory"
            self.say(
                f"{name}: {usage.processes / MIB:.0f} MiB in processes, {files}, {how}, {usage.cpu_seconds:.0f} CPU s so far"
            )
