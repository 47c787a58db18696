"""No order reaches a machine it was not given for, no machine is lost, no two become one silently: in any history.

Thousands are carried out on paper, with the functions that decide; hundreds through the services.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import histories
import pytest
from fleet import Fleet, Server, hash_of
from histories import facts_of
from sqlalchemy import delete

from oci.app import APPLIANCE
from oci.db import tables
from oci.domain import hardware
from oci.domain.identity.facts import Identity
from oci.domain.identity.verdict import Known, Match, mainboard_differs, match
from oci.domain.path.boot_owner import Record, owner
from oci.problems import Problem
from oci.schemas.machines.conflicts import JoinIn
from oci.services.machines import conflicts, look, verbs
from oci.services.path import puppet, works

SOME, FEW = 60, 12  # histories through the services in `make test`, on the first database and on the second


@dataclass
class Row:
    """One record on paper."""

    facts: Identity
    learned: set[str] = field(default_factory=set)
    order: Identity | None = None
    active: bool = False


@dataclass
class Paper:
    """Records without a database; every decision is the appliance's own function."""

    rows: dict[int, Row] = field(default_factory=dict)
    shared: set[tuple[str, str]] = field(default_factory=set)
    questions: dict[str, tuple[Identity, list[int]]] = field(default_factory=dict)
    sits: dict[int, int] = field(default_factory=dict)  # metal: record that its live system speaks for

    def live(self, metal: int, it: Server, mac: str, says: bool) -> int | str:
        self.sits.pop(metal, None)
        by_mac = [self._record(n) for n, r in self.rows.items() if mac in r.facts.macs | r.learned]
        told = (it.uuid, it.serial) if says else ("", "")
        guess = owner(*told, by_mac, ()).machine_id
        if guess is not None and self.rows[guess].active:
            return "disk"
        facts = facts_of(it, mac)
        known = [Known(n, Identity.of(boot_macs=r.learned, **_plain(r.facts))) for n, r in self.rows.items()]
        found = self.judge(facts, [k for k in known if set(k.identity.values()) & set(facts.values())])
        if found.verdict == "conflict":
            name = f"q{len(self.questions)}"
            self.questions[name] = (facts, [claim.machine_id for claim in found.claims])
            return name
        number = found.machine_id or len(self.rows) + 1
        others = {pair for n, r in self.rows.items() if n != number for pair in r.facts.values()}
        self.shared |= {pair for pair in facts.values() if pair[0] != "mac" and pair in others}
        return self._is(metal, number, facts)

    def judge(self, facts: Identity, known: list[Known]) -> Match:
        return match(facts, known, self.shared)

    def _record(self, number: int) -> Record:
        row = self.rows[number]
        return Record(number, row.facts.uuid, row.facts.serial, own_disk=row.active, wanted_live=row.order is not None)

    def _is(self, metal: int, number: int, facts: Identity) -> int:
        row = self.rows.setdefault(number, Row(facts))
        row.facts, row.learned = facts, row.learned | facts.boot_macs
        self.sits = {m: n for m, n in self.sits.items() if n != number} | {metal: number}
        return number

    def off(self, metal: int) -> None:
        self.sits.pop(metal, None)

    def suspects(self, question: str) -> list[int]:
        return self.questions[question][1]

    def answer(self, question: str, record: int | None) -> int:
        facts, suspects = self.questions[question]
        if record is None:
            theirs = {pair for n in suspects for pair in self.rows[n].facts.values()}
            self.shared |= set(facts.values()) & theirs
            record = len(self.rows) + 1
            self.rows[record] = Row(facts)
        else:
            self.rows[record].facts = facts
            if self.rows[record].order:
                self.rows[record].order = facts
        return record

    def order(self, record: int) -> bool:
        self.rows[record].order, self.rows[record].active = self.rows[record].facts, False
        return True

    def claim(self, metal: int) -> int | None:
        number = self.sits.get(metal)
        if number is None or self.rows[number].order is None:
            return None
        row, ordered = self.rows[number], self.rows[number].order
        row.order = None
        if mainboard_differs(row.facts, ordered):
            return None
        row.active = True
        return number


def _plain(facts: Identity) -> dict[str, Any]:
    names = ("macs", "bmc_mac", "uuid", "serial", "vendor", "model", "board_serial", "chassis_serial")
    return {name: getattr(facts, name) for name in names}


