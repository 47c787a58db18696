"""The guest of a user of the lab's cloud: the kernel and initrd of the live image, in which another program starts."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from oci.render.machine.boot import newc

INIT = Path(__file__).with_name("guest-init")
COMMAND_LINE = "console=ttyS0 quiet mitigations=off no_timer_check"
MEMORY_MIB = 256
DISK_BYTES = 1 << 20
"""Nova wants a disk for every server; this one is empty."""
_LINE = re.compile(r"GUEST (up|lease|instance|has no metadata)(?: ([0-9a-f.-]+))?")


@dataclass(frozen=True)
class Files:
    """What is given to Glance."""

    kernel: Path
    initrd: Path
    disk: Path


def build(images: Path, directory: Path) -> Files:
    """The files of the guest in `directory`, made of what lies in live/ of `images`. Of two archives of an initrd the kernel
    unpacks the second over the first (Linux, Documentation/driver-api/early-userspace/buffer-format.rst)."""
    live = images / "live"
    first = (live / "initrd.img").read_bytes()
    files = Files(directory / "guest-kernel", directory / "guest-initrd", directory / "guest-disk")
    files.kernel.write_bytes((live / "vmlinuz").read_bytes())
    files.initrd.write_bytes(first + b"\0" * (-len(first) % 4) + newc([("init", 0o100755, INIT.read_bytes())]))
    files.disk.write_bytes(bytes(DISK_BYTES))
    return files


def said(console: str) -> dict[str, str]:
    """What a guest said on its console: by word the last that came with it."""
    return dict(_LINE.findall(console))
