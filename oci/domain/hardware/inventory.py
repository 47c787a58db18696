"""The records that parsing a report yields. Every field has a default: blank means not known."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, fields
from typing import Any, TypeVar

R = TypeVar("R")


@dataclass(frozen=True)
class Cpu:
    """All processors together: `cores` and `threads` are totals of the machine."""

    model: str = ""
    sockets: int = 0
    cores: int = 0
    threads: int = 0
    arch: str = ""


@dataclass(frozen=True)
class Dimm:
    """One populated memory slot; `speed` in MT/s. `volatile_bytes` is 0 for flash and persistent memory."""

    slot: str = ""
    bytes: int = 0
    volatile_bytes: int = 0
    type: str = ""
    speed: int = 0
    vendor: str = ""
    part: str = ""
    serial: str = ""


@dataclass(frozen=True)
class Neighbour:
    """The switch port at the other end of a cable, as LLDP told.

    `capabilities` are those it has switched on, such as `Bridge` or `Station`; `nearest`: it spoke to the address that no
    switch passes on, so nothing is between.
    """

    chassis: str = ""
    chassis_id: str = ""
    port: str = ""
    port_description: str = ""
    vlan: int | None = None
    management: str = ""
    description: str = ""
    capabilities: tuple[str, ...] = ()
    nearest: bool | None = None


@dataclass(frozen=True)
class Nic:
    """One network card port. `mac` is the permanent MAC, blank if the card keeps none or is no Ethernet.

    `kind`: `ethernet`, `infiniband` or `omni-path`; those two have a port `guid` instead of a MAC, and no name while no
    driver gives them one. `neighbours`: all who speak LLDP there; `neighbour` is the one its cable leads to.
    `onboard`: the firmware says that it sits on the mainboard.
    """

    name: str = ""
    mac: str = ""
    driver: str = ""
    bus: str = ""
    firmware: str = ""
    speed_mbps: int | None = None
    link: bool | None = None
    bmc_usb: bool = False
    neighbour: Neighbour | None = None
    neighbours: tuple[Neighbour, ...] = ()
    kind: str = "ethernet"
    guid: str = ""
    onboard: bool = False


@dataclass(frozen=True)
class Partition:
    """One partition found on a disk."""

    name: str = ""
    bytes: int = 0
    filesystem: str = ""
    label: str = ""
    type: str = ""


@dataclass(frozen=True)
class Disk:
    """One block device that can hold a system. `path` is its link's name in /dev/disk/by-path.

    `multipath`: another device node is the same unit. `virtual_media`: lent by the BMC. `removable`: a medium
    that can be taken out, not a bay for hot-plug. `sector_bytes`: the smallest unit of reading, 0 if not known.
    `medium`: `sd`, `emmc`, `pmem`, `unknown` or '' for an ordinary disk; `zoned`: `host-managed`, `host-aware` or ''.
    `signatures`: partition tables, file systems, LVM, md ... found anywhere on it, sorted; `unread` where nobody could look.
    """

    name: str = ""
    wwn: str = ""
    serial: str = ""
    path: str = ""
    bytes: int = 0
    model: str = ""
    vendor: str = ""
    transport: str = ""
    rotational: bool = False
    removable: bool = False
    read_only: bool = False
    virtual_media: bool = False
    multipath: bool = False
    sector_bytes: int = 0
    medium: str = ""
    zoned: str = ""
    remote: bool = False
    signatures: tuple[str, ...] = ()
    partitions: tuple[Partition, ...] = ()


@dataclass(frozen=True)
class Bmc:
    """The management controller, as seen from the machine itself."""

    present: bool = False
    address: str = ""
    mac: str = ""
    vendor: str = ""
    firmware: str = ""


@dataclass(frozen=True)
class PciDevice:
    """One PCI device: `ids` is `vendor:device`, `class_id` four hexadecimal digits."""

    slot: str = ""
    class_id: str = ""
    ids: str = ""
    description: str = ""


@dataclass(frozen=True)
class WantedFirmware:
    """A firmware file that a driver asked for in vain. `package` is Debian's; '' when none is known to hold it."""

    file: str = ""
    package: str = ""
    driver: str = ""
    devices: tuple[str, ...] = ()


