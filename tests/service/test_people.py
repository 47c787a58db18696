"""People, levels, sign-in and tokens."""

from __future__ import annotations

import threading
from typing import Literal

import pytest
from argon2 import PasswordHasher
from sqlalchemy import func, select

from oci.app import APPLIANCE
from oci.context import Actor
from oci.db import tables
from oci.problems import Conflict, Forbidden, NotFound, TooMany, Unauthorised
from oci.records.people import passwords
from oci.schemas.people.people import PersonIn, TokenIn
from oci.services.people import people

NOBODY = Actor("nobody", "nobody")
ADA, OLGA, VERA = Actor("ada", "admin"), Actor("olga", "operator"), Actor("vera", "viewer")
PASSWORD = "correct horse battery"


@pytest.fixture
def staff(world):
    for actor in (ADA, OLGA, VERA):
        people.add_person(world.ctx(APPLIANCE), PersonIn(name=actor.name, level=actor.level, password=PASSWORD))
    return world


def sign_in(world, name: str = "vera", password: str = PASSWORD, source: str = "192.0.2.1"):
    return people.sign_in(world.ctx(NOBODY), name, password, source)


def texts(world, kind: str) -> list[str]:
    with world.appliance.make_session() as db:
        return list(db.scalars(select(tables.Event.text).where(tables.Event.kind == kind).order_by(tables.Event.id)))


def test_sign_in(staff) -> None:
    assert sign_in(staff).model_dump() == {"name": "vera", "level": "viewer"}


@pytest.mark.parametrize(
    ("name", "password"),
    [
        ("vera", "wrong"),
        ("vera", ""),
        ("vera", PASSWORD + " "),
        ("vera", PASSWORD[:-1]),
        ("", PASSWORD),
        ("nobody", PASSWORD),
        ("vera", "x" * 5000),
        ("vera", "\ud800"),
    ],
)
def test_refused(staff, name, password) -> None:
    with pytest.raises(Unauthorised):
        sign_in(staff, name, password)
    assert len(texts(staff, "signin.refused")) == 1


def test_a_password_typed_as_a_name_is_kept_nowhere(staff) -> None:
    with pytest.raises(Unauthorised):
        sign_in(staff, "my-secret-password", "x")
    assert "my-secret" not in " ".join(texts(staff, "signin.refused"))
    with staff.appliance.make_session() as db:
        assert "my-secret" not in db.scalar(select(tables.SignIn.name))


class Counting(PasswordHasher):
    """Notes with which cost each hash was compared."""

    costs: tuple[str, ...] = ()

    def verify(self, hash: str | bytes, password: str | bytes) -> Literal[True]:
        self.costs += (str(hash).rsplit("$", 2)[0],)
        return super().verify(hash, password)


def test_an_unknown_name_costs_as_many_comparisons_as_a_wrong_password(staff, monkeypatch) -> None:
    def costs(name: str) -> tuple[str, ...]:
        counting = Counting(time_cost=3, memory_cost=65536, parallelism=4)
        monkeypatch.setattr(passwords, "HASHER", counting)
        with pytest.raises(Unauthorised):
            sign_in(staff, name, "wrong")
        return counting.costs

    assert costs("vera") == costs("unknown") != ()


