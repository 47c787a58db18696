"""Which known machine is this? A judgement over facts, each weighed by what it is a fact of.

**mainboard**: UUID, MAC of the BMC, serial of the board (DMI type 2), MACs of its own ports (DMI type 41). They prove the
machine; one alone can be a filler, a spare part or written by a technician, two that agree are no chance.
**card**: MACs. All ports of one card are one proof, and how many agree counts for nothing: cards move.
**chassis**: serial of the system and of the enclosure (DMI types 1 and 3), within one vendor and model. They prove the box:
the nodes of one box share it, and it is written again after a repair.
**shared**: what two records of this fleet bear, or a person called shared; known fillers and what looks like one
(`fillers`). They prove nothing.

A fact *agrees*, *differs* or says nothing because one side is blank. The rules, first match wins:

| mainboard | cards | chassis | verdict | why |
|---|---|---|---|---|
| two agree, none differs | any | any | same | cards and labels were changed |
| one agrees, none differs | all | any | same | |
| BMC or own port agrees | any | no other | same | every card was changed |
| UUID or board agrees | unknown | same | same | |
| UUID or board agrees | other | not same | new | cheap boards repeat a UUID |
| one agrees | else | | doubt | a restored label, or twins with fillers |
| some agree, some differ | all | no other | same | the BMC was replaced, or the UUID written |
| two agree, one differs | some, unknown | no other | same | |
| one agrees, some differ | other | other | new | a controller of a whole enclosure |
| some agree, some differ | else | | doubt | a repair or a clone |
| all differ | any | other | new | a card moved |
| all differ | some, all | same | doubt | a new board under the old label, or the neighbour in the box |
| one differs | all | unknown | doubt | a virtual machine made again, or the only card moved |
| all differ | else | | new | |
| nothing known | all | same | same | if the product is the same |
| nothing known | all | unknown | same | if the product is the same; with one MAC and other disks, an adapter, a doubt |
| nothing known | all, some | else | doubt | a card was changed, or moved |
| nothing known | other | | new | |

A doubt about a machine that has neither a card nor a disk of the record is none: it is new, and can be joined.
A "same" of such a machine is a doubt when one fact of the mainboard or text alone (UUID, serial of the board) makes it,
and so is one by text alone of another chassis: blades behind one controller and two unknown fillers look like that.
Cards are *all* the same when one side has none that the other lacks, *some* when both have.
A doubt, and a report that two machines claim equally well, is a conflict for a person: a wrong "same" writes over the
wrong disk, a wrong "new" is one record too many.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

from oci.domain.identity.evidence import Evidence, compare, mainboard_differs
from oci.domain.identity.facts import (
    Identity,
    canonical_mac,
    canonical_uuid,
    meaningful,
    serial_number,
    swapped_uuid,
    uuid_spellings,
)

__all__ = [
    "DOUBT",
    "STRONG",
    "WEAK",
    "Claim",
    "Identity",
    "Known",
    "Match",
    "canonical_mac",
    "canonical_uuid",
    "compare",
    "judge",
    "mainboard_differs",
    "match",
    "meaningful",
    "serial_number",
    "swapped_uuid",
    "uuid_spellings",
]

STRONG, WEAK, DOUBT, NOT = 3, 2, 1, 0
"""How well a machine fits: by its mainboard, by its cards alone, perhaps, not."""

FIXED = frozenset({"bmc", "onboard"})
"""Facts of the mainboard that nobody writes; the others are text in a chip."""


@dataclass(frozen=True)
class Known:
    """One machine of the records: its id and the identity it was last seen with."""

    machine_id: int
    identity: Identity


@dataclass(frozen=True)
class Claim:
    """How well one known machine fits: which facts agree (`mac 52:54:..`, `uuid ..`), which differ."""

    machine_id: int
    score: int
    agree: tuple[str, ...]
    differ: tuple[str, ...]


@dataclass(frozen=True)
class Match:
    """The verdict. `machine_id` is set exactly for `same`; `claims` are best first.

    For `new` the claims are near misses, which share a fact but not enough; for `conflict` all
    among which a person has to choose. `shared` are the facts that proved nothing because several machines bear them.
    """

    verdict: Literal["same", "new", "conflict"]
    machine_id: int | None
    claims: tuple[Claim, ...]
    shared: frozenset[tuple[str, str]] = frozenset()

    @property
    def plain(self) -> bool:
        """True for a `same` that the mainboard says and nothing speaks against: disks could not change it."""
        return self.verdict == "same" and self.claims[0].score == STRONG and not self.claims[0].differ

    @property
    def reason(self) -> str:
        """One plain sentence for an event."""
        if self.verdict == "same":
            return f"known as machine {self.machine_id} by {', '.join(self.claims[0].agree)}"
        said = "; ".join(f"machine {c.machine_id} by {', '.join(c.agree)}" for c in self.claims)
        if self.verdict == "conflict" and len(self.claims) > 1:
            return f"claimed by more than one machine: {said}"
        if self.verdict == "conflict":
            return f"perhaps {said}, although {', '.join(self.claims[0].differ) or 'other cards'} speak against it"
        return f"a new machine, although it resembles {said}" if said else "a new machine"


def judge(found: Evidence) -> int:
    """STRONG, WEAK, DOUBT or NOT, by the table of this module."""
    verdict = _by_table(found)
    if verdict == DOUBT and found.cards == "none" and found.other_disks:
        return NOT  # a repair keeps the disks, or at least a card
    if verdict == STRONG and found.cards == "none" and _is_thin(found):
        return DOUBT
    return verdict


def _is_thin(found: Evidence) -> bool:
    """Whether all that agrees, where no card does, may be two unknown fillers, or the one controller of an enclosure."""
    if found.other_disks:
        return len(found.agreeing) == 1 or not found.agreeing & FIXED
    return found.chassis < 0 and not found.agreeing & FIXED


def _by_table(found: Evidence) -> int:
    if found.agreeing and found.differing:
        return _mixed(found)
    if found.agreeing:
        return _agreed(found)
    if found.differing:
        return _differed(found)
    adapter = found.other_disks and sum(words.count(" ") for words in found.cards_words) == 1
    fits = found.chassis > 0 or (found.chassis == 0 and not adapter)
    if found.cards == "all" and fits and not found.other_product:
        return WEAK
    return DOUBT if found.cards in ("all", "some") else NOT


def _agreed(found: Evidence) -> int:
    fixed = bool(found.agreeing & FIXED)
    if len(found.agreeing) > 1 or found.cards == "all":
        return STRONG
    if found.chassis >= 0 and (fixed or (found.cards == "" and found.chassis)):
        return STRONG
    if found.cards == "none" and not fixed and found.chassis <= 0:
        return NOT
    return DOUBT


def _mixed(found: Evidence) -> int:
    if found.chassis >= 0 and (found.cards == "all" or (len(found.agreeing) > 1 and found.cards in ("some", ""))):
        return STRONG
    return (
        NOT
        if found.cards == "none"
        and len(found.agreeing) == 1
        and (found.chassis < 0 or (found.chassis == 0 and not found.agreeing & FIXED))
        else DOUBT
    )


def _differed(found: Evidence) -> int:
    if found.chassis < 0 or found.cards in ("", "none"):
        return NOT
    return DOUBT if found.chassis > 0 or (found.cards == "all" and len(found.differing) == 1) else NOT


def _borne_twice(known: Sequence[Known]) -> frozenset[tuple[str, str]]:
    """Facts that more than one of `known` has."""
    owners: dict[tuple[str, str], set[int]] = {}
    for row in known:
        for fact in row.identity.values():
            owners.setdefault(fact, set()).add(row.machine_id)
    return frozenset(fact for fact, ids in owners.items() if len(ids) > 1)


def match(facts: Identity, known: Sequence[Known], shared: Iterable[tuple[str, str]] = ()) -> Match:
    """Decide whether `facts` belong to one of `known`, to a new machine, or must be asked about.

    `known` is the short list of machines that share a fact with `facts`; `shared` are facts (kind, value) that this
    fleet is known to bear more than once. The answer does not depend on the order of either.
    """
    nothing = frozenset(shared) | _borne_twice(known)
    mine = facts.without(nothing)
    judged = []
    for row in known:
        found = compare(mine, row.identity.without(nothing))
        if found.agree:
            judged.append(Claim(row.machine_id, judge(found), found.agree, found.differ))
    claims = tuple(sorted(judged, key=lambda claim: (-claim.score, -len(claim.agree), claim.machine_id)))
    likely = tuple(claim for claim in claims if claim.score >= DOUBT)
    if not likely:
        return Match("new", None, claims, nothing)
    best = [claim for claim in likely if claim.score == likely[0].score]
    if len(best) > 1 or best[0].score == DOUBT or (best[0].score == WEAK and len(likely) > 1):
        return Match("conflict", None, likely if best[0].score < STRONG else tuple(best), nothing)
    return Match("same", best[0].machine_id, claims, nothing)
