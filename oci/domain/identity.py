"""Which known machine is this? A scored match over facts that a machine carries.

Two facts can *agree*, *differ*, or say nothing because one side is blank. Every fact has a
weight for agreeing and one for differing; the sum decides.

| fact | agrees | differs | why |
|---|---|---|---|
| permanent MAC | +8, each further +2, at most +14 | -4 if none is shared | unique, but a card can move |
| BMC MAC | +7 | -3 | soldered to the mainboard |
| UUID | +5 | -4 | of the mainboard; cheap boards repeat it |
| serial | +2 | -2 | twins share a chassis's; counts only within one vendor and model |

A machine is *claimed* from +3 on. So a permanent MAC or a BMC MAC alone is enough, also after every
other NIC was changed; UUID and serial are enough together, never one of them against other NICs; a card that
moved into a machine whose UUID and serial are different does not make it the machine it came from.
Two claims less than 5 apart are a conflict for a person: a wrong "same" writes over the wrong disk, a wrong
"new" is only one record too many.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

MAC_WEIGHT, MAC_FURTHER, MAC_MOST, MAC_DIFFERS = 8, 2, 14, -4
BMC_WEIGHT, BMC_DIFFERS = 7, -3
UUID_WEIGHT, UUID_DIFFERS = 5, -4
SERIAL_WEIGHT, SERIAL_DIFFERS = 2, -2
CLAIM = 3
LEAD = 5

# Compared without case, blanks and punctuation.
_JUNK_WORDS = """
    tobefilledbyoem tobefilled filledbyoem oem oemstring defaultstring default notspecified
    unspecified notprovided notavailable notapplicable notpresent notsettable notset unknown none
    null nil undefined na empty nodimm nomoduleinstalled invalid badindex outofspec serial
    serialnumber systemserialnumber chassisserialnumber baseboardserialnumber systemmanufacturer
    manufacturer systemproductname productname systemversion systemname noenclosure notused reserved
    test assettag noassettag 0123456789 123456789 1234567890 12345678 1234567 123456 012345678
    01234567 9876543210 987654321 123456789abcdef 0123456789abcdef 123456789000 a123456789 sernum12
    sn1234567890 mbsn1234567890
