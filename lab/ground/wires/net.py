"""The lab's networks: one namespace per lab with a provisioning bridge and a BMC network.

Nothing outside the namespace gets an address or a route. Processes in it reach the rest of the
machine through UNIX sockets, because network namespaces share the file system.
"""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Interface, IPv6Interface
from pathlib import Path

from lab.ground.process import LabError, run
from lab.ground.wires.switch import BRIDGE, Network, Port, Switch, interface

BMC_BRIDGE = "bmc0"
SERVER = IPv4Interface("10.77.0.1/21")
BMC = IPv4Interface("10.78.0.254/24")
ROUTER6 = IPv6Interface("fd77::1/64")
_NAME = re.compile(r"[a-z][a-z0-9-]{0,19}")


def labs_dir() -> Path:
    """Where labs lie: OCI_LABS, else /var/tmp/oci-lab. Short: a socket's path has at most 107 bytes."""
    return Path(os.environ.get("OCI_LABS", "/var/tmp/oci-lab"))


def peer_cable(name: str) -> str:
    """The switch's end of the cable to the peer `name`."""
    return interface("pe", name)


@dataclass(frozen=True)
class Net:
    """The networks of the lab `name`; two labs with different names do not see each other.

    `server` is the appliance in the provisioning network, `networks` are others.
    """

    name: str
    server: IPv4Interface = SERVER
    bmc: IPv4Interface = BMC
    router6: IPv6Interface = ROUTER6
    networks: tuple[Network, ...] = ()

    def __post_init__(self) -> None:
        if not _NAME.fullmatch(self.name):
            raise LabError(f"a lab cannot be called {self.name!r}; use up to 20 of a-z, 0-9 and -")

    @property
    def switch(self) -> Switch:
        """What connects its machines."""
        return Switch(self.namespace, self.run_dir)

    @property
    def run_dir(self) -> Path:
        """Where everything of the lab lies."""
        return labs_dir() / self.name

    @property
    def namespace(self) -> str:
        """Name of the network namespace in which the appliance lives."""
        return f"oci-{self.name}"

    @property
    def address(self) -> str:
        """The appliance's address on the provisioning network."""
        return str(self.server.ip)

    def command(self, argv: Sequence[str], namespace: str | None = None) -> list[str]:
        """`argv` as it must be started to run in the lab's namespace (or in that of a peer)."""
        return ["ip", "netns", "exec", namespace or self.namespace, *argv]

    def exists(self) -> bool:
        """Whether the namespace is there."""
        return self.namespace in namespaces()

    def up(self) -> Net:
        """Make the namespace and its bridges; what exists is left. Raises LabError."""
        if not self.exists():
            run(["ip", "netns", "add", self.namespace])
        self._ip("link", "set", "lo", "up")
        self.switch.bridge(BRIDGE, self.server)
        self.switch.bridge(BMC_BRIDGE, self.bmc)
        for network in self.networks:
            self.switch.network(network)
        # As systemd sets it on a Debian (50-default.conf): everybody may send echo requests. A new namespace has it anew.
        run(self.command(["sysctl", "-qw", "net.ipv4.ping_group_range=0 2147483647"]))
        # The router advertisement that spares iPXE its wait is only sent with an address in its prefix.
        run(self.command(["sysctl", "-qw", f"net.ipv6.conf.{BRIDGE}.accept_ra=0"]))
        self._ip("-6", "addr", "replace", str(self.router6), "dev", BRIDGE, "nodad")
        return self

    def _ip(self, *words: str, check: bool = True) -> str:
        return run(["ip", "-n", self.namespace, *words], check=check).stdout

    def tap(self, name: str, port: Port) -> str:
        """The tap interface `name` of a virtual machine's card, made and plugged in when it is not there; returns its
        name. One that is there stays as it is: a machine that is switched on does not mend its cable."""
        if not self.switch.has(name):
            self._ip("tuntap", "add", name, "mode", "tap")
            self.switch.plug(name, port)
        return name

    def bmc_address(self, address: str) -> str:
        """Give the BMC network a further address, for one management controller; returns it."""
        if IPv4Address(address) not in self.bmc.network:
            raise LabError(f"{address} is not in the BMC network {self.bmc.network}")
        self._ip("addr", "replace", f"{address}/{self.bmc.network.prefixlen}", "dev", BMC_BRIDGE)
        return address

    def peer(self, name: str, mac: str, port: Port = Port()) -> str:  # noqa: B008
        """A namespace with one network card at a port of the switch, as a machine without a virtual machine: for
        many clients, and for raw packets. Returns the namespace; its card is `eth0`, its cable `peer_cable`."""
        space = self.space(name)
        self.card(name, "eth0", mac, peer_cable(name), port)
        run(["ip", "-n", space, "link", "set", "eth0", "up"])
        return space

    def space(self, name: str) -> str:
        """Make the namespace of a machine, which has no card yet; returns its name."""
        space = f"{self.namespace}.{name}"
        run(["ip", "netns", "add", space])
        run(["ip", "-n", space, "link", "set", "lo", "up"])
        return space

    def card(self, name: str, interface: str, mac: str, cable: str, port: Port | None) -> None:
        """Put a network card into the namespace of a machine, and its `cable`, if any, into a port of the switch."""
        card = [interface, "address", mac, "netns", f"{self.namespace}.{name}"]
        run(["ip", "link", "add", *card, "type", "veth", "peer", "name", cable, "netns", self.namespace])
        if port:
            self.switch.plug(cable, port)

    def pids(self) -> list[int]:
        """Processes that run in the lab's namespaces, whoever started them."""
        found: list[int] = []
        for space in self._spaces():
            found += [int(word) for word in run(["ip", "netns", "pids", space], check=False).stdout.split()]
        return found

    def _spaces(self) -> list[str]:
        return [n for n in namespaces() if n == self.namespace or n.startswith(self.namespace + ".")]

    def unpeer(self, name: str) -> None:
        """Remove the namespace of `peer`."""
        run(["ip", "netns", "del", f"{self.namespace}.{name}"], check=False)

    def down(self) -> None:
        """Remove the lab's namespaces with all that is in them; nothing happens when there are none."""
        for space in self._spaces():
            run(["ip", "netns", "del", space])


def namespaces() -> list[str]:
    """The names of all network namespaces of this machine."""
    listed = run(["ip", "netns", "list"], check=False).stdout
    return [line.split()[0] for line in listed.splitlines() if line.strip()]
