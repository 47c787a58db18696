"""What a use case is when somebody else is in the way, and when the database itself is."""

from __future__ import annotations

from dataclasses import replace

import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import DBAPIError, OperationalError
from sqlalchemy.orm.exc import StaleDataError

from oci.context import Actor, Ctx
from oci.db import failures, tables
from oci.db.session import begin_writing, engine, sessions
from oci.problems import Conflict, Forbidden, NotFound, Problem, Unavailable
from oci.services.machines import look, verbs
from oci.services.path import boots
from oci.services.usecase import usecase

VIEWER = Actor("vera", "viewer")


class Said(Exception):
    """What a driver raises."""

    def __init__(self, sqlstate: str | None) -> None:
        super().__init__("could not serialize access\nDETAIL:  secret")
        self.sqlstate = sqlstate


def failure(sqlstate: str | None) -> OperationalError:
    return OperationalError("UPDATE machine", {}, Said(sqlstate))


@usecase("test.work", "operator")
def work(ctx: Ctx, tries: list[int], trouble: list[Exception]) -> str | Problem:
    """Collects all that can be collected, and then fails as long as there is trouble."""
    number = len(tries) + 1
    tries.append(number)
    ctx.db.add(tables.Watch(name=f"try{number}", since=0, seen=0))
    ctx.event("boot.script", f"try {number}")
    ctx.note("token.refused", f"note {number}")
    ctx.after(lambda: ctx.outside.poke(number))
    ctx.db.flush()
    if trouble:
        raise trouble.pop()
    return "done"


def rows(world, column) -> list[str]:
    with world.appliance.make_session() as db:
        return list(db.scalars(select(column).order_by(column)))


@pytest.mark.parametrize("code", ["40001", "40P01", "23505", "23503"])
def test_a_second_run_begins_with_nothing_of_the_first(world, code) -> None:
    tries: list[int] = []
    assert work(world.ctx(), tries, [failure(code)]) == "done"
    assert tries == [1, 2] and world.poked == [2]
    assert rows(world, tables.Event.text) == ["try 2"] and rows(world, tables.Watch.name) == ["try2"]


def test_a_row_that_somebody_else_changed_is_tried_again(world) -> None:
    tries: list[int] = []
    assert work(world.ctx(), tries, [StaleDataError("UPDATE matched 0 rows")]) == "done" and tries == [1, 2]


def test_it_gives_up_after_five_with_plain_words_and_nothing_was_changed(world) -> None:
    tries: list[int] = []
    with pytest.raises(Conflict, match="others changed the same thing at the same moment"):
        work(world.ctx(), tries, [failure("40001") for _ in range(99)])
    assert tries == [1, 2, 3, 4, 5] and world.poked == []
    assert rows(world, tables.Event.text) == [] == rows(world, tables.Watch.name)


def test_a_name_that_stays_taken_is_a_conflict_and_no_defect(world) -> None:
    tries: list[int] = []

    @usecase("test.take", "operator")
    def take(ctx: Ctx) -> None:
        tries.append(1)
        ctx.db.add_all([tables.SharedFact(kind="mac", value="x", since=0, why=why) for why in ("a", "b")])

    @usecase("test.name", "operator")
    def name(ctx: Ctx) -> None:
        tries.append(1)
        for _ in range(2):
            ctx.db.add(tables.Person(name="olga", level="viewer", created=0))

    for use in (take, name):
        tries.clear()
        with pytest.raises(Conflict, match="others changed the same thing"):
            use(world.ctx())
        assert len(tries) == failures.TRIES


def test_a_defect_is_no_collision(world) -> None:
    tries: list[int] = []
    with pytest.raises(DBAPIError):
        work(world.ctx(), tries, [DBAPIError("SELEC 1", {}, Said("42601"))])
    assert tries == [1] and rows(world, tables.Watch.name) == []


@pytest.mark.parametrize("code", ["53100", "57P01", "08006", "55P03", "42P01", "42501", None])
def test_a_database_that_cannot_be_used_is_told_plainly_and_without_values(world, code) -> None:
    tries: list[int] = []
    with pytest.raises(Unavailable, match="could not be used") as told:
        work(world.ctx(), tries, [failure(code)])
    assert tries == [1] and "nothing was changed" in str(told.value) and "secret" not in str(told.value)