"""
JUNK_WORDS = frozenset(_JUNK_WORDS.split())
JUNK_UUIDS = frozenset(
    {
        "03000200-0400-0500-0006-000700080009",  # the reference BIOS of AMI
        "12345678-1234-5678-90ab-cddeefaabbcc",
        "01234567-8910-1112-1314-151617181920",
        "00010203-0405-0607-0809-0a0b0c0d0e0f",
    }
)
JUNK_MACS = frozenset({"00:11:22:33:44:55", "00:01:02:03:04:05", "01:23:45:67:89:ab", "00:de:ad:be:ef:00"})

_NOT_HEX = re.compile(r"[^0-9a-f]")
_NOT_WORD = re.compile(r"[\W_]+")
_MAC = re.compile(r"[0-9a-f]{1,2}([:-][0-9a-f]{1,2}){5}|[0-9a-f]{12}|([0-9a-f]{4}\.){2}[0-9a-f]{4}")


def meaningful(value: str) -> str:
    """`value` as at most 256 printable characters, or '' for a filler such as `To be filled by O.E.M.`."""
    value = "".join(c if c.isprintable() else "\ufffd" for c in value[:256].strip())
    bare = _NOT_WORD.sub("", value).casefold()
    if bare in JUNK_WORDS or len(set(bare)) < 2:
        return ""
    return value


def canonical_mac(value: str) -> str:
    """A MAC as `52:54:00:12:34:56`, or '' when `value` is none, a group address or a filler."""
    value = value.strip().lower()
    if not _MAC.fullmatch(value):
        return ""
    octets = re.split("[:-]", value)
    if len(octets) == 6:
        mac = ":".join(octet.zfill(2) for octet in octets)
    else:
        bare = value.replace(".", "")
        mac = ":".join(bare[i : i + 2] for i in range(0, 12, 2))
    group = int(mac[:2], 16) & 1
    return "" if group or mac in JUNK_MACS or mac == "00:00:00:00:00:00" else mac


def canonical_uuid(value: str) -> str:
    """A UUID in lower case with hyphens, or '' when `value` is none or a filler."""
    bare = _NOT_HEX.sub("", value.strip().lower()) if len(value) <= 64 else ""
    if len(bare) != 32:
        return ""
    uuid = "-".join((bare[:8], bare[8:12], bare[12:16], bare[16:20], bare[20:]))
    junk = len(set(bare)) < 2 or {uuid, swapped_uuid(uuid)} & JUNK_UUIDS
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


@dataclass(frozen=True)
class Identity:
    """What a machine says it is, made canonical; a blank fact says nothing."""

    macs: frozenset[str] = frozenset()
    bmc_mac: str = ""
    uuid: str = ""
    serial: str = ""
    vendor: str = ""
    model: str = ""

    @classmethod
    def of(
        cls,
        macs: Iterable[str] = (),
        bmc_mac: str = "",
        uuid: str = "",
        serial: str = "",
        vendor: str = "",
        model: str = "",
    ) -> Identity:
        """An identity from raw facts in any spelling; fillers become blank. Never raises on text."""
        return cls(
            macs=frozenset(filter(None, map(canonical_mac, macs))),
            bmc_mac=canonical_mac(bmc_mac),
            uuid=canonical_uuid(uuid),
            serial=meaningful(serial),
            vendor=meaningful(vendor),
            model=meaningful(model),
        )


@dataclass(frozen=True)
class Known:
    """One machine of the records: its id and the identity it was last seen with."""

    machine_id: int
    identity: Identity


@dataclass(frozen=True)
class Claim:
    """How well one known machine fits: which facts agree (`mac 52:54:..`, `uuid ..`), which differ."""

    machine_id: int
    score: int
    agree: tuple[str, ...]
    differ: tuple[str, ...]


@dataclass(frozen=True)
class Match:
    """The verdict. `machine_id` is set exactly for `same`; `claims` are best first.

    For `new` the claims are near misses, which share a fact but not enough; for `conflict` all
    that are at or above the line.
    """

    verdict: Literal["same", "new", "conflict"]
    machine_id: int | None
    claims: tuple[Claim, ...]

    @property
    def reason(self) -> str:
        """One plain sentence for an event."""
        if self.verdict == "same":
            return f"known as machine {self.machine_id} by {', '.join(self.claims[0].agree)}"
        said = "; ".join(f"machine {c.machine_id} by {', '.join(c.agree)}" for c in self.claims)
        if self.verdict == "conflict":
            return f"claimed by more than one machine: {said}"
        return f"a new machine, although it resembles {said}" if said else "a new machine"


def _same_product(one: Identity, other: Identity) -> bool:
    pairs = ((one.vendor, other.vendor), (one.model, other.model))
    return all(not a or not b or a.casefold() == b.casefold() for a, b in pairs)


def _compared(facts: Identity, was: Identity) -> Iterator[tuple[str, bool, int]]:
    """Each fact that both sides have: what it is, whether it agrees, its weight. In the table's order."""
    if facts.macs and was.macs:
        shared = sorted(facts.macs & was.macs)
        weight = min(MAC_WEIGHT + MAC_FURTHER * (len(shared) - 1), MAC_MOST) if shared else MAC_DIFFERS
        yield f"mac {' '.join(shared or sorted(facts.macs))}", bool(shared), weight
    if facts.bmc_mac and was.bmc_mac:
        equal = facts.bmc_mac == was.bmc_mac
        yield f"bmc mac {facts.bmc_mac}", equal, BMC_WEIGHT if equal else BMC_DIFFERS
    if facts.uuid and was.uuid:
        equal = facts.uuid in (was.uuid, swapped_uuid(was.uuid))
        yield f"uuid {facts.uuid}", equal, UUID_WEIGHT if equal else UUID_DIFFERS
    if facts.serial and was.serial:
        equal = facts.serial.casefold() == was.serial.casefold() and _same_product(facts, was)
        yield f"serial {facts.serial}", equal, SERIAL_WEIGHT if equal else SERIAL_DIFFERS


def _judge(facts: Identity, known: Known) -> Claim:
    compared = list(_compared(facts, known.identity))
    return Claim(
        machine_id=known.machine_id,
        score=sum(weight for _, _, weight in compared),
        agree=tuple(fact for fact, equal, _ in compared if equal),
        differ=tuple(fact for fact, equal, _ in compared if not equal),
    )


def match(facts: Identity, known: Sequence[Known]) -> Match:
    """Decide whether `facts` belong to one of `known`, to a new machine, or to several at once.

    `known` is the short list of machines that share a MAC, a UUID (in either spelling) or a serial
    with `facts`. The answer does not depend on its order.
    """
    judged = [claim for claim in (_judge(facts, row) for row in known) if claim.agree]
    claims = tuple(sorted(judged, key=lambda claim: (-claim.score, claim.machine_id)))
    strong = tuple(claim for claim in claims if claim.score >= CLAIM)
    if not strong:
        return Match("new", None, claims)
    if len(strong) > 1 and strong[0].score - strong[1].score < LEAD:
        return Match("conflict", None, strong)
    return Match("same", strong[0].machine_id, claims)
