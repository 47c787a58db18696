"""The lab's time server: `python3 -m lab.ground.timeserver --address A` answers NTP with this host's clock.

Source of the packet: RFC 5905, section 7.3. A client is answered statelessly, as if this were stratum 3.
"""

from __future__ import annotations

import argparse
import socket
import struct
import sys
import time

PORT = 123
SINCE_1900 = 2_208_988_800  # seconds between the epochs of NTP and of UNIX
CLIENT, SERVER = 3, 4
_FORM = struct.Struct("!BBbbII4sQQQQ")


def timestamp(seconds: float) -> int:
    """Seconds since the epoch as NTP writes them: 32 bits of seconds, 32 of a fraction."""
    return int((seconds + SINCE_1900) * (1 << 32)) & ((1 << 64) - 1)


def answer(question: bytes, received: float, sent: float) -> bytes | None:
    """The answer to one packet; None for what is no question of a client. Times are seconds since the epoch."""
    if len(question) < _FORM.size or question[0] & 7 != CLIENT:
        return None
    version, poll = question[0] >> 3 & 7, question[2] - (256 if question[2] > 127 else 0)
    asked = int.from_bytes(question[40:48])
    return _FORM.pack(
        version << 3 | SERVER,
        3,
        poll,
        -20,
        0,
        66,
        b"\x7f\x7f\x01\x01",
        timestamp(received - 1),
        asked,
        timestamp(received),
        timestamp(sent),
    )


def main() -> int:
    """Serve until killed."""
    parser = argparse.ArgumentParser(prog="lab.ground.timeserver", description=__doc__)
    parser.add_argument("--address", required=True)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as door:
        door.bind((parser.parse_args().address, PORT))
        while True:
            question, asker = door.recvfrom(1024)
            said = answer(question, time.time(), time.time())
            if said:
                door.sendto(said, asker)


if __name__ == "__main__":
    sys.exit(main())
