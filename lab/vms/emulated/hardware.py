"""What a virtual machine of the lab is made of, as it is written down in its directory."""

from __future__ import annotations

import json
import uuid
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Self

from lab.ground.machine import Card, Disk
from lab.ground.process import LabError
from lab.ground.wires.switch import Port, interface
from lab.vms.emulated.accel import TCG


@dataclass(frozen=True)
class Hardware:
    """One virtual machine, switched off. `directory` holds its disks, logs and state; all else is its hardware.

    `mac` is its first card's, at a `port` of the switch; `more_cards` are others, by which it does not boot.
    `drives` says (GB, bytes in a sector) of each disk, and else there is one of `disk_gb` GB and 512 bytes.
    `disk_bus` is virtio (serial number), scsi (serial number and wwn) or nvme. `rom` False takes iPXE's ROM off the
    card: UEFI then boots by its own network stack, as most servers do. `cpus` is 1: emulated processors that wait for
    each other cost a quarter more. `accelerator` is QEMU's argument list from lab.vms.emulated.accel.
    """

    name: str
    lab: str
    directory: str
    mac: str
    firmware: str = "bios"
    memory_mib: int = 1024
    cpus: int = 1
    disk_gb: int = 8
    drives: tuple[tuple[int, int], ...] = ()
    disk_bus: str = "virtio"
    serial: str = ""
    system_uuid: str = ""
    asset: str = ""
    rom: bool | None = None
    port: Port = Port()  # noqa: RUF009
    more_cards: tuple[Card, ...] = ()
    accelerator: tuple[str, ...] = TCG
    extra: tuple[str, ...] = ()

    def save(self) -> Self:
        """Write the description from which `load` makes the same machine; creates the directory."""
        self.path.mkdir(parents=True, exist_ok=True)
        (self.path / "machine.json").write_text(json.dumps(asdict(self), indent=1))
        return self

    @classmethod
    def load(cls, directory: Path) -> Self:
        """The machine that was saved in `directory`. Raises LabError."""
        try:
            data = json.loads((directory / "machine.json").read_text())
            data["drives"] = tuple((size, sector) for size, sector in data["drives"])
            data["port"] = _port(data["port"])
            data["more_cards"] = tuple(Card(card["mac"], _port(card["port"])) for card in data["more_cards"])
            return cls(**{**data, "accelerator": tuple(data["accelerator"]), "extra": tuple(data["extra"])})
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise LabError(f"{directory} holds no machine of this version: {error!r}") from None

    @property
    def path(self) -> Path:
        """The machine's directory."""
        return Path(self.directory)

    @property
    def serial_log(self) -> Path:
        """What the machine wrote to its first serial port, over all its starts."""
        return self.path / "serial.log"

    @property
    def cards(self) -> tuple[Card, ...]:
        """Its network cards; it boots by the first."""
        return (Card(self.mac, self.port), *self.more_cards)

    def cable(self, number: int = 1) -> str:
        """The switch's end of the cable of card `number`, counted from 1."""
        return interface("tap", self.name if number == 1 else f"{self.name}.{number}")

    @property
    def disks(self) -> tuple[Disk, ...]:
        """Its disks, in the order in which its firmware tries them."""
        drives = self.drives or ((self.disk_gb, 512),)
        return tuple(
            Disk(self.disk_path(number), size << 30, f"{self.name[:12]}-disk{number}", self._wwn(number), sector)
            for number, (size, sector) in enumerate(drives, 1)
        )

    def disk_path(self, number: int = 1) -> Path:
        """The raw, sparse image of disk `number`, counted from 1."""
        return self.path / f"disk{number}.img"

    def _wwn(self, number: int) -> str:
        """World wide name of a disk, 64 bits, as QEMU and udev write it."""
        return f"0x5{int(self.mac.replace(':', ''), 16) & 0xFFFFFFFFFF:010x}{number:05x}"

    def identity(self) -> tuple[str, str]:
        """(serial number, system UUID) of the machine, derived from its MAC when not given."""
        derived = uuid.uuid5(uuid.NAMESPACE_OID, self.mac)
        return self.serial or f"LAB{self.mac.replace(':', '')[-6:].upper()}", self.system_uuid or str(derived)


def _port(data: dict[str, object]) -> Port:
    tagged = data["tagged"]
    assert isinstance(tagged, list)
    return Port(int(str(data["native"])), tuple(tagged))