class Served(Fleet):
    """The same through the services, on one database that is emptied for each history."""

    def __init__(self, world: Any) -> None:
        super().__init__(world)
        self.tokens: dict[int, str] = {}
        self.metal: dict[int, Server] = {}

    def live(self, metal: int, it: Server, mac: str, says: bool) -> int | str:
        self.tokens.pop(metal, None)
        self.metal[metal] = it
        token = self.boot(it, mac=mac, says=says, wait=4000)
        if not token:
            return "disk"
        self.tokens[metal] = token
        said = self.report(token, it)
        if isinstance(said, int):
            return said
        found = conflicts.list_conflicts(self.op).conflicts
        mine = [c for c in found if c.kind == "report" and f"show {c.id}`" in f"{said}`"]
        assert mine, said
        return f"q{mine[0].id}"

    def off(self, metal: int) -> None:
        self.tokens.pop(metal, None)

    def suspects(self, question: str) -> list[int]:
        return [suspect.id for suspect in conflicts.show(self.op, int(question[1:])).machines]

    def answer(self, question: str, record: int | None) -> int:
        number = int(question[1:])
        found = conflicts.show(self.op, number)
        if not found.verbs:  # the same question of the same machine was answered before
            return look.show(self.op, found.machine).id
        made = conflicts.join(self.op, number, JoinIn(machine=str(record))) if record else conflicts.split(self.op, number)
        return look.show(self.op, made.machine).id

    def order(self, record: int) -> bool:
        state = self.state(record)
        if state not in ("discovered", "active", "failed"):
            return False
        if state == "discovered":
            super().order(record)
        else:
            verbs.promise(self.op, str(record))  # its cards may be others by now; whoever orders it looks first
            verbs.install(self.op, str(record))
        return True

    def claim(self, metal: int) -> int | None:
        token = self.tokens.get(metal)
        try:
            orders = works.claim(self.no, token or "", "install")
        except Problem:
            return None
        works.done(self.no, orders["TOKEN"])
        del self.tokens[metal]
        made = look.show(self.op, orders["FQDN"])
        puppet.report(self.world.ctx(APPLIANCE), orders["FQDN"], {"status": "changed"})
        return made.id


@pytest.fixture
def tmp_path() -> Iterator[Path]:
    """In memory: thousands of commits wait for no disk."""
    memory = Path("/dev/shm")
    with tempfile.TemporaryDirectory(dir=memory if memory.is_dir() else None) as folder:
        yield Path(folder)


@pytest.fixture
def served(world) -> Iterator[Any]:
    made = Served(world)
    made.site()
    kept = ("network", "range", "cluster")

    def empty() -> Served:
        with world.appliance.make_session() as db:
            for table in reversed(tables.Table.metadata.sorted_tables):
                if table.name not in kept:
                    db.execute(delete(table))
            db.commit()
        made.tokens.clear()
        return made

    return empty


@pytest.mark.parametrize("part", range(4))
def test_on_paper(part: int) -> None:
    for seed in range(part * 500, part * 500 + 500):
        histories.run(Paper(), seed)


@pytest.mark.long
@pytest.mark.parametrize("part", range(50))
def test_many_more_on_paper(part: int) -> None:
    for seed in range(10_000 + part * 1000, 11_000 + part * 1000):
        histories.run(Paper(), seed)


def test_through_the_services(served, database) -> None:
    for seed in range(SOME if database == "sqlite" else FEW):
        histories.run(served(), seed, steps=10)


@pytest.mark.long
@pytest.mark.one_database
def test_many_more_through_the_services(served) -> None:
    for seed in range(SOME, 2 * SOME):
        histories.run(served(), seed, steps=10)
    for seed in range(1000, 1600):
        histories.run(served(), seed)


class Rash(Paper):
    """Were every doubt a yes, and every new machine that resembles another that one."""

    def judge(self, facts: Identity, known: list[Known]) -> Match:
        found = super().judge(facts, known)
        return replace(found, verdict="same", machine_id=found.claims[0].machine_id) if found.claims else found


def test_a_history_is_found_out_when_the_rules_are_loose() -> None:
    with pytest.raises(AssertionError, match="silently became record"):
        for seed in range(500):
            histories.run(Rash(), seed)


def test_orders_stay_with_their_mainboard_even_where_who_is_who_is_guessed(monkeypatch) -> None:
    for seed in range(300):
        histories.run(Rash(), seed, rash=True)
    monkeypatch.setattr(sys.modules[__name__], "mainboard_differs", lambda _now, _then: False)
    with pytest.raises(AssertionError, match="given for another mainboard"):
        for seed in range(300):
            histories.run(Rash(), seed, rash=True)


def test_the_paper_reads_a_report_as_the_appliance_does() -> None:
    for seed in range(5):
        it = histories.run(Paper(), seed).fleet[0]
        found = hardware.identity(hardware.parse(it.report()), it.macs[0])
        assert found.values() == facts_of(it, it.macs[0]).values() and len(hash_of(it)) == 64
