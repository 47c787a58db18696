"""Turn what a probe printed into bounded, harmless text and numbers.

Reports are written by whoever controls the machine: nothing here raises, whatever comes in.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator

MAX_BYTES = 1 << 20
"""Bytes of one probe's output that are looked at; the protocol allows no more."""

MAX_TEXT = 256
"""Characters that one fact may have."""

MAX_NUMBER = (1 << 63) - 1
"""The largest number that the database and JSON readers take."""

REPLACEMENT = "\ufffd"

_DIGITS = re.compile(r"\s*([0-9]{1,19})\s*")
_SIZE = re.compile(r"\s*([0-9]{1,19})\s*([A-Za-z]{1,5})\s*")
_UNITS = {"bytes": 1, "byte": 1, "b": 1} | {
    spelling: 1 << 10 * power for power, letter in enumerate("kmgtp", start=1) for spelling in (f"{letter}b", f"{letter}ib")
}


def decode(output: bytes) -> str:
    """`output` as text: invalid UTF-8 is replaced, everything beyond MAX_BYTES is left out."""
    return output[:MAX_BYTES].decode("utf-8", "replace")


def clean(value: object) -> str:
    """`value` as one fact: at most MAX_TEXT printable characters without outer blanks.

    White space becomes a blank; control, bidirectional and unassigned characters and lone surrogates
    become U+FFFD. What is no text, such as None or a list, becomes ''.
    """
    if not isinstance(value, str):
        return ""
    if len(value) <= MAX_TEXT and value.isprintable():
        return value.strip()
    # Cut before the work is done, so that its cost is bounded; what follows is mostly blanks.
    value = value[: 4 * MAX_TEXT].strip()
    if not value.isprintable():
        value = "".join(c if c.isprintable() else " " if c.isspace() else REPLACEMENT for c in value)
    return value[:MAX_TEXT].rstrip()


def integer(value: object) -> int | None:
    """A whole number from 0 to MAX_NUMBER, given as a number or as digits; None for all else."""
    if isinstance(value, str):
        digits = _DIGITS.fullmatch(value) if len(value) <= MAX_TEXT else None
        value = int(digits[1]) if digits else None
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    if not math.isfinite(value) or not 0 <= value <= MAX_NUMBER:
        return None
    return int(value)


def flag(value: object) -> bool | None:
    """A truth value in any of the spellings that tools use; None when it is none."""
    if isinstance(value, bool):
        return value
    return {"1": True, "0": False, "true": True, "false": False, "yes": True, "no": False}.get(
        str(value).strip().lower() if isinstance(value, str | int) else ""
    )


def size(value: str) -> int:
    """Bytes of a size as dmidecode prints it (`16 GB`, `8192 MB`, `No Module Installed`); 0 if unknown."""
    found = _SIZE.fullmatch(value[:MAX_TEXT]) if value else None
    factor = _UNITS.get(found[2].lower()) if found else None
    if not found or factor is None:
        return 0
    return min(int(found[1]) * factor, MAX_NUMBER)


def facts(text: str, separator: str = ":") -> Iterator[tuple[str, str]]:
    """The `key: value` lines of `text`, blanks around both removed; other lines are skipped."""
    for line in text.splitlines():
        key, found, value = line.partition(separator)
        if found:
            yield key.strip(), value.strip()


def first_line(output: bytes) -> str:
    """The first line of `output` that says anything, as one fact."""
    text = output[: 16 * MAX_TEXT].decode("utf-8", "replace")
    return next(filter(None, map(clean, text.splitlines())), "")
