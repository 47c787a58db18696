"""The command line of QEMU for a machine of the lab."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import TYPE_CHECKING

from lab.process import LabError

if TYPE_CHECKING:
    from lab.vm import Machine

FIRMWARE = {"uefi": (Path("/usr/share/OVMF/OVMF_CODE_4M.fd"), Path("/usr/share/OVMF/OVMF_VARS_4M.fd"))}
DISKS = {
    "virtio": "virtio-blk-pci,drive={id},serial={serial},bootindex={index}",
    "scsi": "scsi-hd,drive={id},serial={serial},wwn={wwn},bootindex={index}",
    "nvme": "nvme,drive={id},serial={serial},bootindex={index}",
}


def command(machine: Machine, tap: str) -> list[str]:
    """QEMU's argument list for `machine` on the interface `tap`. Raises LabError for impossible hardware."""
    serial, system = machine.identity()
    card, disk = (1, 2) if machine.boot_device() == "pxe" else (99, 1)
    return [
        "qemu-system-x86_64",
        "-name",
        machine.name,
        "-machine",
        "q35" if machine.firmware == "uefi" else "pc",
        *machine.accelerator,
        "-smp",
        str(machine.cpus),
        "-m",
        str(machine.memory_mib),
        "-nodefaults",
        "-no-user-config",
        "-display",
        "none",
        "-rtc",
        "base=utc",
        "-device",
        "virtio-rng-pci",
        "-chardev",
        f"file,id=serial0,path={machine.serial_log},append=on",
        "-serial",
        "chardev:serial0",
        "-qmp",
        f"unix:{machine.path}/qmp.sock,server=on,wait=off",
        "-pidfile",
        f"{machine.path}/qemu.pid",
        "-smbios",
        f"type=1,manufacturer=Lab,product=TestNode,serial={serial},uuid={system}",
        "-smbios",
        f"type=3,manufacturer=Lab,serial={serial},asset={machine.asset or machine.name}",
        *_flash(machine),
        *_card(machine, tap, card),
        *_storage(machine, disk),
        *machine.extra,
        "-daemonize",
    ]


def _flash(machine: Machine) -> list[str]:
    if machine.firmware == "bios":
        return []
    if machine.firmware not in FIRMWARE:
        raise LabError(f"{machine.name} cannot have firmware {machine.firmware!r}; it can: bios, uefi")
    code, template = FIRMWARE[machine.firmware]
    variables = machine.path / "vars.fd"
    if not variables.exists():
        shutil.copyfile(template, variables)
    return [
        "-drive",
        f"if=pflash,format=raw,unit=0,readonly=on,file={code}",
        "-drive",
        f"if=pflash,format=raw,unit=1,file={variables}",
    ]


def _card(machine: Machine, tap: str, index: int) -> list[str]:
    rom = machine.rom if machine.rom is not None else machine.firmware == "bios"
    card = f"virtio-net-pci,netdev=net0,mac={machine.mac},bootindex={index}" + ("" if rom else ",romfile=")
    return ["-netdev", f"tap,id=net0,ifname={tap},script=no,downscript=no", "-device", card]


def _storage(machine: Machine, index: int) -> list[str]:
    if machine.disk_bus not in DISKS:
        raise LabError(f"{machine.name} cannot have disks on {machine.disk_bus!r}; it can: {', '.join(DISKS)}")
    words = ["-device", "virtio-scsi-pci,id=scsi0"] if machine.disk_bus == "scsi" else []
    for number, (_size, sector) in enumerate(machine.all_drives(), 1):
        # cache=unsafe: what the guest has written survives its power cut in the host's memory.
        image = f"file={machine.disk_path(number)},format=raw,cache=unsafe,discard=unmap"
        device = DISKS[machine.disk_bus].format(
            id=f"disk{number}",
            serial=machine.disk_serial(number),
            wwn=machine.disk_wwn(number),
            index=index + number - 1,
        )
        sectors = "" if sector == 512 else f",logical_block_size={sector},physical_block_size={sector}"
        words += ["-drive", f"if=none,id=disk{number},{image}", "-device", device + sectors]
    return words
