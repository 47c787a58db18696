"""Flavors of a cloud, as the setting of that name declares them: one word each, NAME:VCPUS:MIB:GIB."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from uuid import NAMESPACE_URL, UUID, uuid5

LOOK = (
    "flavors like m1.small:1:2048:20 (name, virtual CPUs, MiB of memory, GiB of disk; 999999 at most), each name once, "
    "separated by blanks; empty: none"
)
# Nova takes blanks and more in a name; this is what fits a command line, a line of configuration and a page as it is.
_WORD = re.compile(r"([A-Za-z0-9][A-Za-z0-9._-]{0,62}):([0-9]{1,6}):([0-9]{1,6}):([0-9]{1,6})")


@dataclass(frozen=True)
class Flavor:
    """What a server of that flavor is given: virtual CPUs, memory in MiB, and a disk in GiB (0: as large as its image)."""

    name: str
    vcpus: int
    memory_mib: int
    disk_gib: int

    @property
    def word(self) -> str:
        """The one text of it."""
        return f"{self.name}:{self.vcpus}:{self.memory_mib}:{self.disk_gib}"

    @property
    def id(self) -> UUID:
        """Its id in Nova. It follows from the name, so that whoever makes it twice is told that it is there."""
        return uuid5(NAMESPACE_URL, f"oci:flavor:{self.name}")


def flavor(word: str) -> Flavor:
    """The flavor that `word` declares. Raises ValueError with the reason."""
    parts = _WORD.fullmatch(word)
    if parts is None:
        raise ValueError(f"{word[:80]!r} is not like that")
    made = Flavor(parts[1], *(int(number) for number in parts.groups()[1:]))
    if not made.vcpus or not made.memory_mib:
        raise ValueError(f"the flavor {made.name} has no {'memory' if made.vcpus else 'virtual CPU'}")
    return made


def flavors(words: Iterable[str]) -> tuple[Flavor, ...]:
    """Those that `words` declare, in their order; one that is there twice counts once. Raises ValueError with the reason."""
    made = dict.fromkeys(map(flavor, words))
    names = [one.name for one in made]
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise ValueError(f"the flavor {twice} is there twice, with different numbers")
    return tuple(made)
