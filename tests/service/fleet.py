"""Machines made of parts, for tests of who is who: what they report, how they boot, what a person and the appliance do."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field, replace
from typing import Any

from sqlalchemy import select

from oci.app import APPLIANCE
from oci.context import Actor
from oci.db import tables
from oci.domain.hardware import Probe
from oci.problems import Conflict
from oci.schemas.clusters.clusters import ClusterIn
from oci.schemas.clusters.networks import NetworkIn
from oci.schemas.machines.machines import AssignIn
from oci.services.clusters import clusters, networks
from oci.services.machines import look, verbs
from oci.services.path import boots, puppet, reports, works

NOBODY = Actor("machine", "nobody")


def uuid_of(number: int) -> str:
    """A UUID as one vendor makes them."""
    return f"4c4c4544-0051-3310-8046-c7c04f{number:06x}"


@dataclass(frozen=True)
class Server:
    """A machine of metal: mainboard (UUID, BMC, board serial, own ports), box (serial), cards, and a disk."""

    uuid: str = ""
    serial: str = ""
    bmc: str = ""
    board: str = ""
    macs: tuple[str, ...] = ()
    virtual: str = ""  # a MAC that the firmware puts before its first card's own
    vendor: str = "Acme"
    model: str = "R1"
    disk: str = "disk-a"

    def report(self) -> dict[str, Probe]:
        """What its live system uploads."""
        links: list[dict[str, Any]] = [
            {"ifname": f"eth{n}", "address": mac, "link_type": "ether"} for n, mac in enumerate(self.macs)
        ]
        if self.virtual and links:
            links[0] |= {"address": self.virtual, "permaddr": self.macs[0]}
        dmi = (
            "Handle 0x0001, DMI type 1, 27 bytes\nSystem Information\n"
            f"\tManufacturer: {self.vendor}\n\tProduct Name: {self.model}\n"
            f"\tSerial Number: {self.serial}\n\tUUID: {self.uuid}\n\n"
            f"Handle 0x0002, DMI type 2, 15 bytes\nBase Board Information\n\tSerial Number: {self.board}\n"
        )
        disks = [
            {
                "name": "sda",
                "type": "disk",
                "size": 480 * 10**9,
                "serial": self.disk,
                "rm": False,
                "ro": False,
                "rota": False,
                "tran": "sata",
            }
        ]
        text = {"ip": json.dumps(links), "dmidecode": dmi, "firmware": "efi\n", "lsblk": json.dumps({"blockdevices": disks})}
        if self.bmc:
            text["bmc"] = f"IP Address              : 192.0.2.7\nMAC Address             : {self.bmc}\n"
        return {name: Probe(value.encode()) for name, value in text.items()}

    def with_parts(self, **parts: Any) -> Server:
        """The same after a repair."""
        return replace(self, **parts)


def macs_of(number: int) -> str:
    """The first four octets of a server's MACs."""
    return f"b0:26:{number >> 8 & 255:02x}:{number & 255:02x}:"


def server(number: int, cards: int = 2, **parts: Any) -> Server:
    """A complete server; `number` makes it unlike any other."""
    macs = tuple(f"{macs_of(number)}00:{n + 1:02x}" for n in range(cards))
    given = {
        "uuid": uuid_of(number),
        "serial": f"TAG{number:03d}QX",
        "bmc": macs_of(number) + "0b:0c",
        "board": f"CN{number:04d}7X",
        "macs": macs,
        "disk": f"disk-{number}",
        **parts,
    }
    return Server(**given)


@dataclass
class Fleet:
    """The appliance `world` and those who deal with it. Times move by `wait` seconds before a boot."""

    world: Any
    told: dict[str, str] = field(default_factory=dict)

    @property
    def op(self) -> Any:
        return self.world.ctx()

    @property
    def no(self) -> Any:
        return self.world.ctx(NOBODY)

    def site(self) -> None:
        networks.create_network(self.op, NetworkIn(name="prov", cidr="10.77.0.0/24", first="10.77.0.11", last="10.77.0.200"))
        clusters.create_cluster(self.op, ClusterIn(name="c1", domain="lab.test", network="prov"))

    def boot(self, it: Server, wait: float = 100, mac: str = "", says: bool = True) -> str:
        """Boot `it` from the network; the token of its live system, '' when it is sent to its own disk."""
        self.world.clock.now += wait
        words = {"uuid": it.uuid, "serial": it.serial} if says else {}
        asker = boots.Asker(mac=mac or it.virtual or it.macs[0], platform="efi", **words)
        script = boots.script(self.no, asker)
        if "oci.boot=" not in script:
            return ""
        archive = boots.site(self.no, script.split("oci.boot=")[1].split()[0], "10.77.0.100")
        return str(archive.split(b"Bearer ")[1].split(b"\n")[0].decode())

    def report(self, token: str, it: Server) -> int | str:
        """The number of the record that the report was taken for, or why it was refused."""
        try:
            return int(reports.receive(self.no, token, it.report(), hash_of(it)))
        except Conflict as refused:
            return str(refused)

    def live(self, it: Server, **how: Any) -> tuple[str, int | str]:
        """Boot and report; token, and record or refusal. The machine must not be sent to its disk."""
        token = self.boot(it, **how)
        assert token, "sent to its own disk"
        return token, self.report(token, it)

    def beat(self, token: str, it: Server) -> str:
        self.world.clock.now += 5
        return str(works.heartbeat(self.no, token, hash_of(it)).action)

    def order(self, number: int) -> str:
        """Promise and install a record; its name."""
        name = verbs.assign(self.op, str(number), AssignIn(cluster="c1", role="compute")).name
        verbs.install(self.op, name)
        return name

    def finish(self, token: str, name: str) -> dict[str, str]:
        """Claim, write, configure: to active."""
        orders = works.claim(self.no, token, "install")
        works.done(self.no, orders["TOKEN"])
        puppet.report(self.world.ctx(APPLIANCE), name, {"status": "changed"})
        return orders

    def active(self, it: Server) -> int:
        """A machine that was discovered and installed."""
        token, number = self.live(it)
        assert isinstance(number, int)
        self.finish(token, self.order(number))
        return number

    def state(self, number: int) -> str:
        return str(look.show(self.op, str(number)).state)

    def events(self, kind: str) -> list[str]:
        with self.world.appliance.make_session() as db:
            return list(db.scalars(select(tables.Event.text).where(tables.Event.kind == kind).order_by(tables.Event.id)))


def hash_of(it: Server) -> str:
    """What the agent says of its report."""
    return hashlib.sha256(repr(it).encode()).hexdigest()