def test_the_limit_counts_attempts_that_run_at_the_same_time(staff) -> None:
    ended: list[str] = []

    def guess() -> None:
        try:
            sign_in(staff, "vera", "wrong")
        except (Unauthorised, TooMany) as problem:
            ended.append(type(problem).__name__)

    threads = [threading.Thread(target=guess) for _ in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(ended) == ["TooMany"] * 7 + ["Unauthorised"] * 5


def test_success_forgives_and_time_does(staff) -> None:
    for _ in range(3):
        for _ in range(4):
            with pytest.raises(Unauthorised):
                sign_in(staff, password="wrong")
        sign_in(staff)
    for _ in range(5):
        with pytest.raises(Unauthorised):
            sign_in(staff, password="wrong")
    with pytest.raises(TooMany, match="wait 1 min"):
        sign_in(staff)
    staff.clock.now += 61
    sign_in(staff)
    staff.clock.now += 3601
    sign_in(staff)
    with staff.appliance.make_session() as db:
        assert db.scalar(select(func.count()).select_from(tables.SignIn)) == 0


def test_own_success_does_not_forgive_guesses_at_others(staff) -> None:
    for _ in range(4):
        with pytest.raises(Unauthorised):
            sign_in(staff, "ada", "wrong")
    sign_in(staff, "vera")
    with pytest.raises(Unauthorised):
        sign_in(staff, "ada", "wrong")
    with pytest.raises(TooMany):
        sign_in(staff, "ada", "wrong")


def test_a_disabled_person_is_out_everywhere(staff) -> None:
    token = people.make_token(staff.ctx(VERA), TokenIn(name="t")).token
    stamp = people.session_stamp(staff.ctx(NOBODY), "vera")
    people.disable_person(staff.ctx(ADA), "vera")
    with pytest.raises(Unauthorised):
        sign_in(staff)
    with pytest.raises(Unauthorised):
        people.authenticate_token(staff.ctx(NOBODY), token)
    assert people.session_actor(staff.ctx(NOBODY), "vera", stamp) is None
    people.enable_person(staff.ctx(ADA), "vera")
    assert people.authenticate_token(staff.ctx(NOBODY), token) == VERA


def test_a_session_ends_with_its_password(staff) -> None:
    stamp = people.session_stamp(staff.ctx(NOBODY), "vera")
    assert people.session_actor(staff.ctx(NOBODY), "vera", stamp) == VERA
    people.set_password(staff.ctx(VERA), "vera", "another password")
    assert people.session_actor(staff.ctx(NOBODY), "vera", stamp) is None
    assert people.session_actor(staff.ctx(NOBODY), "vera") == VERA
    assert people.session_actor(staff.ctx(NOBODY), "gone", stamp) is None
    assert sign_in(staff, password="another password")


def test_only_an_admin_sets_the_password_of_others(staff) -> None:
    with pytest.raises(Forbidden):
        people.set_password(staff.ctx(OLGA), "vera", "another password")
    assert people.set_password(staff.ctx(ADA), "vera", "another password")


def test_the_last_admin_stays(staff) -> None:
    with pytest.raises(Conflict, match="last admin"):
        people.disable_person(staff.ctx(ADA), "ada")
    with pytest.raises(Conflict, match="last admin"):
        people.set_level(staff.ctx(ADA), "ada", "viewer")
    people.set_level(staff.ctx(ADA), "olga", "admin")
    people.disable_person(staff.ctx(ADA), "olga")
    with pytest.raises(Conflict, match="last admin"):  # a disabled admin does not count
        people.disable_person(staff.ctx(ADA), "ada")
    people.enable_person(staff.ctx(ADA), "olga")
    assert people.disable_person(staff.ctx(ADA), "ada").disabled


@pytest.mark.parametrize("name", ["vera", "appliance", "nobody", "puppet", "machine"])
def test_names_that_are_taken(staff, name) -> None:
    with pytest.raises(Conflict):
        people.add_person(staff.ctx(ADA), PersonIn(name=name, level="viewer", password=PASSWORD))


def test_tokens_are_ones_own(staff) -> None:
    hers = people.make_token(staff.ctx(VERA), TokenIn(name="hers"))
    people.make_token(staff.ctx(OLGA), TokenIn(name="other"))
    assert [t.name for t in people.list_tokens(staff.ctx(VERA)).tokens] == ["hers"]
    assert len(people.list_tokens(staff.ctx(ADA)).tokens) == 2
    with pytest.raises(NotFound):
        people.revoke_token(staff.ctx(OLGA), hers.id)
    people.revoke_token(staff.ctx(VERA), hers.id)
    with pytest.raises(Unauthorised):
        people.authenticate_token(staff.ctx(NOBODY), hers.token)
    with pytest.raises(NotFound):
        people.revoke_token(staff.ctx(ADA), hers.id)


def test_a_token_expires(staff) -> None:
    token = people.make_token(staff.ctx(VERA), TokenIn(name="t", days=1)).token
    staff.clock.now += 86399
    assert people.authenticate_token(staff.ctx(NOBODY), token) == VERA
    staff.clock.now += 1
    with pytest.raises(Unauthorised):
        people.authenticate_token(staff.ctx(NOBODY), token)


def test_neither_token_nor_password_is_in_the_database_or_an_event(staff) -> None:
    token = people.make_token(staff.ctx(VERA), TokenIn(name="t")).token
    rows = texts(staff, "person.changed")
    with staff.appliance.make_session() as db:
        rows += [*db.scalars(select(tables.Token.hash)), *db.scalars(select(tables.Person.password_hash))]
    assert not any(token in row or PASSWORD in row for row in rows)


def test_an_appliance_has_no_token(staff) -> None:
    with pytest.raises(NotFound):
        people.make_token(staff.ctx(APPLIANCE), TokenIn(name="t"))
