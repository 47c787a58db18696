"""Virtual machines of the lab: QEMU processes with a disk, a serial log and a power cut."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import signal
import time
import uuid
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

from lab import qemu, qmp
from lab.accel import TCG
from lab.net import Net
from lab.process import LabError, cpu_seconds, run, started_at, tail, wait_until


@dataclass(frozen=True)
class Machine:
    """One virtual machine. `directory` holds its disks, logs and state; all else is its hardware.

    `drives` says (GB, bytes in a sector) of each disk, and else there are `disks` of `disk_gb` GB and 512 bytes.
    `disk_bus` is virtio (serial number), scsi (serial number and wwn) or nvme. `boot_first` is pxe or
    disk. `rom` False takes iPXE's ROM off the card: UEFI then boots by its own network stack, as most
    servers do. `cpus` is 1: emulated processors that wait for each other cost a quarter more.
    `accelerator` is QEMU's argument list from lab.accel.
    """

    name: str
    lab: str
    directory: str
    mac: str
    firmware: str = "bios"
    memory_mib: int = 1024
    cpus: int = 1
    disk_gb: int = 8
    disks: int = 1
    drives: tuple[tuple[int, int], ...] = ()
    disk_bus: str = "virtio"
    serial: str = ""
    system_uuid: str = ""
    asset: str = ""
    rom: bool | None = None
    accelerator: tuple[str, ...] = TCG
    extra: tuple[str, ...] = ()

    # -- on disk

    def save(self) -> Machine:
        """Write the description from which `load` makes the same machine; creates the directory."""
        self.path.mkdir(parents=True, exist_ok=True)
        (self.path / "machine.json").write_text(json.dumps(asdict(self), indent=1))
        return self

    @classmethod
    def load(cls, directory: Path) -> Machine:
        """The machine that was saved in `directory`. Raises LabError."""
        try:
            data = json.loads((directory / "machine.json").read_text())
        except (OSError, ValueError) as error:
            raise LabError(f"{directory} holds no machine: {error}") from None
        drives = tuple((size, sector) for size, sector in data["drives"])
        return cls(**{**data, "drives": drives, "accelerator": tuple(data["accelerator"]), "extra": tuple(data["extra"])})

    @property
    def path(self) -> Path:
        """The machine's directory."""
        return Path(self.directory)

    @property
    def serial_log(self) -> Path:
        """What the machine wrote to its first serial port, over all its starts."""
        return self.path / "serial.log"

    def all_drives(self) -> tuple[tuple[int, int], ...]:
        """(GB, bytes in a sector) of each disk."""
        return self.drives or ((self.disk_gb, 512),) * self.disks

    def disk_path(self, number: int = 1) -> Path:
        """The raw, sparse image of disk `number`, counted from 1."""
        return self.path / f"disk{number}.img"

    def disk_serial(self, number: int = 1) -> str:
        """Serial number of a disk."""
        return f"{self.name[:12]}-disk{number}"

    def disk_wwn(self, number: int = 1) -> str:
        """World wide name of a disk, 64 bits, as QEMU and udev write it."""
        return f"0x5{int(self.mac.replace(':', ''), 16) & 0xFFFFFFFFFF:010x}{number:05x}"

    def identity(self) -> tuple[str, str]:
        """(serial number, system UUID) of the machine, derived from its MAC when not given."""
        made = uuid.uuid5(uuid.NAMESPACE_OID, self.mac)
        return self.serial or f"LAB{self.mac.replace(':', '')[-6:].upper()}", self.system_uuid or str(made)

    # -- power

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
        for number, (size, _sector) in enumerate(self.all_drives(), 1):
            if not self.disk_path(number).exists():
                with self.disk_path(number).open("wb") as image:
                    image.truncate(size << 30)
        argv = net.command(qemu.command(self, net.tap(self.name)))
        with (self.path / "power.log").open("a") as log:
            log.write(f"{time.time():.3f} on, {self.boot_device()} first\n")
        (self.path / "qmp.sock").unlink(missing_ok=True)
        try:
            run(argv, timeout=60)
        except LabError as error:
            raise LabError(f"{self.name} does not start: {error}") from None
        wait_until(f"{self.name} to be on", self.running, 10, self.serial_log)

    def log_tail(self, lines: int = 15) -> str:
        """The end of the serial log."""
        return tail(self.serial_log, lines)
