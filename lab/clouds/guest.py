"""The guest of a user of the lab's cloud: the one of the product's own proofs, as files for the client."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from lab.ground.checkout import CHECKOUT
from oci.render.clients.guest import DISK_BYTES, ramdisk

MEMORY_MIB = 256


@dataclass(frozen=True)
class Files:
    """What is given to Glance."""

    kernel: Path
    initrd: Path
    disk: Path


def build(images: Path, directory: Path) -> Files:
    """The files of the guest in `directory`, made of what lies in live/ of `images`."""
    live = images / "live"
    init = (CHECKOUT / "discovery/guest-init").read_bytes()
    files = Files(live / "vmlinuz", directory / "guest-initrd", directory / "guest-disk")
    files.initrd.write_bytes(ramdisk((live / "initrd.img").read_bytes(), init))
    files.disk.write_bytes(bytes(DISK_BYTES))
    return files
