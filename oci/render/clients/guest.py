"""The guest of a check: the initrd of the live image, in which another program is started."""

from __future__ import annotations

import base64
from collections.abc import Iterable

from oci.render.machine.boot import newc

COMMAND_LINE = "console=ttyS0 quiet panic=20"
DISK_BYTES = 1 << 20
"""An empty disk: what is booted comes from memory, and Nova wants a disk for every server."""


def ramdisk(initrd: bytes, init: bytes) -> bytes:
    """The initrd with `init` in the place of its own: of two archives, the kernel unpacks the second over the first.

    Source: Linux, Documentation/driver-api/early-userspace/buffer-format.rst.
    """
    return initrd + b"\0" * (-len(initrd) % 4) + newc([("init", 0o100755, init)])


def user_data(addresses: Iterable[str]) -> str:
    """What the guest is told by metadata, in Base64 as Nova takes it: whom it shall reach, beside its gateway."""
    return base64.b64encode(" ".join((*addresses, "\n")).encode()).decode()