def test_a_note_that_cannot_be_written_hides_no_refusal(world, monkeypatch) -> None:
    @usecase("test.refuse", "viewer")
    def refuse(ctx: Ctx) -> None:
        ctx.note("token.refused", "no")
        monkeypatch.setattr("oci.services.usecase._write_notes", broken)
        raise Forbidden("not you")

    def broken(*_words: object) -> None:
        raise failure("53100")

    with pytest.raises(Forbidden, match="not you"):
        refuse(world.ctx())


def test_the_same_refusal_is_written_once_a_minute(world) -> None:
    for _ in range(2):
        with pytest.raises(Problem):
            boots.script(world.ctx(), boots.Asker(mac="x"))
        with pytest.raises(Forbidden):
            verbs.enrol(world.ctx(VIEWER), "52:54:00:77:00:01")
    assert len(rows(world, tables.Event.text)) == 2


@pytest.mark.parametrize("boot", ["a\0b", "x" * 5000])
def test_text_that_no_database_keeps_is_the_senders_fault(world, boot) -> None:
    with pytest.raises(Problem) as refused:
        boots.site(world.ctx(), boot, "10.77.0.9")
    assert refused.value.status in (400, 404)


@pytest.mark.one_database("postgresql")
def test_a_number_that_no_column_holds_is_the_senders_fault(world) -> None:
    @usecase("test.keep", "operator")
    def keep(ctx: Ctx) -> None:
        verbs.find(ctx, "1").cores = 2**40

    verbs.enrol(world.ctx(), "52:54:00:77:00:01")
    with pytest.raises(Problem, match="cannot be kept") as refused:
        keep(world.ctx())
    assert refused.value.status == 400


@pytest.mark.one_database("postgresql")
def test_who_reads_cannot_write(world) -> None:
    @usecase("test.write", "viewer", reads=True)
    def write(ctx: Ctx) -> None:
        ctx.db.add(tables.Watch(name="x", since=0, seen=0))

    with pytest.raises(Unavailable, match="read-only"):
        write(world.ctx())


@pytest.mark.one_database("postgresql")
def test_who_collided_has_the_database_to_himself_and_readers_do_not_wait(world) -> None:
    made = world.appliance.make_session
    with made() as first, made() as second:
        begin_writing(first, alone=True)
        assert second.scalar(text("SELECT count(*) FROM watch")) == 0
        second.rollback()
        second.execute(text("SET LOCAL lock_timeout = '50ms'"))
        with pytest.raises(OperationalError) as waited:
            begin_writing(second)
        assert failures.state(waited.value) == "55P03" and failures.is_unusable(waited.value)
        second.rollback()
        first.commit()
        begin_writing(second)


@pytest.mark.one_database("postgresql")
def test_every_transaction_is_serializable(world) -> None:
    with world.appliance.make_session() as db:
        assert db.scalar(text("SHOW transaction_isolation")) == "serializable"


@pytest.mark.one_database("postgresql")
def test_a_server_that_is_away_is_told_plainly(world, tmp_path) -> None:
    away = engine(f"postgresql://oci@/oci?host={tmp_path}")
    world.appliance = replace(world.appliance, make_session=sessions(away))
    with pytest.raises(Unavailable, match="could not be used"):
        look.list_machines(world.ctx())
    with pytest.raises(Unavailable, match="nothing was changed"):
        verbs.enrol(world.ctx(), "52:54:00:77:00:01")
    away.dispose()


def test_names_are_sorted_alike_and_found_alike(world) -> None:
    """By bytes, and a search means what was typed."""
    names = ["Zeta", "alpha", "b-2", "b1", "b_2", "beta.10", "beta.2", "ß", "50%"]
    with world.appliance.make_session() as db:
        for name in names:
            db.add(
                tables.Machine(
                    name=name,
                    state="discovered",
                    state_since=0,
                    created=0,
                    inventory={},
                    pulse=tables.Pulse(),
                    bmc=tables.Bmc(),
                )
            )
        db.commit()
    assert [m.name for m in look.list_machines(world.ctx()).machines] == sorted(names)
    found = {word: [m.name for m in look.list_machines(world.ctx(), search=word).machines] for word in "_%\\Ab"}
    assert found == {
        "_": ["b_2"],
        "%": ["50%"],
        "\\": [],
        "A": ["Zeta", "alpha", "beta.10", "beta.2"],
        "b": ["b-2", "b1", "b_2", "beta.10", "beta.2"],
    }
    with pytest.raises(NotFound):
        look.show(world.ctx(), "zeta")
