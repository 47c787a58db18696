"""A lab with virtual machines, and a management controller for each."""

from __future__ import annotations

import json
import os
from typing import Any

from lab.ground.checkout import environment, module
from lab.ground.process import Process
from lab.ground.site import Lab
from lab.vms.emulated.vm import VirtualMachine


class Rack(Lab):
    """The data centre `name` with its virtual machines. They end with it, for they run in its namespace."""

    def machine(self, name: str, **hardware: Any) -> VirtualMachine:
        """A new virtual machine, switched off. `hardware` are fields of `emulated.hardware.Hardware`, `mac` at least."""
        directory = str(self.run_dir / "vm" / name)
        return VirtualMachine(name=name, lab=self.name, directory=directory, **hardware).save()

    def machines(self) -> list[VirtualMachine]:
        """The machines that were made, by name."""
        return [VirtualMachine.load(note.parent) for note in sorted(self.run_dir.glob("vm/*/machine.json"))]

    def bmc(self, machine: VirtualMachine, address: str, user: str, password: str) -> Process:
        """The running management controller of `machine`, at `address` of the BMC network; it knows this user."""
        credentials = machine.path / "bmc.json"
        with os.fdopen(os.open(credentials, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
            json.dump({user: password}, file)
        self.net.bmc_address(address)
        words = ("--machine", str(machine.path), "--address", address, "--credentials", str(credentials))
        argv = self.net.command(module("lab.vms.controllers.bmc", *words))
        process = Process(f"bmc-{machine.name}", argv, self.run_dir, env=environment()).start()
        return process.ready("its port", lambda: "listening" in process.log.read_text())
