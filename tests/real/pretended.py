"""A management controller in a process of its own, over a machine that only pretends, for real ipmitool."""

from __future__ import annotations

import contextlib
import multiprocessing
import socket
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lab.vms.controllers.bmc import Faults
from oci.ports import BmcAccess

PASSWORD = "planted-1f8c-bmc"


class Pretended:
    """A machine without hardware. `state` is shared by processes: what `FIELDS` name, in that order, as numbers.

    `ignored` is how many power orders it will take and not follow.
    """

    name = "pretended"
    FIELDS = ("is_on", "from_disk", "ignored", "resets", "orders_on", "orders_off")

    def __init__(self, state: Any) -> None:
        self.state = state

    def value(self, field: str) -> int:
        return int(self.state[self.FIELDS.index(field)])

    def put(self, field: str, value: int) -> None:
        self.state[self.FIELDS.index(field)] = value

    def running(self) -> bool:
        return bool(self.value("is_on"))

    def start(self, boot_first: str | None = None) -> None:
        self.put("orders_on", self.value("orders_on") + 1)
        self._switch(1)

    def stop(self) -> None:
        self.put("orders_off", self.value("orders_off") + 1)
        self._switch(0)

    def _switch(self, on: int) -> None:
        if ignored := self.value("ignored"):
            self.put("ignored", ignored - 1)
        else:
            self.put("is_on", on)

    def reset(self) -> None:
        self.put("resets", self.value("resets") + 1)

    def soft_off(self) -> None:
        self.stop()

    def boot_device(self, device: str | None = None) -> str:
        if device:
            self.put("from_disk", int(device == "disk"))
        return "disk" if self.value("from_disk") else "pxe"


@dataclass
class Bench:
    """A controller's process: how to reach it, and what its machine heard."""

    access: BmcAccess
    machine: Pretended
    log: Path

    @property
    def orders(self) -> tuple[int, int]:
        """How often it was switched on and off."""
        return self.machine.value("orders_on"), self.machine.value("orders_off")

    @property
    def efi(self) -> list[str]:
        """How its boot device was named, each time."""
        return [line.split(": boots ")[1] for line in self.log.read_text().splitlines() if ": boots " in line]


class Benches:
    """Starts controllers, and ends them all."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._forked = multiprocessing.get_context("spawn")
        self._processes: list[Any] = []

    def start(self, faults: Faults | None = None, on: bool = False) -> Bench:
        """A controller with these faults, whose machine is switched on or off."""
        state, ready = self._forked.Array("i", [int(on), *[0] * (len(Pretended.FIELDS) - 1)]), self._forked.Event()
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        log = self.folder / f"bmc-{port}.log"
        arguments = (state, port, ready, faults or Faults(), str(log))
        process = self._forked.Process(target=serve, args=arguments, daemon=True)
        process.start()
        self._processes.append(process)
        assert ready.wait(600), "the controller did not start within 600 s"
        return Bench(BmcAccess("127.0.0.1", "operator", PASSWORD, port), Pretended(state), log)

    def end(self) -> None:
        for process in self._processes:
            process.kill()
            process.join(10)
            process.close()


def serve(state: Any, port: int, ready: Any, faults: Faults, log: str) -> None:
    """What the process of a controller does, until it is killed."""
    from lab.vms.controllers.bmc import Controller

    with Path(log).open("w", buffering=1) as file, contextlib.redirect_stdout(file):
        controller = Controller(Pretended(state), {"operator": PASSWORD}, "127.0.0.1", port, faults)
        ready.set()
        controller.serve()
