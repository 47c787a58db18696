"""A disk with a system of before on it, which says so on the serial port when it is started."""

from __future__ import annotations

import hashlib
from pathlib import Path

from lab.ground.cached.loaders import loaders
from lab.ground.process import run

# Each machine of the end-to-end tests has this disk where its firmware looks first, and is installed on its second disk.
# The firmware of a PC cannot boot from sectors of 4096 bytes, so there such a disk is only present.
OLDER, TARGET = 1, 2
DRIVES = {"bios": ((6, 512), (5, 512), (7, 4096)), "uefi": ((6, 512), (5, 4096))}
SAYS = "OLDER SYSTEM STARTED"
_ESP_START = 1 << 20
_ESP_BYTES = 64 << 20
# 16-bit code at 0x7c00: each byte of the text at 0x7c15 goes to the first serial port, then the processor halts.
_CODE = bytes.fromhex("31c0 8ed8 be157c ac 84c0 7406 baf803 ee ebf5 f4 ebfd")
_SCRIPT = f"#!ipxe\n:again\necho {SAYS}\nsleep 1\ngoto again\n"


def write(disk: Path, gigabytes: int) -> Path:
    """Make the disk image `disk`: it starts by BIOS and by UEFI, as a disk that was installed once does.

    The UEFI program is iPXE with a script of its own. Raises LabError.
    """
    with disk.open("wb") as image:
        image.truncate(gigabytes << 30)
    run(["sgdisk", "-o", "-n", "1:1M:+64M", "-t", "1:EF00", "-c", "1:esp", str(disk)])
    esp, script = disk.with_suffix(".esp"), disk.with_suffix(".ipxe")
    script.write_text(_SCRIPT)
    with esp.open("wb") as image:
        image.truncate(_ESP_BYTES)
    run(["mkfs.vfat", "-n", "ESP", str(esp)])
    run(["mmd", "-i", str(esp), "::/EFI", "::/EFI/BOOT"])
    run(["mcopy", "-i", str(esp), str(loaders() / "snponly.efi"), "::/EFI/BOOT/BOOTX64.EFI"])
    for place in ("::/EFI/BOOT/autoexec.ipxe", "::/autoexec.ipxe"):
        run(["mcopy", "-i", str(esp), str(script), place])
    with disk.open("r+b") as image:
        image.write(_CODE + f"\r\n{SAYS}\r\n\0".encode())
        image.seek(_ESP_START)
        image.write(esp.read_bytes())
    for beside in (esp, script):
        beside.unlink()
    return disk


def digest(disk: Path) -> str:
    """SHA-256 of all that `write` wrote, to see that it is still as it was."""
    with disk.open("rb") as image:
        return hashlib.sha256(image.read(_ESP_START + _ESP_BYTES)).hexdigest()
