"""The command line of QEMU for a machine of the lab."""

from __future__ import annotations

import shutil
from pathlib import Path

from lab.ground.process import LabError
from lab.vms.emulated.hardware import Hardware

FIRMWARE = {"uefi": (Path("/usr/share/OVMF/OVMF_CODE_4M.fd"), Path("/usr/share/OVMF/OVMF_VARS_4M.fd"))}
DISKS = {
    "virtio": "virtio-blk-pci,drive={id},serial={serial},bootindex={index}",
    "scsi": "scsi-hd,drive={id},serial={serial},wwn={wwn},bootindex={index}",
    "nvme": "nvme,drive={id},serial={serial},bootindex={index}",
}


def command(machine: Hardware, first: str) -> list[str]:
    """QEMU's argument list for `machine`, which boots `first` ('pxe' or 'disk'). Raises LabError for impossible hardware."""
    serial, system = machine.identity()
    card, disk = (1, 2) if first == "pxe" else (99, 1)
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
        *_cards(machine, card),
        *_storage(machine, disk),
        *machine.extra,
        "-daemonize",
    ]


def _flash(machine: Hardware) -> list[str]:
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


def _cards(machine: Hardware, index: int) -> list[str]:
    """All cards; the firmware boots by the first alone, so only that one has a place in its order and a ROM."""
    words = []
    for number, card in enumerate(machine.cards):
        rom = number == 0 and (machine.rom if machine.rom is not None else machine.firmware == "bios")
        boot = f",bootindex={index}" if number == 0 else ""
        device = f"virtio-net-pci,netdev=net{number},mac={card.mac}{boot}" + ("" if rom else ",romfile=")
        tap = f"tap,id=net{number},ifname={machine.cable(number + 1)},script=no,downscript=no"
        words += ["-netdev", tap, "-device", device]
    return words


def _storage(machine: Hardware, index: int) -> list[str]:
    if machine.disk_bus not in DISKS:
        raise LabError(f"{machine.name} cannot have disks on {machine.disk_bus!r}; it can: {', '.join(DISKS)}")
    words = ["-device", "virtio-scsi-pci,id=scsi0"] if machine.disk_bus == "scsi" else []
    for number, disk in enumerate(machine.disks, 1):
        # cache=unsafe: what the guest has written survives its power cut in the host's memory.
        image = f"file={disk.path},format=raw,cache=unsafe,discard=unmap"
        device = DISKS[machine.disk_bus].format(
            id=f"disk{number}", serial=disk.serial, wwn=disk.wwn, index=index + number - 1
        )
        sectors = "" if disk.sector == 512 else f",logical_block_size={disk.sector},physical_block_size={disk.sector}"
        words += ["-drive", f"if=none,id=disk{number},{image}", "-device", device + sectors]
    return words
