"""What two identities have in common and what not, by the part of the machine that each fact belongs to."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from oci.domain.identity.facts import Identity, is_local, node_of, swapped_uuid
from oci.domain.identity.fillers import bare

Cards = Literal["", "all", "some", "none"]


@dataclass(frozen=True)
class Evidence:
    """How two identities compare.

    `board` holds kind, words and agreement of each fact of the mainboard (uuid, board, bmc, onboard). `chassis` is 1
    when a number of the chassis agrees, -1 when it differs. `cards` are the network cards: 'all' when neither
    side has one beyond what the other has, 'some' when both have, '' when one side names none. `other_disks`: both
    sides name disks, and none is the same.
    """

    board: tuple[tuple[str, str, bool], ...] = ()
    chassis: int = 0
    chassis_words: str = ""
    cards: Cards = ""
    cards_words: tuple[str, ...] = ()
    other_product: bool = False
    other_disks: bool = False

    @property
    def agreeing(self) -> frozenset[str]:
        """Kinds of the mainboard's facts that agree."""
        return frozenset(kind for kind, _, equal in self.board if equal)

    @property
    def differing(self) -> frozenset[str]:
        """Kinds of the mainboard's facts that differ."""
        return frozenset(kind for kind, _, equal in self.board if not equal)

    @property
    def agree(self) -> tuple[str, ...]:
        """Every fact that agrees, in words; the ports of one card are one fact."""
        cards = self.cards_words if self.cards in ("all", "some") else ()
        board = tuple(words for _, words, equal in self.board if equal)
        return (*cards, *board, *((self.chassis_words,) if self.chassis > 0 else ()))

    @property
    def differ(self) -> tuple[str, ...]:
        """Every fact that differs, in words."""
        cards = self.cards_words if self.cards == "none" else ()
        board = tuple(words for _, words, equal in self.board if not equal)
        return (*cards, *board, *((self.chassis_words,) if self.chassis < 0 else ()))


def compare(facts: Identity, was: Identity) -> Evidence:
    """`facts` against `was`. A fact that one side lacks says nothing."""
    chassis, words = _chassis(facts, was)
    cards, ports = _cards(facts, was)
    other_disks = bool(facts.disks and was.disks and not facts.disks & was.disks)
    return Evidence(tuple(_board(facts, was)), chassis, words, cards, ports, not _same_product(facts, was), other_disks)


def mainboard_differs(facts: Identity, was: Identity) -> bool:
    """True when no fact of the mainboard agrees and at least one differs; without any, when no card is the same."""
    found = compare(facts, was)
    if found.board:
        return not found.agreeing
    return found.cards == "none"


def _same_product(one: Identity, other: Identity) -> bool:
    pairs = ((one.vendor, other.vendor), (one.model, other.model))
    return all(not a or not b or a.casefold() == b.casefold() for a, b in pairs)


def _board(facts: Identity, was: Identity) -> Iterator[tuple[str, str, bool]]:
    if facts.bmc_mac and was.bmc_mac:
        yield "bmc", f"bmc mac {facts.bmc_mac}", facts.bmc_mac == was.bmc_mac
    if facts.uuid and was.uuid and not _follows_a_card(facts, was):
        yield "uuid", f"uuid {facts.uuid}", _same_uuid(facts.uuid, was.uuid)
    if facts.board_serial and was.board_serial:
        equal = bare(facts.board_serial) == bare(was.board_serial) and _same_product(facts, was)
        yield "board", f"board serial {facts.board_serial}", equal
    if facts.onboard and was.onboard:
        shared = sorted(facts.onboard & was.onboard)
        yield "onboard", f"mac {' '.join(shared or sorted(facts.onboard))}", bool(shared)


def _same_uuid(one: str, other: str) -> bool:
    return one in (other, swapped_uuid(other))


def _follows_a_card(facts: Identity, was: Identity) -> bool:
    """Some firmware makes the UUID of a card's MAC, and of another card's when that one is switched off.

    Such a UUID says no more than the card itself, unless it is a card of the mainboard.
    """
    mine, theirs = node_of(facts.uuid), node_of(was.uuid)
    if _same_uuid(facts.uuid, was.uuid):
        return mine in facts.macs & was.macs and mine not in facts.onboard | was.onboard
    return {mine, theirs} <= facts.macs | was.macs and (mine in was.macs or theirs in facts.macs)


def _chassis(facts: Identity, was: Identity) -> tuple[int, str]:
    pairs = (("serial", facts.serial, was.serial), ("chassis serial", facts.chassis_serial, was.chassis_serial))
    for kind, mine, theirs in pairs:
        if mine and theirs:
            equal = bare(mine) == bare(theirs) and _same_product(facts, was)
            return (1 if equal else -1), f"{kind} {mine}"
    return 0, ""


def _cards(facts: Identity, was: Identity) -> tuple[Cards, tuple[str, ...]]:
    # Those of the mainboard are compared as facts of the mainboard where both sides know which they are.
    apart = facts.onboard | was.onboard if facts.onboard and was.onboard else frozenset()
    mine, theirs = facts.macs - apart, was.macs - apart
    seen, known = mine | facts.boot_macs - apart, theirs | was.boot_macs - apart
    if not seen or not known:
        return "", ()
    shared = seen & known
    made_up = shared and all(map(is_local, shared))
    if made_up and not all(map(is_local, mine)) and not all(map(is_local, theirs)):
        shared = frozenset()  # a bond's or a hypervisor's, on machines with cards of their own
    if not shared:
        return "none", tuple(f"mac {' '.join(sorted(card))}" for card in facts.cards or (seen,))
    grouped = [card & shared for card in facts.cards if card & shared]
    rest = shared.difference(*grouped)
    ports = tuple(f"mac {' '.join(sorted(card))}" for card in (*grouped, *((rest,) if rest else ())))
    return ("all" if mine <= known or theirs <= seen else "some"), ports
