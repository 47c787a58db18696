"""Random histories of a fleet: cards and boards change places, twins arrive, people answer, orders are given.

The truth is known here and nowhere else: which machine of metal reported, and for which one an order was given. A driver
carries a history out, on paper (the decisions alone) or through the services.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any, Protocol

from fleet import Server, server

from oci.domain.identity.verdict import Identity, mainboard_differs

FILLED = (
    ("FEFEFEFE-FEFE-FEFE-FEFE-FEFEFEFEFEFE", "SSN12345678901234567"),
    ("03000200-0400-0500-0006-000700080009", ""),
    ("", "Default string"),
    ("", ""),
)
# Equal in every machine of a batch, and on no list.
BATCH = (("7d1f2c55-9b3e-4b6a-8f5e-2d4c6b8a9e01", "EVALBOARD7"), ("2b9a6e1d-4f33-4c0a-9d7b-60c1e5f7a812", ""))
ADAPTERS = ("00:50:b6:10:20:30", "00:e0:4c:53:44:58", "02:5e:10:00:00:07")


def facts_of(it: Server, mac: str = "") -> Identity:
    """What its report says it is."""
    return Identity.of(it.macs, it.bmc, it.uuid, it.serial, it.vendor, it.model, it.board, boot_macs=[mac])


class Driver(Protocol):
    """What a history needs of an appliance. An answer is the record, a question's number as 'q7', or 'disk'."""

    def live(self, metal: int, it: Server, mac: str, says: bool) -> int | str: ...
    def suspects(self, question: str) -> list[int]: ...
    def answer(self, question: str, record: int | None) -> int: ...
    def order(self, record: int) -> bool: ...
    def claim(self, metal: int) -> int | None: ...
    def off(self, metal: int) -> None: ...


@dataclass
class Truth:
    """Who is who, and what must never happen."""

    driver: Driver
    seed: int
    fleet: dict[int, Server] = field(default_factory=dict)
    owner: dict[int, int] = field(default_factory=dict)  # record: metal
    ordered: dict[int, int] = field(default_factory=dict)  # record: metal that the order was given for
    open: dict[int, str] = field(default_factory=dict)  # metal: question
    meant: dict[int, Server] = field(default_factory=dict)  # record: what the machine was when it was ordered
    seen: dict[int, Server] = field(default_factory=dict)
    rash: bool = False  # who is who is guessed, so only the orders can be right
    spares: int = 0
    told: list[str] = field(default_factory=list)

    def fail(self, words: str) -> None:
        raise AssertionError("\n".join([f"history {self.seed}: {words}", *self.told]))

    def rebuild(self, metal: int, it: Server) -> None:
        """Switched off, and put together otherwise."""
        self.driver.off(metal)
        self.fleet[metal] = it

    def boots(self, metal: int, mac: str = "", says: bool = True) -> None:
        """A machine boots by any card; what it is taken for must be it, or be asked."""
        it = self.fleet[metal]
        found = self.driver.live(metal, it, mac or it.macs[0], says)
        self.told.append(f"{metal} boots by {mac or it.macs[0]} {'' if says else 'silently '}as {found}: {it}")
        if isinstance(found, int):
            self.is_record(metal, found)
            self.seen[found] = it
        elif found != "disk":
            self.open[metal] = found
        if found == "disk" or isinstance(found, int):
            self.open.pop(metal, None)

    def is_record(self, metal: int, record: int) -> None:
        if self.owner.setdefault(record, metal) != metal and not self.rash:
            self.fail(f"machine {metal} silently became record {record}, which is machine {self.owner[record]}")

    def person(self, metal: int) -> None:
        """Whoever walks to the machine and looks answers what is true."""
        question = self.open.pop(metal, "")
        if not question:
            return
        mine = [r for r in self.driver.suspects(question) if self.owner.get(r) == metal]
        record = self.driver.answer(question, mine[0] if mine else None)
        self.told.append(f"a person says that {metal} is {mine or 'new'}: {record}")
        self.seen[record] = self.fleet[metal]
        if mine:
            self.is_record(metal, record)
            if record in self.ordered:
                self.ordered[record], self.meant[record] = metal, self.fleet[metal]
        else:
            self.owner[record] = metal

    def orders(self, record: int) -> None:
        if self.driver.order(record):
            self.ordered[record] = self.owner[record]
            self.meant[record] = self.seen[record]
            self.told.append(f"record {record} is ordered")

    def claims(self, metal: int) -> None:
        record = self.driver.claim(metal)
        if record is not None:
            self.told.append(f"{metal} is given the order of {record}")
            now, then = self.fleet[metal], self.meant[record]
            if mainboard_differs(facts_of(now), facts_of(then)):
                self.fail(f"the order of record {record} was given for another mainboard")
            if self.ordered.pop(record, None) != metal and not self.rash:
                self.fail(f"machine {metal} was given the order of record {record}, which is not for it")


