"""The management controller of one virtual machine: `python3 -m lab.bmc`, driven by real ipmitool.

One process for each machine, so that one that is slow or killed leaves the others alone.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from pathlib import Path
from typing import Any, Protocol

from pyghmi.ipmi.bmc import Bmc  # type: ignore[import-untyped]
from pyghmi.ipmi.private.session import Session  # type: ignore[import-untyped]

from lab.process import LabError
from lab.vm import Machine

OFF = 0xD5  # "not possible in the present state"
FAILED = 0xFF
_DEVICES = {"network": "pxe", "hd": "disk", "default": "pxe"}


class Switchable(Protocol):
    """What a controller needs of its machine."""

    @property
    def name(self) -> str: ...
    def running(self) -> bool: ...
    def start(self, boot_first: str | None = None) -> None: ...
    def stop(self) -> None: ...
    def reset(self) -> None: ...
    def soft_off(self) -> None: ...
    def boot_device(self, device: str | None = None) -> str: ...


class Controller(Bmc):  # type: ignore[misc]
    """An IPMI 2.0 controller with the chassis commands that OCI uses."""

    def __init__(self, machine: Switchable, users: dict[str, str], address: str, port: int = 623) -> None:
        super().__init__(users, port=port, address=address)
        self.machine = machine

    def get_power_state(self) -> str:
        """'on' or 'off'."""
        return "on" if self.machine.running() else "off"

    def power_on(self) -> int:
        """Switch on; a machine that is on stays as it is."""
        return self._do("on", self.machine.start)

    def power_off(self) -> int:
        """Switch off at once."""
        return self._do("off", self.machine.stop)

    def power_cycle(self) -> int:
        """Off and on; refused when it is off, as by real controllers."""
        if not self.machine.running():
            return OFF
        return self._do("cycle: off", self.machine.stop) or self._do("cycle: on", self.machine.start)

    def power_reset(self) -> int:
        """The reset button; refused when it is off."""
        return self._do("reset", self.machine.reset) if self.machine.running() else OFF

    def power_shutdown(self) -> int:
        """Ask the operating system to shut down."""
        return self._do("soft off", self.machine.soft_off) if self.machine.running() else OFF

    def get_boot_device(self) -> str:
        """What the machine boots first, in pyghmi's words."""
        return "hd" if self.machine.boot_device() == "disk" else "network"

    def set_boot_device(self, bootdevice: str) -> int:
        """Let the machine boot from the network or the disk first, from its next start on."""
        device = _DEVICES.get(bootdevice, "pxe")
        return self._do(f"boot {device} first", lambda: self.machine.boot_device(device))

    def cold_reset(self) -> int:
        """Restart of the controller itself: nothing to do."""
        return 0

    def _do(self, what: str, action: Any) -> int:
        print(f"{time.time():.3f} {self.machine.name}: {what}", flush=True)
        try:
            action()
        except (LabError, TimeoutError, OSError) as error:
            print(f"{time.time():.3f} {self.machine.name}: {what} failed: {error}", flush=True)
            return FAILED
        return 0

    def serve(self) -> None:
        """Answer for ever."""
        while True:
            Session.wait_for_rsp(10)
            forget_sessions()


def forget_sessions(keep: int = 64) -> None:
    """Drop the oldest clients' sessions: pyghmi keeps them all, and takes a new client that comes from
    the address and port of an old one for the old one."""
    clients = [key for key in Session.bmc_handlers if isinstance(key, tuple)]
    for key in clients[:-keep] if keep else clients:
        del Session.bmc_handlers[key]


def main(argv: list[str] | None = None) -> int:
    """Serve until killed."""
    parser = argparse.ArgumentParser(prog="lab.bmc", description=__doc__)
    parser.add_argument("--machine", type=Path, required=True, help="directory of the saved machine")
    parser.add_argument("--address", required=True, help="address to listen on")
    parser.add_argument("--port", type=int, default=623)
    parser.add_argument("--credentials", type=Path, required=True, help="private JSON file: user, password")
    options = parser.parse_args(argv)
    users = json.loads(options.credentials.read_text())
    machine = Machine.load(options.machine)
    controller = Controller(machine, users, options.address, options.port)
    print(f"{time.time():.3f} {machine.name}: listening at {options.address}:{options.port}", flush=True)
    controller.serve()
    return 0


if __name__ == "__main__":
    sys.exit(main())
