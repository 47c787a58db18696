"""Text that firmware and tools put where they know nothing, by the kind of the field.

| kind | blank besides words and punctuation | kept, although it looks odd | seen |
|---|---|---|---|
| serial, tag | one repeated character, counted digits, `SerNum0` | `4242`, `A1` | reference firmware of AMI and Phoenix |
| part | zeros, eight digits counted up, `PartNum0` | `9965589-006.E01G` | the same |
| version | `0x00000000`, `x.x.x` | `2.2`, `1.1.1`, `3.33`, `11`, `0.00` | Supermicro BIOS 2.2; igb's NVM without an image |
| vendor | `0x0000`, `FFFF`, `Unknown (0x2A7C)` | `80CE`, `3Com` | codes of empty slots; ipmitool without IANA's list |
| model | zeros, `System Product Name`, eight counted digits | `X10`, `-[7915AC1]-` | boards sold alone; IBM |
| locator | nothing else | `0`, `1`, `DIMM 0` | slots that bear a number only |
| name | nothing else | everything that is no word below | lscpu's `-`, LLDP's `Not received` |
| UUID | `identity.canonical_uuid` has its rules | | |

The words are those of dmidecode's own `dmidecode.c` (`Not Specified`, `<BAD INDEX>`, `<OUT OF SPEC>`, `Unknown`), of the
reference firmware of AMI, Insyde and Phoenix, and of ipmitool, lscpu, ethtool and lldpd. A word stays a filler with a
number, a code or a remark behind it: `Default string 1`, `Undefined 0x12`, `To be filled by O.E.M. (board)`.
"""

from __future__ import annotations

import re
from functools import lru_cache

# Compared without case, with each run of blanks and punctuation as one blank.
_NOTHING = """
    to be filled by o e m|to be filled by oem|to be filled|filled by oem|default string|oem string
    not specified|unspecified|not provided|not available|not applicable|not present|not settable|not set|not installed
    not received|not advertised|not defined|not known|not initialized|no asset tag|no asset information|no serial number
    no dimm|nodimm|no module installed|no module|no enclosure|no memory|unknown|undefined|empty|empty slot|none|null|nil
    n a|invalid|bad index|out of spec|reserved|not used|unused|uninitialized|unassigned
    unknown manufacturer|unknown vendor|unknown model|unknown product
"""
# The names of the fields themselves; with a number behind them they may be a name: `Model 3`, `Version 2.0`.
_FIELDS = """
    o e m|oem|default|na|error|system manufacturer|system product name|system version|system name|system serial number
    system sku|sku|base board manufacturer|base board product name|base board version|base board serial number
    baseboard serial number|chassis manufacture|chassis manufacturer|chassis version|chassis serial number
    product name|manufacturer|part number|serial number|serial|asset tag|asset tag number|version|model|vendor
"""


def _words(lines: str) -> frozenset[str]:
    return frozenset(word.strip() for line in lines.splitlines() for word in line.split("|") if word.strip())


NOTHING, FIELDS = _words(_NOTHING), _words(_FIELDS)

# Behind a word for nothing: a number, a code, or a remark in brackets.
_CODE = re.compile(r"(?:0x)?[0-9a-f]*[0-9][0-9a-f]*", re.IGNORECASE)
_REMARK = re.compile(r"[(\[<]")
_BREAK = re.compile(r"[\W_]+")
_ONLY_X = re.compile(r"x{2,}|x(?: x)+", re.IGNORECASE)
_HEX_BLANK = re.compile(r"(?:0x)?(?:0+|f+|(?:00|20|ff)+)h?", re.IGNORECASE)
_NUMBERED = re.compile(
    r"(?:(?:array|dimm|a|b|c|d|p)?\d* )?(?:module)?(?:ser(?:ial)?num(?:ber)?|part(?:num(?:ber)?)|manufacturer|"
    r"asset ?tag(?:num)?)\d*",
    re.IGNORECASE,
)
_COUNTED = ("01234567890123456789", "98765432109876543210", "123456789abcdef0123456789abcdef")
_COUNTS_FROM, _SERIAL_PREFIX = 5, re.compile(r"^(?:sernum|serial|mbsn|sn|s n|a|s)[\s_.:-]*", re.IGNORECASE)


def name(value: str) -> str:
    """`value`, or '' when it is a filler in every field: a word for nothing, or nothing but punctuation."""
    return "" if _says_nothing(value) else value


def locator(value: str) -> str:
    """The label of a slot; a number is a good one. Fillers become ''."""
    return name(value)


def version(value: str) -> str:
    """A version, which may repeat a digit; fillers become ''."""
    return "" if _says_nothing(value) or re.fullmatch(r"0x0+", value, re.IGNORECASE) else value


def vendor(value: str) -> str:
    """A maker's name, or its JEDEC code; fillers and the codes of an empty slot become ''."""
    return "" if _says_nothing(value) or _is_hex_blank(value) else value


def model(value: str) -> str:
    """The name of a product; fillers, zeros and digits counted up become ''."""
    return "" if _says_nothing(value) or _is_hex_blank(value) or _is_counted(value, 8) else value


def serial(value: str) -> str:
    """A serial number, an asset tag or a part number; fillers, repetitions and counted digits become ''."""
    bare = _BREAK.sub("", value).casefold()
    if _says_nothing(value) or len(set(bare)) < 2 or _is_hex_blank(value):
        return ""
    return "" if _is_counted(_SERIAL_PREFIX.sub("", value), _COUNTS_FROM) or _is_counted(value, _COUNTS_FROM) else value


def part(value: str) -> str:
    """A part number: as `serial`, but a short one may be anything that is no filler word."""
    return "" if _says_nothing(value) or _is_hex_blank(value) or _is_counted(value, 8) else value


@lru_cache(2048)  # the same words stand in every slot of every machine
def _says_nothing(value: str) -> bool:
    bare = _plain(value)
    if not bare or bare in FIELDS or _ONLY_X.fullmatch(bare) or _NUMBERED.fullmatch(bare):
        return True
    if bare in NOTHING:
        return True
    remark = _REMARK.search(value, 1)
    words = _plain(value[: remark.start()] if remark else value).split()
    while words and _CODE.fullmatch(words[-1]):
        words.pop()
    return " ".join(words) in NOTHING


def _plain(value: str) -> str:
    return _BREAK.sub(" ", value).strip().casefold()


def _is_hex_blank(value: str) -> bool:
    """Zeros, ones or blanks as hexadecimal digits: what an empty slot's memory chip reads as."""
    bare = _BREAK.sub("", value)
    return len(bare) >= 2 and bool(_HEX_BLANK.fullmatch(bare))


def _is_counted(value: str, least: int) -> bool:
    bare = _BREAK.sub("", value).casefold()
    whole = bare.rstrip("0") if bare.startswith("123456789") else bare
    return len(bare) >= least and bare[0] in "019" and any(whole in row for row in _COUNTED)
