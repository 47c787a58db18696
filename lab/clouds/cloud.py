"""A cloud of container machines: declared by one document, adopted, and converged by the real Puppet server.

`python3 -m lab.clouds.cloud` makes one controller and one compute; `--stop` takes it away.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from lab.containers.layers import layers, plugins
from lab.containers.machine import ContainerMachine
from lab.containers.puppetroot import build
from lab.ground.appliance import Appliance
from lab.ground.cached.mirror import cache_dir
from lab.ground.checkout import CHECKOUT
from lab.ground.process import LabError
from lab.ground.site import Lab
from lab.vms.story import Story

CONVERGE_SECONDS = 3600
MODULES = "usr/share/puppet/modules"


@dataclass(frozen=True)
class Member:
    """One machine of the cloud: its host name, its role, the layer that it consists of, its MAC and address."""

    name: str
    role: str
    layer: str
    mac: str
    address: str


MEMBERS = (
    Member("controller1", "controller", "control", "52:54:00:c1:00:01", "10.77.2.11"),
    Member("compute1", "compute", "compute", "52:54:00:c1:00:02", "10.77.2.12"),
)
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
addresses:
  api: {{network: provisioning, address: 10.77.3.1}}
roles:
{roles}"""


def document(members: Sequence[Member]) -> str:
    """The declaration of the cloud of `members`, in YAML."""
    roles: dict[str, str] = {}
    for member in members:
        one = f"    - {{machine: '{member.mac}', hostname: {member.name}, addresses: {{provisioning: {member.address}}}}}\n"
        roles[member.role] = roles.get(member.role, "") + one
    return DOCUMENT.format(roles="".join(f"  {role}:\n    machines:\n{machines}" for role, machines in roles.items()))


class Cloud(Story):
    """One lab with an appliance, a Puppet server and container machines. Use `up` first and `down` last."""

    def __init__(self, name: str, members: Sequence[Member] = MEMBERS, say: Callable[[str], None] = print) -> None:
        super().__init__(name, say)
        self.members = tuple(members)
        self.containers: dict[str, ContainerMachine] = {}

    def up(self, settings: dict[str, object] | None = None, puppet: bool = True, port: int = 0) -> Cloud:
        """Start network, appliance and Puppet server, which no machine boots from: there are no images."""
        root = build(cache_dir())
        self.lab.up()
        images = self.lab.run_dir / "images"
        (images / "live").mkdir(parents=True)
        self.appliance = Appliance(self.lab.net, self.lab.run_dir, images, settings)
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
        synced = plugins(below[0], (CHECKOUT / "puppet/site", self._root / MODULES), root=self._root)
        machine = ContainerMachine(
            member.name,
            self.lab.name,
            member.mac,
            member.layer,
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

    def converged(self, member: Member, deadline: float = CONVERGE_SECONDS) -> None:
        """Wait until the machine is active, saying what it is at. Raises LabError when it failed, TimeoutError."""
        end, said = time.monotonic() + deadline, ""
        while time.monotonic() < end:
            now = self.show(member.name)
            words = f"{now['state']}: {(now.get('progress') or {}).get('title', '')} {now['reason']}".strip()
            if words != said:
                said = words
                self.say(f"{member.name}: {words}")
            if now["state"] == "active":
                return
            if now["state"] == "failed":
                raise LabError(f"{member.name} failed: {now['reason']}")
            time.sleep(2)
        raise TimeoutError(f"waited {deadline} s for {member.name} to be active: {said}")


def main(argv: Sequence[str] | None = None) -> int:
    """Make the cloud, or take it away."""
    parser = argparse.ArgumentParser(prog="lab.clouds.cloud", description=__doc__)
    parser.add_argument("--name", default="cloud")
    parser.add_argument("--stop", action="store_true", help="take it away")
    options = parser.parse_args(argv)
    if options.stop:
        Lab(options.name).down()
        return 0
    began = time.monotonic()

    def say(text: str) -> None:
        print(f"[{time.monotonic() - began:7.1f} s] {text}", flush=True)

    cloud = Cloud(options.name, say=say).up()
    cloud.declare()
    cloud.puppet_ready()
    for member in cloud.members:
        cloud.start(member)
        cloud.adopt(member)
        cloud.converged(member)
    return 0


if __name__ == "__main__":
    sys.exit(main())
