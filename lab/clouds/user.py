"""Somebody who uses a cloud of the lab: Debian's own `openstack` client, on a machine beside the cloud's."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from lab.clouds import guest
from lab.clouds.cloud import CLUSTER, PUBLIC, Cloud
from lab.containers.machine import ContainerMachine
from lab.ground.process import LabError, run
from oci.render.clients.guest import COMMAND_LINE

NAME, ADDRESS, MAC = "user", "10.77.2.100", "52:54:00:c1:00:64"
FOLDER = "root/.config/openstack"
INSIDE = "192.168.77.0/24"
BOOT_SECONDS = 900.0


class User:
    """The machine `user` of the lab of `cloud`, with the files that `ocicli cluster credentials` writes."""

    def __init__(self, cloud: Cloud) -> None:
        self.cloud = cloud
        self.machine = ContainerMachine(NAME, cloud.lab.name, MAC, "client", addresses=(("eth0", f"{ADDRESS}/21"),)).save()

    def up(self) -> User:
        """Start the machine and give it the credentials, which name the CA where it will lie."""
        given = self.cloud.ocicli("cluster", "credentials", CLUSTER)
        front = given["auth_url"].removeprefix("https://").partition("/")[0]
        # As the appliance's DNS would tell.
        self.machine.write("etc/hosts", f"127.0.0.1 localhost\n{self.cloud.front} {front}\n")
        self.machine.write(f"{FOLDER}/ca.pem", given["ca"])
        self.machine.write(f"{FOLDER}/clouds.yaml", given["clouds"].replace('"ca.pem"', f'"/{FOLDER}/ca.pem"'), 0o600)
        self.machine.start()
        self.machine.wait_up()
        return self

    def tell(self, *words: str, timeout: float = 300) -> str:
        """Run one command of the client; returns what it printed. Raises LabError."""
        return self.machine.run("openstack", "--os-cloud", CLUSTER, *words, timeout=timeout).stdout

    def openstack(self, *words: str, timeout: float = 300) -> Any:
        """Run one command that shows something; returns that. Raises LabError."""
        return json.loads(self.tell(*words, "-f", "json", timeout=timeout))

    def console(self, server: str) -> str:
        """What the guest of `server` said on its console so far."""
        return self.tell("console", "log", "show", server)

    # -- what an administrator makes once

    def settle(self) -> None:
        """An image, a flavor, and a network inside with a router to the one outside."""
        files = guest.build(self.cloud.lab.run_dir / "images", self.cloud.lab.run_dir)
        parts = {}
        for name, kind in (("kernel", "aki"), ("initrd", "ari")):
            file = self._copy(getattr(files, name))
            form = ("--disk-format", kind, "--container-format", kind)
            parts[name] = self.openstack("image", "create", f"guest-{name}", "--file", file, *form)["id"]
        self.openstack(
            *("image", "create", "guest", "--file", self._copy(files.disk), "--disk-format", "raw"),
            *("--container-format", "bare", "--property", f"kernel_id={parts['kernel']}"),
            *("--property", f"ramdisk_id={parts['initrd']}", "--property", f"os_command_line={COMMAND_LINE}"),
        )
        self.openstack("flavor", "create", "tiny", "--ram", str(guest.MEMORY_MIB), "--disk", "1", "--vcpus", "1")
        self.openstack("network", "create", "inside")
        self.openstack("subnet", "create", "inside", "--network", "inside", "--subnet-range", INSIDE)
        self.openstack("router", "create", "router", "--external-gateway", PUBLIC)
        self.tell("router", "add", "subnet", "router", "inside")
        self.openstack("security", "group", "create", "open")
        self.openstack("security", "group", "rule", "create", "open", "--protocol", "icmp")

    def _copy(self, file: Path) -> str:
        self.machine.copy(file, f"root/{file.name}")
        return f"/root/{file.name}"

    # -- a server

    def boot(self, name: str) -> dict[str, Any]:
        """A server that is active. Raises LabError."""
        made: dict[str, Any] = self.openstack(
            *("server", "create", name, "--image", "guest", "--flavor", "tiny", "--network", "inside"),
            *("--security-group", "open", "--wait"),
            timeout=BOOT_SECONDS,
        )
        return made

    def state(self, name: str) -> str:
        """What Nova says of the server `name`: ACTIVE, SHUTOFF and so on."""
        state: str = self.openstack("server", "show", name)["status"]
        return state

    def until(self, what: str, look: Callable[[], Any], deadline: float = BOOT_SECONDS) -> Any:
        """Wait until `look` gives something. Raises TimeoutError."""
        end = time.monotonic() + deadline
        while not (seen := look()):
            if time.monotonic() > end:
                raise TimeoutError(f"waited {deadline} s for {what}")
            time.sleep(3)
        return seen

    def float(self, name: str) -> str:
        """Give the server an address of outside, or tell the one that it has; returns it."""
        for one in self.openstack("floating", "ip", "list", "--long"):
            if one["Description"] == name:
                return str(one["Floating IP Address"])
        address: str = self.openstack("floating", "ip", "create", PUBLIC, "--description", name)["floating_ip_address"]
        self.tell("server", "add", "floating", "ip", name, address)
        return address

    def echoes(self, address: str) -> bool:
        """Whether `address` answers a ping from outside."""
        words = self.cloud.lab.net.command(["busybox", "ping", "-c", "1", "-W", "5", address])
        return run(words, check=False).returncode == 0

    def delete(self, name: str) -> None:
        """Delete the server, and wait until it is gone. Raises LabError when it is not."""
        self.tell("server", "delete", "--wait", name, timeout=BOOT_SECONDS)
        if any(one["Name"] == name for one in self.openstack("server", "list")):
            raise LabError(f"the server {name} is there although it was deleted")
