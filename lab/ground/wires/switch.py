"""The lab's switch: a bridge for each VLAN, and a port for each card, where the cable can be pulled or made bad.

A port that belongs to one VLAN is a port of that VLAN's bridge: the kernel carries its frames. One that carries tags,
or has a fault, is served by a program of its own (lab.ground.wires.wire), for not every kernel filters VLANs on a bridge or
loses frames on purpose. docs/adr/0014 says why.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from ipaddress import IPv4Interface
from pathlib import Path

from lab.ground.checkout import environment, module
from lab.ground.process import LabError, Process, run

# The network on which machines boot; its bridge is the only one with a name of its own.
PROVISIONING = 1
BRIDGE = "br0"
HIGHEST = 4094  # IEEE 802.1Q, table 9-2


@dataclass(frozen=True)
class Network:
    """A VLAN of the lab, with the appliance's `address` in it where it has one."""

    vlan: int
    address: IPv4Interface | None = None

    def __post_init__(self) -> None:
        _vlan(self.vlan)


@dataclass(frozen=True)
class Port:
    """A port of the switch: `native` is the VLAN of frames without a tag, 0 for none, and `tagged` are the others."""

    native: int = PROVISIONING
    tagged: tuple[int, ...] = ()

    def __post_init__(self) -> None:
        for vlan in self.vlans:
            _vlan(vlan)
        if not self.vlans:
            raise LabError("a port needs a VLAN; give it a native one or some that are tagged")
        if self.native in self.tagged:
            raise LabError(f"VLAN {self.native} of a port cannot be native and tagged; choose one of both")

    @property
    def vlans(self) -> tuple[int, ...]:
        """All VLANs whose frames come to it."""
        return tuple(dict.fromkeys([*filter(None, [self.native]), *self.tagged]))


@dataclass(frozen=True)
class Fault:
    """What a bad cable does in each direction: it loses the share `loss` of all frames, and delays them by `delay` s."""

    loss: float = 0.0
    delay: float = 0.0

    def __post_init__(self) -> None:
        if not 0 <= self.loss <= 1 or self.delay < 0:
            raise LabError(
                f"no cable loses {self.loss} of its frames and delays them by {self.delay} s; use 0 to 1, and 0 s or more"
            )


def _vlan(number: int) -> None:
    if not 1 <= number <= HIGHEST:
        raise LabError(f"there is no VLAN {number}; use 1 to {HIGHEST}")


def bridge_of(vlan: int) -> str:
    """The bridge that carries a VLAN."""
    return BRIDGE if vlan == PROVISIONING else f"br{vlan}"


def interface(prefix: str, name: str) -> str:
    """An interface name of at most 15 characters that is unique for `name` within its namespace."""
    return f"{prefix}{hashlib.sha256(name.encode()).hexdigest()[:10]}"


class Switch:
    """The switch in the network namespace `namespace`; `run_dir` keeps what is recorded of its programs."""

    def __init__(self, namespace: str, run_dir: Path) -> None:
        self.namespace, self.run_dir = namespace, Path(run_dir)

    def _ip(self, *words: str) -> None:
        run(["ip", "-n", self.namespace, *words])

    def has(self, name: str) -> bool:
        """Whether the namespace has this interface."""
        return not run(["ip", "-n", self.namespace, "link", "show", name], check=False).returncode

    def bridge(self, name: str, address: IPv4Interface | None = None) -> None:
        """Make a bridge, with an address of the appliance; what exists is left."""
        if not self.has(name):
            self._ip("link", "add", name, "type", "bridge", "stp_state", "0", "forward_delay", "0")
        if address:
            self._ip("addr", "replace", str(address), "dev", name)
        self._ip("link", "set", name, "up")

    def network(self, network: Network) -> None:
        """Make a VLAN."""
        self.bridge(bridge_of(network.vlan), network.address)

    def plug(self, name: str, port: Port = Port()) -> None:
        """Connect the interface `name` to a port, by a cable without a fault."""
        self._wire(name).stop()
        for vlan in port.vlans:
            self.network(Network(vlan))
        if port.tagged:
            self._serve(name, port, Fault())
        else:
            self._ip("link", "set", name, "master", bridge_of(port.native), "up")

    def unplug(self, name: str) -> None:
        """Take the interface `name` away with its cable; that it is not there is no error."""
        self._wire(name).stop()
        run(["ip", "-n", self.namespace, "link", "delete", name], check=False)

    def spoil(self, name: str, port: Port, fault: Fault) -> None:
        """Make the cable between the interface `name` and its `port` bad; `plug` mends it."""
        self._wire(name).stop()
        self._serve(name, port, fault)

    def link(self, name: str, up: bool) -> None:
        """Pull (`up` False) the cable of an interface, or put it in again."""
        self._ip("link", "set", name, "up" if up else "down")

    def _wire(self, name: str, words: Sequence[str] = ()) -> Process:
        argv = ["ip", "netns", "exec", self.namespace, *module("lab.ground.wires.wire", name, *words)]
        return Process(f"wire-{name}", argv, self.run_dir, env=environment())

    def _serve(self, name: str, port: Port, fault: Fault) -> None:
        # The switch itself says nothing to the card: no address of its own, in no VLAN.
        self._ip("link", "set", name, "nomaster", "addrgenmode", "none", "up")
        ends = {str(vlan): interface("w", f"{name}.{vlan}") for vlan in port.vlans}
        process = self._wire(name, [json.dumps({"native": port.native, "ends": ends, **asdict(fault)})])
        process.start().ready("its ends", lambda: all(self.has(end) for end in ends.values()))
        for vlan, end in ends.items():
            self._ip("link", "set", end, "master", bridge_of(int(vlan)), "addrgenmode", "none", "up")
