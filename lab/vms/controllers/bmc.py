"""The management controller of one virtual machine: `python3 -m lab.vms.controllers.bmc`, driven by real ipmitool.

One process for each machine, so that one that is slow or killed leaves the others alone.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pyghmi.ipmi.bmc import Bmc
from pyghmi.ipmi.private.session import Session

from lab.ground.machine import Machine
from lab.ground.process import LabError
from lab.vms.controllers.bmc_session import OPERATOR, SUITES, Manners, PoliteSession
from lab.vms.emulated.vm import VirtualMachine

OFF = 0xD5  # "not possible in the present state"
FAILED = 0xFF
INVALID = 0xCC  # "invalid data field in request"
INSUFFICIENT = 0xD4  # "insufficient privilege level"
EFI_FLAG = 0x20  # IPMI 2.0, table 28-14, parameter 5, data 1, bit 5
_DEVICES = {"network": "pxe", "hd": "disk", "default": "pxe"}


@dataclass(frozen=True)
class Faults:
    """What a controller does badly. It takes a power order and follows it `late` seconds later, or never (`deaf`).

    `bootdev` is 'any', 'legacy' (no EFI flag is taken) or 'none'.
    """

    late: float = 0.0
    deaf: bool = False
    bootdev: str = "any"
    manners: Manners = field(default_factory=Manners)


class Controller(Bmc):  # type: ignore[misc]
    """An IPMI 2.0 controller with the chassis commands that OCI uses."""

    def __init__(
        self, machine: Machine, users: dict[str, str], address: str, port: int = 623, faults: Faults | None = None
    ) -> None:
        super().__init__(users, port=port, address=address)
        self.machine, self.faults = machine, faults or Faults()
        self.efi = False  # whether the boot device was named for UEFI
        self._later: list[tuple[float, Callable[[], object]]] = []

    @property
    def manners(self) -> Manners:
        """What its sessions refuse."""
        return self.faults.manners

    def sessionless_data(self, data: bytes, sockaddr: Any) -> None:
        """Begin a session of ours; the rest is pyghmi's."""
        if len(data) >= 22 and data[4] == 6 and data[5] == 16:
            PoliteSession(self.authdata, self.kg, sockaddr, self.serversocket, data[16:], self.uuid, bmc=self)
            return
        super().sessionless_data(data, sockaddr)

    def handle_raw_request(self, request: dict[str, Any], session: Any) -> None:
        """Chassis commands that change something need OPERATOR, or more where the controller wants more."""
        control = request["netfn"] == 0 and request["command"] in (2, 8)
        if control and self.manners.refused_at == "verb" and self.manners.level < OPERATOR:
            session.send_ipmi_response(code=INSUFFICIENT)
            return
        super().handle_raw_request(request, session)

    def set_system_boot_options(self, request: dict[str, Any], session: Any) -> None:
        """Parameter 5 names the boot device, for UEFI or for the legacy boot."""
        data = request["data"]
        if data[0] & 0x7F == 5:
            efi = bool(data[1] & EFI_FLAG)
            if self.faults.bootdev == "none" or (efi and self.faults.bootdev == "legacy"):
                session.send_ipmi_response(code=INVALID)
                return
            self.efi = efi
            self._say(f"boots {'for UEFI' if efi else 'as legacy'}")
        super().set_system_boot_options(request, session)

    def get_power_state(self) -> str:
        """'on' or 'off'."""
        self._do_what_is_due()
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
        self._say(what)
        if self.faults.deaf and not what.startswith("boot"):
            return 0
        if self.faults.late and not what.startswith("boot"):
            self._later.append((time.monotonic() + self.faults.late, action))
            return 0
        try:
            action()
        except (LabError, TimeoutError, OSError) as error:
            print(f"{time.time():.3f} {self.machine.name}: {what} failed: {error}", flush=True)
            return FAILED
        return 0

    def _say(self, what: str) -> None:
        print(f"{time.time():.3f} {self.machine.name}: {what}", flush=True)

    def _do_what_is_due(self) -> None:
        while self._later and self._later[0][0] <= time.monotonic():
            self._later.pop(0)[1]()

    def serve(self) -> None:
        """Answer for ever."""
        while True:
            Session.wait_for_rsp(0.1 if self._later else 10)
            self._do_what_is_due()
            forget_sessions()


def forget_sessions(keep: int = 64) -> None:
    """Drop the oldest clients' sessions: pyghmi keeps them all, and takes a new client that comes from
    the address and port of an old one for the old one."""
    clients = [key for key in Session.bmc_handlers if isinstance(key, tuple)]
    for key in clients[:-keep] if keep else clients:
        del Session.bmc_handlers[key]


def main(argv: list[str] | None = None) -> int:
    """Serve until killed."""
    parser = argparse.ArgumentParser(prog="lab.vms.controllers.bmc", description=__doc__)
    parser.add_argument("--machine", type=Path, required=True, help="directory of the saved machine")
    parser.add_argument("--address", required=True, help="address to listen on")
    parser.add_argument("--port", type=int, default=623)
    parser.add_argument("--credentials", type=Path, required=True, help="private JSON file: user, password")
    parser.add_argument("--late", type=float, default=0.0, help="seconds until a power order is followed")
    parser.add_argument("--deaf", action="store_true", help="take power orders and do nothing")
    parser.add_argument("--bootdev", choices=("any", "legacy", "none"), default="any", help="boot devices that are taken")
    parser.add_argument("--suite", type=int, choices=sorted(SUITES), default=3, help="the one cipher suite that it speaks")
    parser.add_argument("--operator", action="store_true", help="its users are no ADMINISTRATOR")
    options = parser.parse_args(argv)
    users = json.loads(options.credentials.read_text())
    machine = VirtualMachine.load(options.machine)
    manners = Manners((options.suite,), OPERATOR if options.operator else Manners.level)
    faults = Faults(options.late, options.deaf, options.bootdev, manners)
    controller = Controller(machine, users, options.address, options.port, faults)
    print(f"{time.time():.3f} {machine.name}: listening at {options.address}:{options.port}", flush=True)
    controller.serve()
    return 0


if __name__ == "__main__":
    sys.exit(main())
