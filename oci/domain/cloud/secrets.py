"""Secrets of a cluster: what each is for and how it is made. Made once, and the same for all machines.

Nothing here is random by itself: whoever makes a secret brings the octets.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Callable
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
