"""The lab's networks: one namespace per lab with a provisioning bridge and a BMC network.

Nothing outside the namespace gets an address or a route. Processes in it reach the rest of the
machine through UNIX sockets, because network namespaces share the file system.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Interface, IPv6Interface

from lab.process import LabError, run

BRIDGE = "br0"
BMC_BRIDGE = "bmc0"
SERVER = IPv4Interface("10.77.0.1/21")
BMC = IPv4Interface("10.78.0.254/24")
ROUTER6 = IPv6Interface("fd77::1/64")
_NAME = re.compile(r"[a-z][a-z0-9-]{0,19}")


def _interface(prefix: str, name: str) -> str:
    """An interface name of at most 15 characters that is unique for `name` within its namespace."""
    return f"{prefix}{hashlib.sha256(name.encode()).hexdigest()[:10]}"


@dataclass(frozen=True)
class Net:
    """The networks of the lab `name`; two labs with different names do not see each other."""

    name: str
    server: IPv4Interface = SERVER
    bmc: IPv4Interface = BMC
    router6: IPv6Interface = ROUTER6

    def __post_init__(self) -> None:
        if not _NAME.fullmatch(self.name):
            raise LabError(f"a lab cannot be called {self.name!r}; use up to 20 of a-z, 0-9 and -")

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
        self._bridge(BRIDGE, str(self.server))
        self._bridge(BMC_BRIDGE, str(self.bmc))
        # The router advertisement that spares iPXE its wait is only sent with an address in its prefix.
        run(self.command(["sysctl", "-qw", f"net.ipv6.conf.{BRIDGE}.accept_ra=0"]))
        self._ip("-6", "addr", "replace", str(self.router6), "dev", BRIDGE, "nodad")
        return self

    def _ip(self, *words: str, check: bool = True) -> str:
        return run(["ip", "-n", self.namespace, *words], check=check).stdout

    def _bridge(self, name: str, address: str) -> None:
        if run(["ip", "-n", self.namespace, "link", "show", name], check=False).returncode:
            self._ip("link", "add", name, "type", "bridge", "stp_state", "0", "forward_delay", "0")
        self._ip("addr", "replace", address, "dev", name)
        self._ip("link", "set", name, "up")

    def tap(self, machine: str, bridge: str = BRIDGE) -> str:
        """The tap interface of a virtual machine, made when it is not there; returns its name."""
        name = _interface("tap", machine)
        if run(["ip", "-n", self.namespace, "link", "show", name], check=False).returncode:
            self._ip("tuntap", "add", name, "mode", "tap")
        self._ip("link", "set", name, "master", bridge, "up")
        return name

    def bmc_address(self, address: str) -> str:
        """Give the BMC network a further address, for one management controller; returns it."""
        if IPv4Address(address) not in self.bmc.network:
            raise LabError(f"{address} is not in the BMC network {self.bmc.network}")
        self._ip("addr", "replace", f"{address}/{self.bmc.network.prefixlen}", "dev", BMC_BRIDGE)
        return address

    def link(self, machine: str, up: bool) -> None:
        """Pull (`up` False) or plug the network cable of a virtual machine."""
        self._ip("link", "set", _interface("tap", machine), "up" if up else "down")

    def peer(self, name: str, mac: str) -> str:
        """A namespace with one network card on the provisioning network, as a machine without a
        virtual machine: for many clients, and for raw packets. Returns the namespace; its card is `eth0`."""
        space, port = f"{self.namespace}.{name}", _interface("pe", name)
        run(["ip", "netns", "add", space])
        run(
            [
                "ip",
                "link",
                "add",
                "eth0",
                "address",
                mac,
                "netns",
                space,
                "type",
                "veth",
                "peer",
                "name",
                port,
                "netns",
                self.namespace,
            ]
        )
        self._ip("link", "set", port, "master", BRIDGE, "up")
        run(["ip", "-n", space, "link", "set", "lo", "up"])
        run(["ip", "-n", space, "link", "set", "eth0", "up"])
        return space

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
