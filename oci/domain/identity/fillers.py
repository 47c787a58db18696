"""Values that firmware carries in place of an identity: those that are known, and rules for those that are not.

`FILLERS` has one row for each known value, with where it was met. `looks_filled` finds by rule what is on no
list: one pattern repeated, a sequence counted up or down, a number that is nearly all zeros or all Fs.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import pairwise

GLPI = "GLPI, table glpi_blacklists (and FusionInventory before it)"
OCS = "OCS Inventory, tables blacklist_serials and blacklist_macaddresses"
FLEX = "ChromiumOS, flex_id.cc, kBadSerials"
FREEBSD = "FreeBSD, rc.d/hostid, valid_hostid"
CAPA = "CapaSystems, knowledge base, Non-Unique UUID"
FREEGEEK = "Free Geek, fgdb, table generics"
LSHW = "public lshw and dmidecode posts"
SMBIOS = "DMTF DSP0134, 7.2.1: all 0 is not present, all 1 is not set"
XCAT = "xcat2/xcat-core, pull and issue threads on duplicate serial numbers (5428, 3864)"
DMIDECODE = "dmidecode's own words for a blank string"
RFC = "RFC 4122's and Wikipedia's example"
IEEE = "RFC 9568 section 7.3 (VRRP); Cisco's documents on HSRP, HSRP for IPv6 and GLBP; Microsoft's on NLB"
APPLE = "public ifconfig posts: the inner side of the T2 chip, the same on every machine"
REALTEK = "public posts: the address in the data sheet's EEPROM image, sold unchanged in USB adapters"


@dataclass(frozen=True)
class Filler:
    """One known value. `kind`: word (any text fact), serial, uuid or mac. Words and serials without blanks,
    case and punctuation."""

    kind: str
    value: str
    source: str


def _rows(kind: str, source: str, values: str) -> list[Filler]:
    return [Filler(kind, value, source) for value in values.split()]


FILLERS: tuple[Filler, ...] = (
    *_rows(
        "word",
        DMIDECODE,
        """notspecified unspecified notprovided notavailable notapplicable notpresent notsettable
           notset unknown none badindex outofspec nomoduleinstalled nodimm""",
    ),
    *_rows(
        "word",
        GLPI,
        """tobefilledbyoem oem invalid empty na nullstring unknow systemserialnumber oemserial
           systemserialnumb systemproductname productname systemname systemmanufacturer allseries tulipcomputers
           eval iatpass nnnnnnn""",
    ),
    *_rows("word", FLEX, "defaultstring systemserial serial tobefilled"),
    *_rows("word", FREEGEEK, "tobefilledbyoembymorestring field"),
    *_rows(
        "word",
        LSHW,
        """filledbyoem oemstring default null nil undefined serialnumber chassisserialnumber
           baseboardserialnumber basedboardserialnumber type2boardserialnumber chassismanufacture chassismanufacturer
           chassisversion manufacturer systemversion noenclosure notused reserved test assettag noassettag assettagnum
           atagnumber assetnumber sernum manufacturer00 manufacturer0 dimm0 partnum nopartnumber oemchassisserialnumber
           defaultchassisserialnumber oemproductserialnumber notdefined unassigned xxx blank dummy""",
    ),
    *_rows(
        "serial",
        OCS,
        """sys1234567890 sys9876543210 sn12345 sn1234567890 12345 123456 1234567 12345678 123456789
           1234567890 123456789000 12345678901234567 sn123456fvgv3i0b8o5n6n7k serialnumberxxxxxx""",
    ),
    *_rows("serial", FLEX, "ssn12345678901234567 91wtx00xpxx"),
    *_rows("serial", XCAT, "0123456789 012345678 01234567"),
    *_rows("serial", FREEGEEK, "eeepc1234567890 0123456789ab 0123456789abcdef mb1234567890 x312345678 bank01 dell"),
    *_rows(
        "serial",
        LSHW,
        """9876543210 987654321 123456789abcdef a123456789 sernum12 mbsn1234567890 mbsn12345678
           cmch1234567890 nb1234567890 evb1234567890 5ekpm18320000397 btx1234567890 ca1234567890
           type1sku0 type1productconfigid type2boardassettag""",
    ),
    *_rows("uuid", SMBIOS, "00000000-0000-0000-0000-000000000000 ffffffff-ffff-ffff-ffff-ffffffffffff"),
    *_rows(
        "uuid",
        FREEBSD,
        """00020003-0004-0005-0006-000700080009 03000200-0400-0500-0006-000700080009
           07090201-0103-0301-0807-060504030201 11111111-2222-3333-4444-555555555555
           4c4c4544-0000-2010-8020-80c04f202020 58585858-5858-5858-5858-585858585858
           890e2d14-cacd-45d1-ae66-bc80e8bfeb0f 8e275844-178f-44a8-aceb-a7d7e5178c63
           dc698397-fa54-4cf2-82c8-b1b5307a6a7f fefefefe-fefe-fefe-fefe-fefefefefefe""",
    ),
    *_rows("uuid", RFC, "123e4567-e89b-12d3-a456-426614174000 f81d4fae-7dec-11d0-a765-00a0c91e6bf6"),
    *_rows(
        "uuid",
        CAPA,
        """56f49712-ffff-ffff-ffff-ffffffffffff 93309712-ffff-ffff-ffff-ffffffffffff
           50fb9712-ffff-ffff-ffff-ffffffffffff 61f39712-ffff-ffff-ffff-ffffffffffff
           52309712-ffff-ffff-ffff-ffffffffffff""",
    ),
    *_rows("uuid", GLPI, "6ab5b300-538d-1014-9fb5-b0684d007b53 01010101-0101-0101-0101-010101010101"),
    *_rows(
        "uuid",
        LSHW,
        """12345678-1234-5678-90ab-cddeefaabbcc 01234567-8910-1112-1314-151617181920
           00010203-0405-0607-0809-0a0b0c0d0e0f deadbeef-dead-beef-dead-beefdeadbeef
           fd000000-1500-0080-bf5a-5ffefffcfbbd""",
    ),
    *_rows(
        "mac",
        GLPI,
        """20:41:53:59:4e:ff 02:00:4e:43:50:49 e2:e6:16:20:0a:35 d2:0a:2d:a0:04:be 00:a0:c6:00:00:00
           d2:6b:25:2f:2c:e7 0a:00:27:00:00:00 00:50:56:c0:00:01 00:50:56:c0:00:08 02:80:37:ec:02:00
           50:50:54:50:30:30 24:b6:20:52:41:53 00:50:56:c0:00:02 fe:ff:ff:ff:ff:ff 00:0b:ca:fe:00:00""",
    ),
    *_rows(
        "mac",
        OCS,
        """44:45:53:54:00:00 44:45:53:54:00:01 44:45:53:54:61:6f 10:11:11:11:11:11 00:01:02:7d:9b:1c
           00:08:a1:46:06:35 00:08:a1:66:e2:1a 00:09:dd:10:37:68 00:0f:ea:9a:e2:f0 00:10:5a:72:71:f3
           00:11:11:85:08:8b""",
    ),
    *_rows("mac", REALTEK, "00:e0:4c:53:44:58 00:e0:4c:68:2d:3d 00:e0:4c:36:00:00 00:e0:4c:68:00:01"),
    *_rows("mac", APPLE, "ac:de:48:00:11:22"),
    *_rows(
        "mac",
        LSHW,
        """88:88:88:88:87:88 00:11:22:33:44:55 00:01:02:03:04:05 01:23:45:67:89:ab
           00:de:ad:be:ef:00 de:ad:be:ef:00:00
           00:05:9a:3c:7a:00 02:50:41:00:00:01 02:00:4c:4f:4f:50 00:05:1b:a0:00:00 16:16:16:16:16:16""",
    ),
)


def _of(*kinds: str) -> frozenset[str]:
    return frozenset(row.value for row in FILLERS if row.kind in kinds)


WORDS, SERIALS, UUIDS, MACS = _of("word"), _of("word", "serial"), _of("uuid"), _of("mac")

_SAID = """and as asset available avail base baseboard be board by case chassis config configuration customer
    default defined delivery determined empty enclosure engineering error family filled fill for id in index invalid info
    information is length entry machine mainboard manufacturer mb missing model mother motherboard n na name no none not
    null num number o e m oem of option part pcb platform present product programmed provided rack s sample
    sku serial server service set settable sku sn specified standard string system tag tba tbc tbd that the this to type
    undef undefined unit unknown unset unspecified unused used user value vendor version written"""
VOCABULARY = frozenset(_SAID.split())
"""Words that firmware is written in, where a value was to stand. A number that says something has another part."""
VIRTUAL = ("00005e0001", "00005e0002", "00000c07ac", "00000c9ff", "000573a0", "0007b400", "02bf")
"""First digits of MACs that routers and clusters share by design. Source: `IEEE`."""

_WORDS = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])|[0-9]+")
_NOT_WORD = re.compile(r"[\W_]+")
_NUMBERED = re.compile(r"[a-z]{0,6}?([0-9]{5,})[a-f]{0,6}")
SEQUENCES = ("0123456789" * 4, "9876543210" * 4, "0123456789abcdef" * 2, "fedcba9876543210" * 2)
_SEQUENCES = "\n".join(SEQUENCES)
NEARLY_ALL = 22
"""Digits of 32 that may be one and the same zero or F in a UUID that means something."""


def bare(value: str) -> str:
    """`value` without blanks, case and punctuation, as fillers are compared."""
    return _NOT_WORD.sub("", value).casefold()


def is_repeated(text: str) -> bool:
    """True when `text` is one short pattern at least three times, or twice in eight characters or more."""
    for period in range(1, len(text) // 2 + 1):
        # What repeats a pattern goes on as it began.
        if text.startswith(text[period:]) and (len(text) >= 3 * period or len(text) >= 8 or period == 1):
            return True
    return False


def is_counted(text: str) -> bool:
    """True when `text` of at least five characters counts up or down, perhaps behind a word and before zeros."""
    found = _NUMBERED.fullmatch(text)
    for part in {text, found[1] if found else text}:
        if any(len(p) >= 5 and p in _SEQUENCES for p in {part, part.rstrip("0")}):
            return True
    return False


def is_words(value: str) -> bool:
    """True when `value` is made of the words of `VOCABULARY` alone, and has no number."""
    parts = _WORDS.findall(value)
    return bool(parts) and all(part.casefold() in VOCABULARY for part in parts)


def is_filler_serial(value: str) -> bool:
    """True for a serial number or asset tag that no single machine has."""
    text = bare(value)
    number = text.lstrip("abcdefghijklmnopqrstuvwxyz")
    same = len(number) >= 5 and len(set(number)) == 1
    return len(text) < 2 or text in SERIALS or is_words(value) or same or is_repeated(text) or is_counted(text)


def _counts(octets: bytes) -> bool:
    steps = {(b - a) % 256 for a, b in pairwise(octets)}
    return len(steps) == 1 and steps <= {0, 1, 255, 17, 239, 34, 222}


def _of_patterns(digits: str) -> bool:
    """Each field of the UUID is a pattern by itself: 12345678-1234-1234-1234-123456789abc."""
    fields = (digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:])
    return all(field == field[:2] * (len(field) // 2) or any(field in row for row in SEQUENCES) for field in fields)


def is_filler_uuid(digits: str) -> bool:
    """True for 32 hexadecimal digits that no single mainboard has.

    A UUID of twenty zeros and a MAC is what several vendors write; it means something when its MAC does.
    """
    if digits.startswith("0" * 20):
        return is_filler_mac(digits[20:])
    if is_repeated(digits) or is_counted(digits) or _counts(bytes.fromhex(digits)) or _of_patterns(digits):
        return True
    return max(digits.count("0"), digits.count("f")) >= NEARLY_ALL or _is_blank_dell(digits)


def _is_blank_dell(digits: str) -> bool:
    """Dell puts the seven characters of the service tag into the UUID; an unwritten board has blanks there."""
    tag = (bytes.fromhex(digits)[at] & 0x7F for at in (5, 6, 9, 10, 13, 14, 15))
    return digits.startswith("4c4c4544") and set(tag) <= {0x00, 0x20}


def is_filler_mac(digits: str) -> bool:
    """True for 12 hexadecimal digits that more than one card has: a pattern, or a vendor's prefix with nothing behind."""
    octets = bytes.fromhex(digits)
    if _counts(octets) or is_repeated(digits) or is_counted(digits):
        return True
    if digits[6:] in ("000000", "ffffff") or digits.count("0") >= 10:
        return True
    if digits.startswith(VIRTUAL):
        return True
    return octets.hex(":") in MACS
