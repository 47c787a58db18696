"""A DHCP client that asks as the firmware of a network card does: `python3 -m lab.vms.dhcp --arch 7 ...`.

It prints one JSON object: the offers of all servers that answered, the acknowledgement of the first
that gave an address, and, with --menu SERVER, the answer of a PXE boot server at port 4011.
"""

from __future__ import annotations

import argparse
import json
import random
import socket
import struct
import sys
import time
from dataclasses import asdict, dataclass
from ipaddress import IPv4Address

from lab.ground.process import run

_MAGIC = b"\x63\x82\x53\x63"
DISCOVER, OFFER, REQUEST, ACK = 1, 2, 3, 5
WANTED = bytes((1, 3, 6, 12, 15, 42, 43, 54, 60, 66, 67, 175))


@dataclass(frozen=True)
class Answer:
    """What one server said. `boot_file` is option 67 or, without it, the header's field."""

    kind: int
    server: str
    address: str
    next_server: str
    boot_file: str
    vendor: str
    lease: int
    router: str
    ipxe: str


@dataclass(frozen=True)
class Client:
    """Who asks: card, architecture code, `vendor` PXEClient or HTTPClient, and whether it is iPXE."""

    mac: str
    arch: int
    vendor: str = "PXEClient"
    ipxe: bool = False

    def packet(self, kind: int, transaction: int, extra: dict[int, bytes], address: str = "0.0.0.0") -> bytes:
        """The message `kind` with further options; broadcast answers are asked for."""
        card = bytes.fromhex(self.mac.replace(":", ""))
        flags = 0x8000 if address == "0.0.0.0" else 0
        head = struct.pack(
            "!BBBBIHH4s4s4s4s16s64s128s",
            1,
            1,
            6,
            0,
            transaction,
            0,
            flags,
            IPv4Address(address).packed,
            b"",
            b"",
            b"",
            card,
            b"",
            b"",
        )
        options: dict[int, bytes] = {
            53: bytes([kind]),
            55: WANTED,
            57: struct.pack("!H", 1500),
            60: f"{self.vendor}:Arch:{self.arch:05d}:UNDI:003016".encode(),
            93: struct.pack("!H", self.arch),
            94: b"\x01\x03\x10",
            97: b"\0" + card.rjust(16, b"\0"),
            **extra,
        }
        if self.ipxe:
            options |= {77: b"iPXE", 175: b"\xb1\x05\x01\x1a\xf4\x10\x41"}
        body = b"".join(bytes((code, len(value))) + value for code, value in options.items())
        return head + _MAGIC + body + b"\xff"


def parse(data: bytes, transaction: int) -> Answer | None:
    """The answer to `transaction`, None for anything else."""
    if len(data) < 240 or data[0] != 2 or struct.unpack("!I", data[4:8])[0] != transaction:
        return None
    options, at = {}, 240
    while at + 1 < len(data) and data[at] != 255:
        if data[at] == 0:
            at += 1
            continue
        options[data[at]] = data[at + 2 : at + 2 + data[at + 1]]
        at += 2 + data[at + 1]
    file = options.get(67, data[108:236]).split(b"\0")[0].decode("ascii", "replace")
    dotted = {code: str(IPv4Address(options[code][:4])) if options.get(code) else "" for code in (3, 54)}
    return Answer(
        kind=options.get(53, b"\0")[0],
        server=dotted[54],
        address=str(IPv4Address(data[16:20])),
        next_server=str(IPv4Address(data[20:24])),
        boot_file=file,
        vendor=options.get(60, b"").decode("ascii", "replace"),
        router=dotted[3],
        lease=int.from_bytes(options.get(51, b""), "big"),
        ipxe=options.get(175, b"").hex(),
    )


class Card:
    """The network card `interface`, opened as a DHCP client."""

    def __init__(self, interface: str) -> None:
        self.link = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.link.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.link.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
        self.link.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, interface.encode())
        self.link.bind(("0.0.0.0", 68))

    def ask(self, packet: bytes, transaction: int, where: tuple[str, int], seconds: float, servers: int = 1) -> list[Answer]:
        """Send `packet` and collect the answers of so many `servers`, for at most `seconds`."""
        self.link.sendto(packet, where)
        answers: list[Answer] = []
        end = time.monotonic() + seconds
        while len(answers) < servers and (left := end - time.monotonic()) > 0:
            self.link.settimeout(left)
            try:
                found = parse(self.link.recv(4096), transaction)
            except TimeoutError:
                break
            if found:
                answers.append(found)
        return answers


def boot(client: Client, interface: str, seconds: float, servers: int = 1, menu: str = "") -> dict[str, object]:
    """Discover, request and, with `menu`, ask that boot server; the answers as one record.

    Offers are collected until so many `servers` have answered, for at most `seconds`.
    """
    card, everybody = Card(interface), ("255.255.255.255", 67)
    number = random.getrandbits(32)
    offers = card.ask(client.packet(DISCOVER, number, {}), number, everybody, seconds, servers)
    record: dict[str, object] = {"offers": [asdict(one) for one in offers], "ack": None, "menu": None}
    chosen = next((one for one in offers if one.address != "0.0.0.0"), None)
    if chosen is None:
        return record
    choice = {50: IPv4Address(chosen.address).packed, 54: IPv4Address(chosen.server).packed}
    acks = card.ask(client.packet(REQUEST, number, choice), number, everybody, seconds)
    record["ack"] = asdict(acks[0]) if acks and acks[0].kind == ACK else None
    if menu:
        run(["ip", "address", "replace", f"{chosen.address}/21", "dev", interface])
        number = random.getrandbits(32)
        item = {43: b"\x47\x04\x80\x00\x00\x00\xff"} if client.arch == 0 else {}
        found = card.ask(client.packet(REQUEST, number, item, chosen.address), number, (menu, 4011), seconds)
        record["menu"] = asdict(found[0]) if found else None
        run(["ip", "address", "flush", "dev", interface])
    return record


def main(argv: list[str] | None = None) -> int:
    """Ask once and print what was answered; 1 when nobody did."""
    parser = argparse.ArgumentParser(prog="lab.vms.dhcp", description=__doc__)
    parser.add_argument("--interface", default="eth0")
    parser.add_argument("--mac", required=True)
    parser.add_argument("--arch", type=int, required=True)
    parser.add_argument("--vendor", default="PXEClient")
    parser.add_argument("--ipxe", action="store_true")
    parser.add_argument("--seconds", type=float, default=5.0, help="how long to wait for answers")
    parser.add_argument("--servers", type=int, default=1, help="how many servers to wait for")
    parser.add_argument("--menu", default="", help="address of a PXE boot server to ask as well")
    options = parser.parse_args(argv)
    client = Client(options.mac, options.arch, options.vendor, options.ipxe)
    record = boot(client, options.interface, options.seconds, options.servers, options.menu)
    print(json.dumps(record))
    return 0 if record["offers"] else 1


if __name__ == "__main__":
    sys.exit(main())
