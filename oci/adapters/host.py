"""A look at the appliance's own host: certificates, disk, clock, boot loaders, database."""

from __future__ import annotations

import ctypes
import os
import shutil
import socket
import struct
from collections.abc import Callable
from pathlib import Path

from oci.adapters import pki
from oci.ports import OutsideError

_CERTIFICATES = ("ca", "server", "operators")
_TFTP_PORT, _TFTP_SECONDS = 69, 2.0
_RRQ, _DATA, _ERROR = 1, 3, 5  # RFC 1350
_TIME_ERROR = 5  # adjtimex(2)
_TIMEX_BYTES = 208


def ask_tftp(server: str, name: str) -> None:
    """Ask a TFTP server for `name` and take its first block (RFC 1350). Raises OutsideError."""
    what = f"the boot loader {name} was not given out by TFTP"
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asks:
        asks.settimeout(_TFTP_SECONDS)
        try:
            asks.sendto(struct.pack("!H", _RRQ) + name.encode() + b"\0octet\0", (server, _TFTP_PORT))
            answer, sender = asks.recvfrom(1024)
            asks.sendto(struct.pack("!HH", _ERROR, 0) + b"enough\0", sender)
        except OSError as error:
            raise OutsideError(
                what, f"{server} did not answer ({error})", "Start the TFTP server: `systemctl start tftpd-hpa`"
            ) from None
    code = int.from_bytes(answer[:2], "big")
    if code != _DATA or len(answer) <= 4:
        said = answer[4:].rstrip(b"\0").decode(errors="replace") if code == _ERROR else "it answered with no data"
        raise OutsideError(what, said or "it refused", "Run `oci-admin site`, which copies the loaders")


class OwnHost:
    """Fulfils oci.ports.Host. `pki_dir` has the certificates; `schema` tells the revisions of the database and of this
    program."""

    def __init__(self, state_dir: Path, pki_dir: Path, schema: Callable[[], tuple[str, str]]) -> None:
        self._state_dir, self._pki_dir, self._schema = state_dir, pki_dir, schema

    def loaders(self, server: str, names: list[str]) -> None:
        for name in names:
            ask_tftp(server, name)

    def expiries(self) -> dict[str, float]:
        found = {}
        for name in _CERTIFICATES:
            try:
                found[name] = pki.expiry(self._pki_dir / f"{name}.pem")
            except (OSError, ValueError) as error:
                raise OutsideError(f"the certificate {name} cannot be used", str(error), "Run `oci-admin apply`") from None
        return found

    def disk(self) -> tuple[int, int]:
        try:
            usage = shutil.disk_usage(self._state_dir)
        except OSError as error:
            raise OutsideError("the disk was not looked at", str(error), "Run `oci-admin init`") from None
        return usage.free, usage.total

    def clock(self) -> None:
        """See that the kernel calls its clock synchronised (adjtimex(2) with no change asked for)."""
        timex = ctypes.create_string_buffer(_TIMEX_BYTES)
        state = ctypes.CDLL(None, use_errno=True).adjtimex(timex)
        if state < 0:
            raise OutsideError(
                "the clock was not looked at", os.strerror(ctypes.get_errno()), "Look with `chronyc tracking`"
            )
        if state == _TIME_ERROR:
            raise OutsideError(
                "the clock of this appliance follows no other",
                "no time server was reached yet",
                "Look with `chronyc sources`; a file in /etc/chrony/sources.d names time servers",
            )

    def schema(self) -> tuple[str, str]:
        try:
            return self._schema()
        except Exception as error:  # whatever database it is: that it cannot be read is the answer
            raise OutsideError(
                "the database cannot be read",
                str(error).splitlines()[0][:300],
                "See that it is there and its disk is not full; README tells how to restore one",
            ) from None
