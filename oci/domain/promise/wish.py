"""A person's order about cabling as words: how `ocicli` and pages take it, and as it is stored.

`cards`: NETWORK=CARD, where CARD is a MAC, a name, `SWITCH PORT` as LLDP told, or a bond. `bonds`: NAME=CARD,CARD and, if
another than 802.3ad is wanted, :MODE after it. `bridges`: NETWORK=BRIDGE. `tagged`: NETWORK. `default`: NETWORK.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from oci.domain.promise.cabling import BondOrder, Override
from oci.domain.promise.interfaces import MODES, Bond

KEYS = ("cards", "bonds", "bridges", "tagged", "default")


class BadWish(ValueError):
    """Words that are no order about cabling; the text says which, why and what would do."""


def _pairs(what: str, words: Sequence[str], like: str) -> dict[str, str]:
    pairs: dict[str, str] = {}
    for word in words:
        name, sign, value = (part.strip() for part in str(word).partition("="))
        if not (name and sign and value):
            raise BadWish(f"{what} {str(word)[:80]!r} is none; write it like {like}")
        if pairs.setdefault(name, value) != value:
            raise BadWish(f"{what} names {name[:63]} twice; name it once")
    return pairs


def _bond(name: str, text: str) -> BondOrder:
    head, colon, mode = text.rpartition(":")
    if not (colon and mode in MODES):
        head, mode = text, ""  # a MAC has colons too
    cards = tuple(card.strip() for card in head.split(",") if card.strip())
    return BondOrder(name, cards, Bond(mode) if mode else Bond())


def read(words: Mapping[str, Any]) -> Override:
    """The order that `words` say. Raises BadWish; whether the machine can be cabled so is judged by `cabling`."""
    unknown = sorted(set(words) - set(KEYS))
    if unknown:
        raise BadWish(f"{', '.join(unknown)[:80]} is not known of cabling; known are {', '.join(KEYS)}")
    bonds = _pairs("bond", words.get("bonds", ()), "bond0=eno1,eno2 or bond0=eno1,eno2:active-backup")
    return Override(
        cards=_pairs("card", words.get("cards", ()), "storage=eno2"),
        bonds=tuple(_bond(name, text) for name, text in bonds.items()),
        bridges=_pairs("bridge", words.get("bridges", ()), "external=br-ex"),
        tagged=frozenset(map(str, words.get("tagged", ()))),
        default=str(words.get("default", "")),
    )


def said(words: Mapping[str, Any]) -> str:
    """The order in one line, for people; empty when nothing is ordered."""
    parts = [f"{key} {', '.join(words[key])}" for key in KEYS[:4] if words.get(key)]
    return "; ".join([*parts, *([f"default {words['default']}"] if words.get("default") else [])])
