"""The promise of an assignment: what an install makes of a machine, worked out once, stored, hashed, carried out.

Orders are rendered from it and from nothing else, so that what a person was shown and what is done are one thing, whatever a
later report says. ADR 0017 says why.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from oci.domain.promise.interfaces import BadInterface, Interface, canonical

# Before the hashed text, so that no other text that OCI hashes can stand for a promise.
_MARK = b"oci promise 1\n"
_KEYS = {"interfaces", "disks", "revision"}


class BadPromise(ValueError):
    """A stored promise that cannot be carried out; the text says what, why and what instead."""


@dataclass(frozen=True)
class Promise:
    """`interfaces` as `cabling` made them; `disks` the steps of the layout as canonical JSON text; `revision` from 1
    upwards, one more whenever anything in it changed."""

    interfaces: tuple[Interface, ...]
    disks: str
    revision: int

    def to_dict(self) -> dict[str, Any]:
        """The promise as JSON-safe objects; `read` makes it again."""
        return {
            "interfaces": [interface.to_dict() for interface in self.interfaces],
            "disks": json.loads(self.disks),
            "revision": self.revision,
        }


def promise(interfaces: Sequence[Interface], disks: object, before: Promise | None = None) -> Promise:
    """What is promised now; `disks` is JSON-safe. It is `before` itself when nothing changed, else the next revision."""
    told = canonical(disks).decode("ascii")
    if before is not None and (before.interfaces, before.disks) == (tuple(interfaces), told):
        return before
    return Promise(tuple(interfaces), told, before.revision + 1 if before else 1)


def digest(kept: Promise) -> str:
    """SHA-256 of the promise, 64 hexadecimal digits: what a person approves, and what an install compares before it begins.

    The revision is part of it: a promise that was changed and changed back has to be approved again.
    """
    return hashlib.sha256(_MARK + canonical(kept.to_dict())).hexdigest()


def read(stored: Mapping[str, Any], approved: str = "") -> Promise:
    """The promise in `stored`. Raises BadPromise when it is none, or not the one whose digest is `approved`."""
    if set(stored) != _KEYS or not isinstance(stored["interfaces"], list) or type(stored["revision"]) is not int:
        raise BadPromise("what is stored is no promise of this version of OCI; assign the machine again")
    try:
        interfaces = tuple(Interface.from_dict(row) for row in stored["interfaces"])
        kept = Promise(interfaces, canonical(stored["disks"]).decode("ascii"), stored["revision"])
    except (BadInterface, TypeError, ValueError) as error:
        raise BadPromise(f"the stored promise cannot be read ({error}); assign the machine again") from None
    if approved and digest(kept) != approved:
        raise BadPromise(
            f"the promise (revision {kept.revision}) is not the one that was approved; look at it and approve it anew"
        )
    return kept