def _arrive(truth: Truth, chance: random.Random, number: int) -> None:
    kind = chance.choice(("full", "full", "blade", "white", "white", "twin", "filled", "local"))
    it = server(truth.seed % 4000 * 8 + number, cards=chance.choice((1, 2, 3)))
    if kind == "blade":
        it = replace(it, serial="BOX0001", board="", bmc=chance.choice(("b0:26:0e:0e:0b:0c", it.bmc)))
    elif kind in ("white", "twin", "filled"):
        uuid, serial = chance.choice({"white": ((it.uuid, ""), ("", it.serial)), "twin": BATCH, "filled": FILLED}[kind])
        it = replace(it, uuid=uuid, serial=serial, bmc="", board=chance.choice(("", "Default string", it.board)))
    elif kind == "local":
        it = replace(it, macs=tuple("52:54" + mac[5:] for mac in it.macs), bmc="", board="", virtual="")
    if chance.random() < 0.1:
        it = replace(it, virtual=ADAPTERS[2])
    truth.fleet[number] = it
    truth.boots(number, it.virtual)


def _move_cards(truth: Truth, chance: random.Random) -> None:
    """All cards but a machine's own port (its first MAC) go to another machine."""
    one, two = chance.sample(sorted(truth.fleet), 2)
    a, b = truth.fleet[one], truth.fleet[two]
    truth.told.append(f"cards of {one} go to {two}")
    truth.rebuild(two, replace(b, macs=(*b.macs, *a.macs[1:])))
    truth.rebuild(one, replace(a, macs=a.macs[:1]))


def _swap_cards(truth: Truth, chance: random.Random) -> None:
    one, two = chance.sample(sorted(truth.fleet), 2)
    a, b = truth.fleet[one], truth.fleet[two]
    truth.told.append(f"{one} and {two} swap their cards")
    truth.rebuild(one, replace(a, macs=(a.macs[0], *b.macs[1:])))
    truth.rebuild(two, replace(b, macs=(b.macs[0], *a.macs[1:])))


def _plug_adapter(truth: Truth, chance: random.Random) -> None:
    metal, adapter = chance.choice(sorted(truth.fleet)), chance.choice(ADAPTERS)
    for number, it in list(truth.fleet.items()):
        if adapter in it.macs:
            truth.rebuild(number, replace(it, macs=tuple(mac for mac in it.macs if mac != adapter)))
    truth.rebuild(metal, replace(truth.fleet[metal], macs=(*truth.fleet[metal].macs, adapter)))
    truth.boots(metal, adapter)


def _repair(truth: Truth, chance: random.Random) -> None:
    """A new mainboard: its port, BMC and serial are others; the technician restores what he can, or not."""
    metal = chance.choice(sorted(truth.fleet))
    truth.spares += 1
    it, spare = truth.fleet[metal], server(40_000 + truth.seed % 1000 * 16 + truth.spares)
    restored = chance.choice(("both", "serial", "nothing"))
    truth.told.append(f"{metal} gets a new board, restored: {restored}")
    truth.rebuild(
        metal,
        replace(
            it,
            macs=(spare.macs[0], *it.macs[1:]),
            bmc=spare.bmc if it.bmc else "",
            board=spare.board if it.board else "",
            uuid=it.uuid if restored == "both" else spare.uuid if it.uuid else "",
            serial=it.serial if restored != "nothing" else "",
        ),
    )


def _boot_some(truth: Truth, chance: random.Random) -> None:
    """Two at the same moment, each by any of its cards, with a loader that says who it is or not."""
    for metal in chance.sample(sorted(truth.fleet), min(2, len(truth.fleet))):
        it = truth.fleet[metal]
        truth.boots(metal, chance.choice((it.virtual or it.macs[0], *it.macs)), chance.random() < 0.7)


def _deal(truth: Truth, chance: random.Random) -> None:
    if truth.owner and chance.random() < 0.6:
        truth.orders(chance.choice(sorted(truth.owner)))
    for metal in sorted(truth.fleet):
        truth.claims(metal)


def _ask_people(truth: Truth, chance: random.Random) -> None:
    for metal in sorted(truth.open):
        truth.person(metal)


STEPS: tuple[tuple[Callable[[Truth, random.Random], None], int], ...] = (
    (_move_cards, 2),
    (_swap_cards, 2),
    (_plug_adapter, 1),
    (_repair, 1),
    (_boot_some, 5),
    (_deal, 4),
    (_ask_people, 2),
)


def run(driver: Any, seed: int, steps: int = 14, rash: bool = False) -> Truth:
    """Carry out the history `seed`. Raises AssertionError with the whole story when something happens that must not."""
    chance, truth = random.Random(seed), Truth(driver, seed, rash=rash)
    for number in range(chance.randint(2, 5)):
        _arrive(truth, chance, number)
    deeds, weights = zip(*STEPS, strict=True)
    for deed in chance.choices(deeds, weights, k=steps):
        deed(truth, chance)
    for metal in () if rash else sorted(truth.fleet):
        _settle(truth, metal)
    return truth


def _settle(truth: Truth, metal: int) -> None:
    """In the end everybody boots and people answer: each machine has a record that is its own."""
    for _ in range(6):
        truth.boots(metal, says=False)
        truth.person(metal)
        if metal in truth.owner.values():
            return
    truth.fail(f"machine {metal} is lost")
