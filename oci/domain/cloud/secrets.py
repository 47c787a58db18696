"""Secrets of a cluster: what each is for and how it is made. Made once, and the same for all machines.

Nothing here is random by itself: whoever makes a secret brings the octets.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass

OCTETS = 32
"""Random octets that one secret is made of."""

_ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
_LETTERS = 32


def _word(octets: bytes) -> str:
    """32 letters and digits. 62^32 is 2^190, so the rest of a number of 2^256 favours none of them noticeably."""
    number, letters = int.from_bytes(octets, "big"), []
    for _ in range(_LETTERS):
        number, digit = divmod(number, len(_ALPHABET))
        letters.append(_ALPHABET[digit])
    return "".join(letters)


def _fernet(octets: bytes) -> str:
    """A key of Fernet. Source: Fernet specification, "Key Format"."""
    return base64.urlsafe_b64encode(octets).decode()


@dataclass(frozen=True)
class Kind:
    """How secrets of one kind look, for people, and how 32 random octets become one."""

    look: str
    make: Callable[[bytes], str]


WORD = Kind("32 letters and digits", _word)
FERNET = Kind("a Fernet key", _fernet)
# By name, the first that matches. Whatever is in no row is a word, which every program takes as a password.
KINDS: tuple[tuple[str, Kind], ...] = ((r"keystone\.(fernet|credential)\.[0-9]+", FERNET),)


def kind_of(name: str) -> Kind:
    """The kind of the secret called `name`."""
    return next((kind for pattern, kind in KINDS if re.fullmatch(pattern, name)), WORD)


def make(name: str, octets: bytes) -> str:
    """The secret called `name`, of 32 random octets. Raises ValueError for any other number of them."""
    if len(octets) != OCTETS:
        raise ValueError(f"a secret is made of {OCTETS} random octets, not of {len(octets)}")
    return kind_of(name).make(octets)


HIDDEN = "[redacted]"
"""What stands where a secret stood, as Puppet writes it."""
SHORTEST = 6
"""A known value of fewer characters is no secret: it would stand in words that are none."""
_NAMED = r"(?:pass(?:word|wd|phrase)?|secret|token|api_key|private_key|auth_key|identified by)"
_LOOKS: tuple[tuple[re.Pattern[str], str], ...] = (
    (re.compile(r"(://[^\s:/@]{0,100}:)[^\s@]{1,300}@"), rf"\1{HIDDEN}@"),
    (re.compile(r"([Bb]earer |[Bb]asic )[A-Za-z0-9+/=._~-]{6,}"), rf"\1{HIDDEN}"),
    (re.compile(rf"""(?i)({_NAMED}['"]?(?:\s?=>?\s?|\s?:\s|\s)['"])[^'"]{{1,500}}"""), rf"\1{HIDDEN}"),
    (re.compile(rf"""(?i)({_NAMED}['"]?\s?=(?!>)\s?)[^\s'",;)]{{1,500}}"""), rf"\1{HIDDEN}"),
    (re.compile(r"\$[0-9a-z]{1,8}\$[^\s'\"]{8,}"), HIDDEN),
    # What is made here: a word of 32 letters and digits, a key of Fernet; and a line of a key in PEM.
    (re.compile(r"(?<![A-Za-z0-9_-])[A-Za-z0-9_-]{43}="), HIDDEN),
    (re.compile(r"(?<![A-Za-z0-9])(?=[A-Za-z0-9]*[0-9])(?=[A-Za-z0-9]*[A-Z])[A-Za-z0-9]{32}(?![A-Za-z0-9])"), HIDDEN),
    (re.compile(r"(?<![A-Za-z0-9+/=])[A-Za-z0-9+/]{60,}={0,2}"), HIDDEN),
)


def hidden(text: str, values: Iterable[str] = ()) -> str:
    """`text` of a machine without the secrets `values`, and without what looks like one. More is hidden than must be: a
    line that tells less is better than one that tells a password."""
    for value in sorted((one for one in values if len(one) >= SHORTEST), key=len, reverse=True):
        text = text.replace(value, HIDDEN)
        # A line that was cut may end in the middle of it.
        kept = next((size for size in range(len(value) - 1, SHORTEST - 1, -1) if text.endswith(value[:size])), 0)
        text = text[: len(text) - kept] + HIDDEN if kept else text
    for pattern, instead in _LOOKS:
        text = pattern.sub(instead, text)
    return text
