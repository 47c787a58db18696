"""Echo requests without privileges: the kernel makes the identifier, and checks who answers.

Source: ICMP (RFC 792), "Echo or Echo Reply Message"; icmp(7), "ping_group_range".
"""

from __future__ import annotations

import os
import socket
import struct
import time

from oci.ports import OutsideError

ECHO_REQUEST, ECHO_REPLY = 8, 0


def answers(address: str, seconds: float = 2.0, times: int = 3) -> bool:
    """Whether `address` (IPv4) answers one of `times` echo requests, each within `seconds`. Raises OutsideError."""
    try:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM, socket.IPPROTO_ICMP) as wire:
            return any(_asked(wire, address, number, seconds) for number in range(1, times + 1))
    except OSError as error:
        raise OutsideError(
            f"{address} cannot be asked from here",
            error.strerror or str(error),
            "Give the appliance a route to it, or let its worker send echo requests (net.ipv4.ping_group_range)",
        ) from None


def _asked(wire: socket.socket, address: str, number: int, seconds: float) -> bool:
    word = os.urandom(16)
    # The kernel fills in checksum and identifier.
    wire.sendto(struct.pack("!BBHHH", ECHO_REQUEST, 0, 0, 0, number) + word, (address, 0))
    until = time.monotonic() + seconds
    while (left := until - time.monotonic()) > 0:
        wire.settimeout(left)
        try:
            answer, (source, _port) = wire.recvfrom(1024)
        except TimeoutError:
            return False
        if source == address and answer[:1] == bytes([ECHO_REPLY]) and answer[8:] == word:
            return True
    return False
