"""What every machine of a lab is, whatever it is made of: something with a power button, cards and disks."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from lab.ground.wires.switch import Port


@dataclass(frozen=True)
class Card:
    """A network card, and the port of the switch that its cable leads to."""

    mac: str
    port: Port


@dataclass(frozen=True)
class Disk:
    """A disk: the file that holds its bytes, what it says of itself, and the bytes in a sector."""

    path: Path
    bytes: int
    serial: str
    wwn: str
    sector: int = 512


class Machine(Protocol):
    """A machine of a lab. Its power may be switched by several programs at once: one at a time is let in."""

    @property
    def name(self) -> str:
        """Its name in the lab."""

    @property
    def cards(self) -> tuple[Card, ...]:
        """Its network cards; it boots by the first."""

    @property
    def disks(self) -> tuple[Disk, ...]:
        """Its disks, in the order in which its firmware tries them."""

    def running(self) -> bool:
        """Whether the power is on."""

    def start(self, boot_first: str | None = None) -> None:
        """Power on; a machine that is on stays as it is. `boot_first` ('pxe' or 'disk') is kept for later."""

    def stop(self) -> None:
        """Power off at once, without asking the operating system."""

    def kill(self) -> None:
        """A power cut: nothing in it may do anything any more."""

    def reset(self) -> None:
        """Press the reset button. Raises LabError when the power is off and the machine cannot."""

    def soft_off(self) -> None:
        """Press the power button: the operating system is asked to shut down."""

    def boot_device(self, device: str | None = None) -> str:
        """Set, when given, and return what it boots first: 'pxe' or 'disk'. Raises LabError for another."""
