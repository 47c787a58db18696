"""What the guest of a check is made of: files of the live image and one of this program, or a disk image of the site."""

from __future__ import annotations

from pathlib import Path

from oci.ports import GuestParts, OutsideError

GIB = 1 << 30
QCOW2 = b"QFI\xfb"


class FileGuests:
    """The kernel and initrd in `live`, with the program `init` in it; or the disk image `own`, where a site names one."""

    def __init__(self, live: Path, init: Path, own: str = "") -> None:
        self._live, self._init, self._own = live, init, own

    def parts(self) -> GuestParts:
        if self._own:
            return _disk(Path(self._own))
        try:
            kernel, initrd = ((self._live / name).read_bytes() for name in ("vmlinuz", "initrd.img"))
            return GuestParts(kernel, initrd, self._init.read_bytes())
        except OSError as error:
            raise OutsideError(
                "there is nothing that a guest could boot from",
                f"{error.filename}: {error.strerror}",
                "Build the live image with `oci-admin image build live`, or name a disk image in the setting check_image",
            ) from None


def _disk(path: Path) -> GuestParts:
    """A disk image. The size of a QCOW2 one is in its header: QEMU, docs/interop/qcow2.txt, "Header"."""
    try:
        with path.open("rb") as file:
            head = file.read(32)
        size = int.from_bytes(head[24:32], "big") if head[:4] == QCOW2 else path.stat().st_size
    except OSError as error:
        raise OutsideError(
            "the guest's disk image cannot be read",
            f"{path}: {error.strerror}",
            "Name one that the user oci can read in the setting check_image, or none",
        ) from None
    return GuestParts(disk=str(path), format="qcow2" if head[:4] == QCOW2 else "raw", disk_gib=max(1, -(-size // GIB)))