@dataclass(frozen=True)
class Inventory:
    """Everything that one report says about a machine.

    `firmware` is how it booted: `bios`, `efi` or ''. `clock_skew_seconds` is positive when its clock is
    ahead of the appliance's. `disks_missing` says why `disks` may not be all of them; '' when they are.
    `problems` are sentences for a person.
    """

    vendor: str = ""
    model: str = ""
    serial: str = ""
    uuid: str = ""
    firmware: str = ""
    bios_version: str = ""
    cpu: Cpu = field(default_factory=Cpu)
    memory_bytes: int = 0
    dimms: tuple[Dimm, ...] = ()
    nics: tuple[Nic, ...] = ()
    disks: tuple[Disk, ...] = ()
    disks_missing: str = ""
    bmc: Bmc = field(default_factory=Bmc)
    missing_drivers: tuple[PciDevice, ...] = ()
    missing_firmware: tuple[WantedFirmware, ...] = ()
    boot_mac: str = ""
    clock_skew_seconds: int | None = None
    problems: tuple[str, ...] = ()
    board_serial: str = ""
    chassis_serial: str = ""

    def to_dict(self) -> dict[str, Any]:
        """The inventory as JSON-safe objects, lists, texts and numbers."""
        return _plain(self)

    @classmethod
    def from_dict(cls, stored: Mapping[str, Any]) -> Inventory:
        """The inventory that `to_dict` gave, also when an older or newer version wrote it.

        Unknown keys are dropped, missing ones take their default.
        """
        inner: dict[str, Any] = {
            "cpu": _record(Cpu, stored.get("cpu")),
            "bmc": _record(Bmc, stored.get("bmc")),
            "dimms": tuple(_record(Dimm, row) for row in _rows(stored, "dimms")),
            "nics": tuple(_nic(row) for row in _rows(stored, "nics")),
            "disks": tuple(_disk(row) for row in _rows(stored, "disks")),
            "missing_drivers": tuple(_record(PciDevice, row) for row in _rows(stored, "missing_drivers")),
            "missing_firmware": tuple(_record(WantedFirmware, row) for row in _rows(stored, "missing_firmware")),
        }
        return _record(cls, stored, **inner)


_BARE = frozenset({"str", "int", "bool", "int | None", "bool | None"})
# The fields of each record that hold more than one text, number or truth value.
_HOLDERS: dict[type[Any], tuple[str, ...]] = {
    record: tuple(f.name for f in fields(record) if f.type not in _BARE)
    for record in (Bmc, Cpu, Dimm, Disk, Inventory, Neighbour, Nic, Partition, PciDevice, WantedFirmware)
}


def _plain(record: Any) -> dict[str, Any]:
    """`dataclasses.asdict` would copy every text deeply, and most of a report is texts: a copy of the fields will do."""
    plain: dict[str, Any] = vars(record).copy()
    for name in _HOLDERS[type(record)]:
        value = plain[name]
        if isinstance(value, tuple):
            plain[name] = [item if isinstance(item, str) else _plain(item) for item in value]
        elif value is not None:
            plain[name] = _plain(value)
    return plain


def _record(cls: type[R], row: object, **inner: object) -> R:
    given = row if isinstance(row, Mapping) else {}
    names = (f.name for f in fields(cls))  # type: ignore[arg-type]
    found = {name: _frozen(given[name]) for name in names if name in given}
    return cls(**{**found, **inner})


def _frozen(value: object) -> object:
    return tuple(value) if isinstance(value, list) else value


def _rows(row: Mapping[str, Any], key: str) -> Iterator[Mapping[str, Any]]:
    found = row.get(key)
    return (item for item in found if isinstance(item, Mapping)) if isinstance(found, list) else iter(())


def _nic(row: Mapping[str, Any]) -> Nic:
    neighbour = row.get("neighbour")
    heard = tuple(_record(Neighbour, one) for one in _rows(row, "neighbours"))
    return _record(Nic, row, neighbour=_record(Neighbour, neighbour) if neighbour else None, neighbours=heard)


def _disk(row: Mapping[str, Any]) -> Disk:
    return _record(Disk, row, partitions=tuple(_record(Partition, part) for part in _rows(row, "partitions")))
