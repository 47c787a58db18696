"""What a machine says it is, made canonical: one spelling for each fact, and blank where a value says nothing."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import lru_cache

from oci.domain.identity import fillers

_NOT_HEX = re.compile(r"[^0-9a-f]")
_MAC = re.compile(r"[0-9a-f]{1,2}([:-][0-9a-f]{1,2}){5}|[0-9a-f]{12}|([0-9a-f]{4}\.){2}[0-9a-f]{4}")


def meaningful(value: str) -> str:
    """`value` as at most 256 printable characters, or '' for a filler such as `To be filled by O.E.M.`."""
    value = value[:256].strip()
    if not value.isprintable():
        value = "".join(c if c.isprintable() else "\ufffd" for c in value)
    text = fillers.bare(value)
    if text in fillers.SERIALS or len(set(text)) < 2:
        return ""
    return value


def serial_number(value: str) -> str:
    """`value` as `meaningful` gives it, or '' also for what only looks like a serial number."""
    value = meaningful(value)
    return "" if fillers.is_filler_serial(value) else value


def canonical_mac(value: str) -> str:
    """A MAC as `52:54:00:12:34:56`, or '' when `value` is none or a group address."""
    value = value.strip().lower()
    return _canonical_mac(value) if len(value) <= len("52:54:00:12:34:56") else ""


@lru_cache(1024)  # a report names each of its MACs in several places
def _canonical_mac(value: str) -> str:
    if not _MAC.fullmatch(value):
        return ""
    octets = re.split("[:-]", value)
    if len(octets) == 6:
        mac = ":".join(octet.zfill(2) for octet in octets)
    else:
        text = value.replace(".", "")
        mac = ":".join(text[i : i + 2] for i in range(0, 12, 2))
    group = int(mac[:2], 16) & 1
    return "" if group or mac == "00:00:00:00:00:00" else mac


def proving_mac(value: str) -> str:
    """A MAC as `canonical_mac` gives it, or '' also for one that more than one card has."""
    mac = canonical_mac(value)
    return "" if not mac or _is_filler_mac(mac) else mac


@lru_cache(1024)
def _is_filler_mac(mac: str) -> bool:
    return fillers.is_filler_mac(mac.replace(":", ""))


def canonical_uuid(value: str) -> str:
    """A UUID in lower case with hyphens, or '' when `value` is none or a filler."""
    bare = _NOT_HEX.sub("", value.strip().lower()) if len(value) <= 64 else ""
    if len(bare) != 32:
        return ""
    uuid = "-".join((bare[:8], bare[8:12], bare[12:16], bare[16:20], bare[20:]))
    both = (uuid, swapped_uuid(uuid))
    junk = any(one in fillers.UUIDS or fillers.is_filler_uuid(one.replace("-", "")) for one in both)
    return "" if junk else uuid


def swapped_uuid(uuid: str) -> str:
    """`uuid` with its first three fields in the other byte order; '' stays ''.

    Firmware, boot loaders and kernels disagree whether SMBIOS stores those fields little-endian.
    """
    if not uuid:
        return ""
    first, second, third, *rest = uuid.split("-")
    turned = ("".join(re.findall("..", field)[::-1]) for field in (first, second, third))
    return "-".join((*turned, *rest))


def uuid_spellings(value: str) -> tuple[str, ...]:
    """Every spelling under which a caller should look `value` up; empty for a filler."""
    uuid = canonical_uuid(value)
    return tuple(dict.fromkeys((uuid, swapped_uuid(uuid)))) if uuid else ()


def node_of(uuid: str) -> str:
    """The last field of a UUID written as a MAC: many a firmware puts that of a card there."""
    return ":".join(re.findall("..", uuid[-12:]))


def is_local(mac: str) -> bool:
    """True for a MAC that no vendor gave out: made by a hypervisor, a bond or a person."""
    return bool(int(mac[:2], 16) & 2)


@dataclass(frozen=True)
class Identity:
    """What a machine says it is, made canonical; a blank fact says nothing.

    `macs` are of all its cards, `onboard` those of them that sit on the mainboard, `cards` the ports of each card
    together. `boot_macs` are those that it was seen to boot from, which a firmware can make up. `disks` are serials or
    WWNs; they prove nothing alone, since disks move, but tell a repaired machine from a twin.
    """

    macs: frozenset[str] = frozenset()
    bmc_mac: str = ""
    uuid: str = ""
    serial: str = ""
    vendor: str = ""
    model: str = ""
    board_serial: str = ""
    chassis_serial: str = ""
    onboard: frozenset[str] = frozenset()
    cards: tuple[frozenset[str], ...] = ()
    boot_macs: frozenset[str] = frozenset()
    disks: frozenset[str] = frozenset()

    @classmethod
    def of(
        cls,
        macs: Iterable[str] = (),
        bmc_mac: str = "",
        uuid: str = "",
        serial: str = "",
        vendor: str = "",
        model: str = "",
        board_serial: str = "",
        chassis_serial: str = "",
        onboard: Iterable[str] = (),
        cards: Iterable[Iterable[str]] = (),
        boot_macs: Iterable[str] = (),
        disks: Iterable[str] = (),
    ) -> Identity:
        """An identity from raw facts in any spelling; fillers become blank. Never raises on text."""
        found = frozenset(filter(None, map(proving_mac, macs)))
        serial, board, chassis = map(serial_number, (serial, board_serial, chassis_serial))
        bmc = proving_mac(bmc_mac)
        return cls(
            macs=found,
            # A controller that shares a port may tell the port's own address.
            bmc_mac="" if bmc in found else bmc,
            uuid=canonical_uuid(uuid),
            serial=serial,
            vendor=meaningful(vendor),
            model=meaningful(model),
            # One number written into several fields is one fact.
            board_serial="" if board.casefold() in (serial.casefold(), chassis.casefold()) else board,
            chassis_serial="" if chassis.casefold() == serial.casefold() else chassis,
            onboard=found & frozenset(map(proving_mac, onboard)),
            cards=tuple(ports for card in cards if (ports := found & frozenset(map(proving_mac, card)))),
            boot_macs=frozenset(filter(None, map(proving_mac, boot_macs))) - found,
            disks=frozenset(filter(None, map(serial_number, disks))),
        )

    def without(self, shared: Iterable[tuple[str, str]]) -> Identity:
        """The same without the facts of `shared`, pairs of kind (uuid, serial, board, chassis, bmc, mac) and value."""
        known = set(shared)
        macs = frozenset(mac for mac in self.macs if ("mac", mac) not in known)
        return replace(
            self,
            macs=macs,
            onboard=self.onboard & macs,
            cards=tuple(ports for card in self.cards if (ports := card & macs)),
            boot_macs=frozenset(mac for mac in self.boot_macs if ("mac", mac) not in known),
            bmc_mac="" if ("bmc", self.bmc_mac) in known else self.bmc_mac,
            uuid="" if {("uuid", self.uuid), ("uuid", swapped_uuid(self.uuid))} & known else self.uuid,
            serial="" if ("serial", self.serial.casefold()) in known else self.serial,
            board_serial="" if ("board", self.board_serial.casefold()) in known else self.board_serial,
            chassis_serial="" if ("chassis", self.chassis_serial.casefold()) in known else self.chassis_serial,
        )

    def values(self) -> list[tuple[str, str]]:
        """Every fact as kind and value, as `without` takes them; a UUID in both byte orders."""
        single = [
            ("bmc", self.bmc_mac),
            ("serial", self.serial.casefold()),
            ("board", self.board_serial.casefold()),
            ("chassis", self.chassis_serial.casefold()),
        ]
        both = dict.fromkeys((self.uuid, swapped_uuid(self.uuid)))
        macs = sorted(self.macs | self.boot_macs)
        return [pair for pair in (*single, *(("uuid", u) for u in both), *(("mac", m) for m in macs)) if pair[1]]
