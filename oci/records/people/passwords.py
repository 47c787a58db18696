"""Passwords, as they are stored and compared. Shared by use cases; holds none itself."""

from __future__ import annotations

import secrets
from functools import cache

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHash, VerificationError

from oci.problems import Problem

HASHER = PasswordHasher(time_cost=3, memory_cost=65536, parallelism=4)  # RFC 9106, second recommendation
SHORTEST, LONGEST = 10, 256  # characters


@cache
def _nobodys_hash() -> str:
    return str(HASHER.hash(secrets.token_hex(16)))


def hashed(password: str) -> str:
    """What is stored of `password`. Raises Problem when it is too short or too long."""
    if not SHORTEST <= len(password) <= LONGEST:
        raise Problem(f"a password has {SHORTEST} to {LONGEST} characters; choose another")
    return str(HASHER.hash(password))


def matches(stored: str, password: str) -> bool:
    """Whether `password` fits what is stored; an empty `stored` never fits, and takes as long to find out."""
    spare = _nobodys_hash()
    try:
        HASHER.verify(stored or spare, password[:LONGEST])
    except (VerificationError, InvalidHash, UnicodeEncodeError):
        return False
    return bool(stored) and len(password) <= LONGEST
