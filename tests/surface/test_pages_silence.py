"""What the pages say of a machine at work, of its log, and of one that is active and not well."""

from __future__ import annotations

import pytest
from scene import open_pages, sign_in

from oci.db import tables

SAYS = "Package[nova]: Starting to evaluate the resource (7 of 40)"
LOG = "=== attempt 1 of the install, 2027-01-15\none\n=== attempt 2 of the install, 2027-01-15, after: it broke\ntwo\n"


@pytest.fixture
def viewer(world, monkeypatch):
    pages = open_pages(world, monkeypatch)
    return sign_in(pages, "vera")


def _change(world, **values: object) -> None:
    with world.appliance.make_session() as db:
        machine = db.get(tables.Machine, 1)
        for name, value in values.items():
            setattr(machine, name, value)
        db.commit()


def _work(world, **values: object) -> None:
    _change(world, state="configuring", deadline=world.clock.now + 3000)
    with world.appliance.make_session() as db:
        db.add(tables.Work(machine_id=1, kind="install", attempt=2, started=world.clock.now, phase="catalog", **values))
        db.commit()


def test_the_page_says_what_the_machine_is_at_and_when_it_is_given_up(world, viewer) -> None:
    _work(world, doing=SAYS)
    page = viewer.get("/machines/1").text
    assert SAYS in page and "called failed if nothing moves" in page


def test_the_log_tab_shows_every_attempt_and_says_which_one_runs(world, viewer) -> None:
    _work(world, log=LOG)
    page = viewer.get("/machines/1?tab=log").text
    assert "Attempt 2 of the install runs" in page and "one\n=== attempt 2" in page
    assert viewer.get("/machines/1/log.txt").text == LOG


def test_a_log_that_grows_is_news_for_its_own_tab_only(world, viewer) -> None:
    _work(world, log=LOG)
    for tab, news in (("log", True), ("network", False)):
        live = viewer.get(f"/machines/1?tab={tab}", headers={"HX-Request": "true"}).text
        seen = live.split("seen=")[1].split('"')[0]
        with world.appliance.make_session() as db:
            db.query(tables.Work).one().log += f"more for {tab}\n"
            db.commit()
        again = viewer.get(f"/machines/1?tab={tab}&seen={seen}", headers={"HX-Request": "true"})
        assert (f"more for {tab}" in again.text) == news and (again.status_code == 200) == news


@pytest.mark.parametrize("word", ["failed", "cached"])
def test_an_active_machine_that_is_not_well_needs_a_person(world, viewer, word) -> None:
    assert "Needs a person" not in viewer.get("/").text
    _change(world, state="active", convergence=word, reason="Puppet failed: Exec[apt can fetch its indexes]")
    page = viewer.get("/").text
    assert "Needs a person" in page and "apt can fetch its indexes" in page
    assert word in viewer.get("/machines/1?tab=puppet").text
