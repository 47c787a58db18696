"""A simulated machine: a loop disk, a card's address, and namespaces in which the real installer runs.

It boots as lab/simulated/shell/firmware tells. A power cut is SIGKILL to the first process of everything.
Its management controller is lab.simulated.bmc.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import json
import os
import shutil
import signal
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

from lab.ground.machine import Card, Disk
from lab.ground.process import Process, run, wait_until
from lab.ground.wires.net import Net
from lab.ground.wires.switch import Port

PARTS = Path(__file__).resolve().parent / "shell"
DISK_BYTES = 5_000_000_000  # sparse: an install writes some 100 MB of it
_DMI = """System Information
\tManufacturer: Lab
\tProduct Name: Simulated
\tSerial Number: {serial}
\tUUID: {uuid}
"""


def attach(image: Path) -> tuple[str, int]:
    """A loop device over a new sparse image, and the open descriptor that holds it.

    It is detached at once, which the kernel does when nobody has it open any more: so none is left
    behind, whatever becomes of this program.
    """
    with image.open("xb") as file:
        file.truncate(DISK_BYTES)
    device = run(["losetup", "--find", "--partscan", "--show", str(image)]).stdout.strip()
    handle = os.open(device, os.O_RDONLY | os.O_CLOEXEC)
    run(["losetup", "--detach", device])
    return device, handle


@dataclass(frozen=True)
class SimulatedMachine:
    """Fulfils lab.ground.machine.Machine. Everything of it lies below run_dir/sim/NAME."""

    name: str
    mac: str
    serial: str
    net: str
    run_dir: str
    http: str
    disk: str

    # -- on disk

    @property
    def path(self) -> Path:
        """The machine's directory."""
        return Path(self.run_dir) / "sim" / self.name

    def save(self) -> SimulatedMachine:
        """Write what the machine is made of: probes that tell its hardware, and names of its disk."""
        for part in ("probes", "hardware", "by-id", "by-path", "run", "disk"):
            (self.path / part).mkdir()
        shutil.copytree(PARTS / "bin", self.path / "bin")  # seen from inside the installed system too
        (self.path / "by-id" / f"wwn-{self.wwn}").symlink_to(self.disk)
        (self.path / "puppet-ca.pem").write_bytes((Path(self.run_dir) / "puppet-ssl/certs/ca.pem").read_bytes())
        for probe, text in self._hardware().items():
            (self.path / "hardware" / probe).write_text(text)
            (self.path / "probes" / probe).symlink_to(PARTS / "probe")
        (self.path / "machine.json").write_text(json.dumps(asdict(self)))
        return self

    @classmethod
    def load(cls, directory: Path) -> SimulatedMachine:
        """The machine that was saved in `directory`."""
        return cls(**json.loads((directory / "machine.json").read_text()))

    @property
    def cards(self) -> tuple[Card, ...]:
        """Its one card, which is no more than an address: it is in the appliance's namespace."""
        return (Card(self.mac, Port()),)

    @property
    def disks(self) -> tuple[Disk, ...]:
        """Its one disk."""
        return (Disk(Path(self.disk), DISK_BYTES, f"D{self.serial}", self.wwn),)

    @property
    def wwn(self) -> str:
        """World-wide name of its disk."""
        return f"0x5000c500{self.mac.replace(':', '')[4:]}"

    def _hardware(self) -> dict[str, str]:
        disk = {
            "name": "sda",
            "type": "disk",
            "size": DISK_BYTES,
            "wwn": self.wwn,
            "serial": f"D{self.serial}",
            "rm": False,
            "ro": False,
            "rota": False,
            "tran": "sata",
        }
        uuid = f"4c4c4544-0042-3510-8052-{self.mac.replace(':', '')}"
        return {
            "ip": json.dumps([{"ifname": "eth0", "address": self.mac, "link_type": "ether"}]),
            "lsblk": json.dumps({"blockdevices": [disk]}),
            "firmware": "bios\n",
            "dmidecode": _DMI.format(serial=self.serial, uuid=uuid),
        }

    # -- power

    @property
    def process(self) -> Process:
        """The machine as it runs: its firmware, whose group holds the namespaces' first process."""
        env = {
            "PATH": f"{self.path / 'bin'}:/usr/sbin:/usr/bin:/sbin:/bin",
            "LANG": "C.UTF-8",
            "HOME": "/root",
            "SIM": str(self.path),
            "OCI_SIMULATED": str(self.path),
            "LIB": f"{self.run_dir}/discovery",
            "MAC": self.mac,
            "SERIAL": self.serial,
            "HTTP": self.http,
            "DISK": self.disk,
        }
        return Process(f"sim-{self.name}", Net(self.net).command([str(PARTS / "firmware")]), Path(self.run_dir), env=env)

    @contextlib.contextmanager
    def _button(self) -> Iterator[None]:
        """One hand at the power button at a time: the controller's and the test's are two programs."""
        with (self.path / "button").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield

    def running(self) -> bool:
        """Whether it has power."""
        return self.process.alive()

    def start(self, boot_first: str | None = None) -> None:
        """Power on; a machine that is on stays as it is."""
        with self._button():
            self.process.start()

    def stop(self) -> None:
        """Power off without warning; everything of it is gone on return."""
        with self._button():
            self._cut()

    def kill(self) -> None:
        """A power cut, which is all that switching it off ever is."""
        self.stop()

    def reset(self) -> None:
        """Off and on again at once."""
        with self._button():
            self._cut()
            self.process.start()

    def soft_off(self) -> None:
        """The power button, pressed long: nobody listens to the short press."""
        self.stop()

    def boot_device(self, device: str | None = None) -> str:
        """The firmware always asks the network first."""
        return "pxe"

    def _cut(self) -> None:
        self.process.kill()
        wait_until(f"the processes of {self.name} to be gone", self._gone, 30, every=0.02)
        wait_until(f"the disk of {self.name} to be unmounted", self._unused, 30, every=0.02)

    def _gone(self) -> bool:
        for pid in self.pids():
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        return not self.pids()

    def _unused(self) -> bool:
        try:
            os.close(os.open(f"{self.disk}p3", os.O_RDONLY | os.O_EXCL | os.O_CLOEXEC))
        except OSError as error:
            return error.errno != errno.EBUSY
        return True

    def pids(self) -> list[int]:
        """Everything that runs of this machine, found by the mark that all of it inherits."""
        mark, found = f"OCI_SIMULATED={self.path}\0".encode(), []
        for place in Path("/proc").glob("[0-9]*"):
            with contextlib.suppress(OSError):
                if mark in (place / "environ").read_bytes():
                    found.append(int(place.name))
        return found

    # -- moments to be killed at

    def arm(self, when: str, word: str, hold: bool) -> None:
        """Mark the moment `when` ('before' or 'after') the request with `word`; the machine halts there if `hold`."""
        self.disarm()
        new = self.path / "point.new"
        new.write_text(f"{when} {'yes' if hold else 'no'} {word}\n")
        new.replace(self.path / "point")

    def disarm(self) -> None:
        """Forget the moment."""
        for name in ("point", "reached"):
            (self.path / name).unlink(missing_ok=True)

    def reached(self) -> bool:
        """Whether the moment has come."""
        return (self.path / "reached").exists()

    def wire(self) -> list[tuple[int, str]]:
        """Every answered request, oldest first: HTTP status (0: none) and what was asked."""
        try:
            lines = (self.path / "wire").read_text().splitlines()
        except FileNotFoundError:
            return []
        words = [line.split(" ", 2) for line in lines]
        return [(int(word[1]), word[2]) for word in words if len(word) == 3 and word[1].isdigit()]
