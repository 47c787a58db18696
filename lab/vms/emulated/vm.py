"""Virtual machines of the lab: QEMU processes with disks, cards, a serial log and a power cut."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path

from lab.ground.process import LabError, cpu_seconds, run, started_at, tail, wait_until
from lab.ground.wires.net import Net
from lab.vms.emulated import qemu, qmp
from lab.vms.emulated.hardware import Hardware


class VirtualMachine(Hardware):
    """Hardware with a power button. Fulfils lab.ground.machine.Machine."""

    @property
    def pid(self) -> int | None:
        """Process id of its QEMU, None when the power is off."""
        pidfile = self.path / "qemu.pid"
        try:
            pid = int(pidfile.read_text())
            argv = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
        except (OSError, ValueError):
            return None
        return pid if str(pidfile).encode() in argv and started_at(pid) else None

    def running(self) -> bool:
        """Whether the power is on."""
        return self.pid is not None

    def start(self, boot_first: str | None = None) -> None:
        """Power on; nothing happens when it is on. `boot_first` ('pxe' or 'disk') is kept for later."""
        with self._lock():
            if boot_first:
                self.boot_device(boot_first)
            if not self.running():
                self._launch()

    def stop(self, deadline: float = 5.0) -> None:
        """Power off at once, without asking the operating system."""
        with self._lock():
            self._end(signal.SIGTERM, deadline)

    def kill(self) -> None:
        """Power cut: SIGKILL to QEMU."""
        with self._lock():
            self._end(signal.SIGKILL, 10.0)

    def reset(self) -> None:
        """Press the reset button. Raises LabError when the power is off."""
        self._qmp("system_reset")

    def soft_off(self) -> None:
        """Press the power button: the operating system is asked to shut down."""
        self._qmp("system_powerdown")

    def _qmp(self, command: str) -> None:
        if not self.running():
            raise LabError(f"{self.name} is switched off; start it first")
        qmp.execute(self.path / "qmp.sock", command)

    def boot_device(self, device: str | None = None) -> str:
        """Set, when given, and return what it boots first: 'pxe' or 'disk'."""
        note = self.path / "boot"
        if device is not None:
            if device not in ("pxe", "disk"):
                raise LabError(f"{self.name} cannot boot {device!r} first; it can: pxe, disk")
            note.write_text(device)
        return note.read_text() if note.exists() else "pxe"

    def cpu_seconds(self) -> float:
        """CPU seconds that emulating this machine took, over all its starts. Every call is kept as a
        sample, so of a machine that switched itself off only the time since the last call is missing."""
        note, pid = self.path / "cpu.json", self.pid
        samples: dict[str, float] = json.loads(note.read_text()) if note.exists() else {}
        if pid:
            samples[f"{pid}:{started_at(pid)}"] = cpu_seconds(pid)
            # Beside and renamed: the BMC's process may read it at the same time.
            beside = note.with_suffix(f".{os.getpid()}")
            beside.write_text(json.dumps(samples))
            beside.replace(note)
        return sum(samples.values())

    def wait_off(self, deadline: float) -> None:
        """Wait until the power is off. Raises TimeoutError with the end of the serial log."""
        wait_until(f"{self.name} to be off", lambda: not self.running(), deadline, self.serial_log)

    @contextlib.contextmanager
    def _lock(self) -> Iterator[None]:
        """The BMC's process and the lab's may both switch; one at a time."""
        with (self.path / "lock").open("w") as handle:
            fcntl.flock(handle, fcntl.LOCK_EX)
            yield

    def _end(self, signal_number: int, deadline: float) -> None:
        pid = self.pid
        if pid is None:
            return
        self.cpu_seconds()
        stamp = started_at(pid)
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal_number)
        try:
            wait_until(f"{self.name} to be off", lambda: started_at(pid) != stamp, deadline, every=0.02)
        except TimeoutError:
            os.kill(pid, signal.SIGKILL)
            wait_until(f"{self.name} to be off", lambda: started_at(pid) != stamp, 10)
        (self.path / "qemu.pid").unlink(missing_ok=True)

    def _launch(self) -> None:
        net = Net(self.lab)
        for disk in self.disks:
            if not disk.path.exists():
                with disk.path.open("wb") as image:
                    image.truncate(disk.bytes)
        for number, card in enumerate(self.cards, 1):
            net.tap(self.cable(number), card.port)
        first = self.boot_device()
        with (self.path / "power.log").open("a") as log:
            log.write(f"{time.time():.3f} on, {first} first\n")
        (self.path / "qmp.sock").unlink(missing_ok=True)
        try:
            run(net.command(qemu.command(self, first)))
        except LabError as error:
            raise LabError(f"{self.name} does not start: {error}") from None
        wait_until(f"{self.name} to be on", self.running, 10, self.serial_log)

    def log_tail(self, lines: int = 15) -> str:
        """The end of the serial log."""
        return tail(self.serial_log, lines)
