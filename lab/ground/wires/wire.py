"""A port of the lab's switch as a program: it takes tags off and puts them on, loses frames and delays them.

`python3 -m lab.ground.wires.wire INTERFACE SPEC`, where SPEC is JSON: `native` VLAN, `ends` {VLAN: tap}, `loss`, `delay`.
It joins the INTERFACE, to which the card's cable leads, with one tap for each VLAN; each tap is a port of a bridge.
Tags are those of IEEE 802.1Q: 0x8100 and the number of the VLAN after the two addresses of a frame.
"""

from __future__ import annotations

import contextlib
import fcntl
import heapq
import itertools
import json
import os
import random
import select
import socket
import struct
import sys
import time
from collections.abc import Mapping
from typing import Any

TAG = 0x8100
_ADDRESSES, _LONGEST = 12, 1 << 17
# Before each frame the kernel puts a virtio_net_hdr: a checksum that is not computed yet stays so on its way.
_HEADER = 10
# linux/if_ether.h, if_tun.h and if_packet.h; the last is struct tpacket_auxdata.
_SOL_PACKET, _ETH_P_ALL = 263, 0x0003
_TUNSETIFF, _IFF_TAP, _IFF_NO_PI, _IFF_VNET_HDR = 0x400454CA, 0x0002, 0x1000, 0x4000
_PACKET_AUXDATA, _PACKET_VNET_HDR, _TAG_VALID = 8, 15, 1 << 4
_AUXDATA = struct.Struct("=IIIHHHH")


def tagged(frame: bytes, vlan: int) -> bytes:
    """The frame with the tag of `vlan`."""
    return frame[:_ADDRESSES] + struct.pack("!HH", TAG, vlan) + frame[_ADDRESSES:]


class Late:
    """Frames on their way: `loss` is the share that never arrives, `delay` how long, in s, the others take."""

    def __init__(self, loss: float, delay: float, chance: random.Random | None = None) -> None:
        self.loss, self.delay, self.chance = loss, delay, chance or random.Random()
        self._order = itertools.count()
        self._frames: list[tuple[float, int, int, bytes]] = []

    def put(self, now: float, vlan: int, frame: bytes) -> None:
        """Send off a frame, to the card when `vlan` is 0."""
        if self.chance.random() >= self.loss:
            heapq.heappush(self._frames, (now + self.delay, next(self._order), vlan, frame))

    def due(self, now: float) -> list[tuple[int, bytes]]:
        """What has arrived by `now`, oldest first."""
        arrived = []
        while self._frames and self._frames[0][0] <= now:
            _at, _order, vlan, frame = heapq.heappop(self._frames)
            arrived.append((vlan, frame))
        return arrived

    def wait(self, now: float) -> float | None:
        """Seconds until the next frame arrives; None when none is on its way."""
        return max(0.0, self._frames[0][0] - now) if self._frames else None


def tap(name: str) -> int:
    """A new tap, as the descriptor that holds it. Raises OSError."""
    handle = os.open("/dev/net/tun", os.O_RDWR | os.O_CLOEXEC | os.O_NONBLOCK)
    flags = _IFF_TAP | _IFF_NO_PI | _IFF_VNET_HDR
    fcntl.ioctl(handle, _TUNSETIFF, struct.pack("16sH22x", name.encode(), flags))
    return handle


def card(interface: str) -> socket.socket:
    """All frames that come from the card behind `interface`, and the way to it. Raises OSError."""
    link = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(_ETH_P_ALL))
    link.setsockopt(_SOL_PACKET, _PACKET_AUXDATA, 1)
    link.setsockopt(_SOL_PACKET, _PACKET_VNET_HDR, 1)
    link.bind((interface, _ETH_P_ALL))
    link.setblocking(False)
    return link


def received(link: socket.socket) -> tuple[int, bytes] | None:
    """(VLAN, header and frame) of what comes from the card; VLAN 0 without a tag. None for what goes to it.

    The kernel takes a tag off before it shows a frame, and tells it beside the frame.
    """
    data, notes, _flags, sender = link.recvmsg(_LONGEST, socket.CMSG_SPACE(_AUXDATA.size))
    if sender[2] == socket.PACKET_OUTGOING:
        return None
    for level, kind, note in notes:
        if (level, kind) == (_SOL_PACKET, _PACKET_AUXDATA):
            status, _length, _caught, _mac, _net, tag, _protocol = _AUXDATA.unpack(note)
            if status & _TAG_VALID:
                return tag & 0x0FFF, data
    return 0, data


class Wire:
    """The card's end of a cable, and the switch's ends: descriptors of taps, by VLAN."""

    def __init__(self, link: socket.socket, native: int, ends: Mapping[int, int], late: Late) -> None:
        self.link, self.native, self.ends, self.late = link, native, ends, late

    def serve(self) -> None:
        """Carry frames for ever. A cable that is pulled is an error at either end, until it is put in again."""
        vlans = {end: vlan for vlan, end in self.ends.items()}
        while True:
            ready, _, _ = select.select([self.link.fileno(), *vlans], [], [], self.late.wait(time.monotonic()))
            for source in ready:
                with contextlib.suppress(OSError):
                    if source in vlans:
                        self._from_switch(vlans[source], os.read(source, _LONGEST))
                    else:
                        self._from_card()
            for vlan, data in self.late.due(time.monotonic()):
                with contextlib.suppress(OSError):
                    if vlan:
                        os.write(self.ends[vlan], data)
                    else:
                        self.link.send(data)

    def _from_switch(self, vlan: int, data: bytes) -> None:
        """Nothing is left undone in such a frame, so its header is empty and a tag moves nothing that it names."""
        frame = data[_HEADER:]
        frame = frame if vlan == self.native else tagged(frame, vlan)
        self.late.put(time.monotonic(), 0, bytes(_HEADER) + frame)

    def _from_card(self) -> None:
        if frame := received(self.link):
            vlan = frame[0] or self.native
            if vlan in self.ends:
                self.late.put(time.monotonic(), vlan, frame[1])


def main(interface: str, text: str) -> None:
    """Serve until killed."""
    spec: dict[str, Any] = json.loads(text)
    ends = {int(vlan): tap(name) for vlan, name in spec["ends"].items()}
    Wire(card(interface), spec["native"], ends, Late(spec["loss"], spec["delay"])).serve()


if __name__ == "__main__":
    main(*sys.argv[1:])
