"""Which loader a network card's firmware is given: a table of client architectures.

The codes are those of DHCP option 93, "Processor Architecture Types" at IANA. RFC 4578 printed 7 and
9 the other way round and firmware of both readings exists, so both mean UEFI on x86-64.
"""

from __future__ import annotations

from dataclasses import dataclass

START_PATH = "/boot/start.ipxe"
LOADER_PATH = "/loaders"


@dataclass(frozen=True)
class ClientArch:
    """One way to boot from the network. `protocol` is tftp or http; `loader` a file of the TFTP root."""

    code: int
    title: str
    tag: str
    loader: str
    protocol: str


# snponly.efi, not ipxe.efi, for x86-64: it goes on with the driver and the card that the firmware has
# just booted from, and is 285 kB instead of 1 MB. Debian builds no snponly.efi for arm64.
# Code 15 is a 32-bit UEFI, for which Debian has no loader. Firmware that says 15 on a 64-bit processor
# boots with the 64-bit loader; a real 32-bit one refuses it and tries its next device.
ARCHITECTURES: tuple[ClientArch, ...] = (
    ClientArch(0, "BIOS", "bios", "undionly.kpxe", "tftp"),
    ClientArch(7, "UEFI x86-64", "efi-x64", "snponly.efi", "tftp"),
    ClientArch(9, "UEFI x86-64, numbered as RFC 4578 printed it", "efi-x64", "snponly.efi", "tftp"),
    ClientArch(11, "UEFI arm64", "efi-arm64", "ipxe-arm64.efi", "tftp"),
    ClientArch(15, "UEFI x86, HTTP boot", "http-x64", "snponly.efi", "http"),
    ClientArch(16, "UEFI x86-64, HTTP boot", "http-x64", "snponly.efi", "http"),
    ClientArch(19, "UEFI arm64, HTTP boot", "http-arm64", "ipxe-arm64.efi", "http"),
)


def boot_file(arch: ClientArch, http_url: str) -> str:
    """The boot file name for `arch` in a DHCP answer: a name for TFTP, a URL for HTTP boot."""
    return arch.loader if arch.protocol == "tftp" else f"{http_url}{LOADER_PATH}/{arch.loader}"


def script_url(http_url: str) -> str:
    """The boot file name for iPXE, whatever the architecture: its user class says who asks."""
    return http_url + START_PATH


def loaders() -> list[str]:
    """The files that must lie in the TFTP root, and under LOADER_PATH of the plain HTTP listener."""
    return sorted({arch.loader for arch in ARCHITECTURES})
