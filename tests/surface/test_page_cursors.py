"""An open page asks by a cursor: one that nothing moved builds nothing, and all that is shown moves it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import scene
from flask.testing import FlaskClient
from scene import sign_in
from sqlalchemy import event, insert

import webui.live
from oci.db import tables
from oci.schemas.deploy.deployments import DeployIn
from oci.schemas.deploy.drift import AcceptDriftIn
from oci.schemas.deploy.plans import PlanIn
from oci.services.deploy import deployments, drift, plans
from oci.services.machines import verbs

LIVE = {"HX-Request": "true"}
TEMPLATES = Path(webui.live.__file__).parent / "templates"
CHECK = "/clusters/c1/checks/1"
WHO = 1  # the SELECT that asks for the account behind the session
# Each page that updates by itself, and the statements that its cursor may cost.
MOST = {
    "/": 3,
    "/health": 1,
    "/events": 1,
    "/events?machine=machine-1&kind=boot.beacon": 2,
    "/machines": 2,
    "/machines?sort=-heard&q=qemu": 2,
    "/machines/1": 2,
    "/machines/1?tab=log": 2,
    "/machines/1?tab=puppet": 2,
    "/clusters/c1/waves": 3,
    "/clusters/c1/drift": 3,
    CHECK: 1,
}


@contextmanager
def counting(world: Any) -> Iterator[list[str]]:
    """The statements that are executed, but for the beginning of a transaction."""
    said: list[str] = []
    bind = world.appliance.make_session.kw["bind"]

    def note(_connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        if not statement.startswith("BEGIN"):
            said.append(statement)

    event.listen(bind, "before_cursor_execute", note)
    try:
        yield said
    finally:
        event.remove(bind, "before_cursor_execute", note)


@pytest.fixture
def client(world: Any, monkeypatch: pytest.MonkeyPatch) -> FlaskClient:
    signed_in = sign_in(scene.open_pages(world, monkeypatch), "vera")
    scene.add_check(world, 1)
    return signed_in


def where(page: str) -> str:
    """Where a page asks for what is new."""
    found = re.search(r'hx-get="([^"]+)"', page)
    assert found, page[:300]
    return found.group(1).replace("&amp;", "&")


def test_every_page_that_updates_by_itself_is_in_the_table(client: FlaskClient) -> None:
    places = {re.sub(r"/\d+$", "/N", re.sub(r"\?.*", "", path)) for path in MOST}
    assert len(places) == len(list(TEMPLATES.rglob("live/*.html")))
    for path in MOST:
        assert f'hx-trigger="every {webui.live.POLL_SECONDS}s"' in client.get(path).text, path


def test_a_poll_that_nothing_moved_costs_a_few_selects_and_builds_nothing(
    client: FlaskClient, world: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    polls = {path: where(client.get(path).text) for path in MOST}
    monkeypatch.setattr(webui.live, "render_template", lambda *_names, **_context: pytest.fail("something was built"))
    for path, most in MOST.items():
        world.clock.now += 2
        scene.change(world, tables.Pulse, 1, seen=world.clock.now)
        if "sort=-heard" in path:
            scene.change(world, tables.Pulse, 1, seen=world.clock.now - 1)  # the order stays: it is alone
        with counting(world) as said:
            assert client.get(polls[path], headers=LIVE).status_code == 204, path
        assert all(statement.lstrip("(").startswith(("SELECT", "WITH")) for statement in said), (path, said)
        assert len(said) <= WHO + most, (path, said)


Change = Callable[[Any], None]


def row(table: type, key: Any = 1, **columns: Any) -> Change:
    return lambda world: scene.change(world, table, key, **columns)


def added(table: type, **columns: Any) -> Change:
    def add(world: Any) -> None:
        with world.appliance.make_session() as db:
            db.execute(insert(table).values(**columns))
            db.commit()

    return add


def happens(kind: str, machine: int | None = 1) -> Change:
    return lambda world: scene.add_event(world, machine, f"{kind} happens", kind)


LIST, MACHINE, OVERVIEW = ("/machines", "/machines?sort=-heard&q=qemu"), ("/machines/1", "/machines/1?tab=log"), ("/",)
DRIFT = ("/clusters/c1/drift", "/machines/1?tab=puppet")
ACCEPT = AcceptDriftIn(name="ours", resource="File[/etc/motd]", reason="it is so", days=9)
EVERYWHERE = LIST + MACHINE + OVERVIEW
WATCH = {"state": "bad", "what": "full", "why": "", "instead": "", "seen": 0.0, "since": 0.0, "told": False}
# What happens, in this order on one machine, and the pages on which that is seen.
MOVES: tuple[tuple[str, Change, tuple[str, ...]], ...] = (
    ("power", row(tables.Pulse, power="off"), LIST + MACHINE),
    ("presence", row(tables.Pulse, presence="nothing"), LIST + MACHINE),
    ("its model", row(tables.Machine, model="another"), LIST + MACHINE),
    ("a controller in doubt", row(tables.Bmc, reported="10.78.0.9"), MACHINE),
    ("another controller", row(tables.Bmc, address="10.78.0.8"), MACHINE),
    ("another user of it", row(tables.Bmc, username="root"), MACHINE),
    ("a card", added(tables.Nic, mac="52:54:00:77:00:aa", machine_id=1, name="", kind="card"), MACHINE),
    ("an event of it", happens("boot.beacon"), (*MACHINE, *OVERVIEW, "/events")),
    ("an event of nobody", happens("job.failed", None), (*OVERVIEW, "/events")),
    ("another machine", lambda world: verbs.enrol(world.ctx(), scene.MACS[1]), ("/machines", *OVERVIEW, "/events")),
    ("a promise", lambda world: scene.assign(world, "1"), EVERYWHERE),
    (
        "a deployment",
        lambda world: deployments.deploy(
            world.ctx(), "c1", DeployIn(plan=plans.show_plan(world.ctx(), "c1", PlanIn()).digest)
        ),
        (*OVERVIEW, "/events", "/clusters/c1/waves"),
    ),
    ("a step", row(tables.Step, state="converged", reason="late"), ("/clusters/c1/waves",)),
    ("an order", lambda world: verbs.install(world.ctx(), "1"), EVERYWHERE),
    ("a phase", row(tables.Work, phase="stream"), (*EVERYWHERE, "/clusters/c1/waves")),
    ("a percent", row(tables.Work, percent=7), (*EVERYWHERE, "/clusters/c1/waves")),
    ("what it is at", row(tables.Work, doing="copies"), (*MACHINE, "/clusters/c1/waves")),
    ("the log", row(tables.Work, log="a line\n"), ("/machines/1?tab=log",)),
    ("an attempt", row(tables.Work, attempt=2), EVERYWHERE),
    ("waiting for room", row(tables.Work, queued=1.0), EVERYWHERE),
    ("having room", row(tables.Work, admitted=1.0), EVERYWHERE),
    ("an outcome", row(tables.Work, outcome="failed", finished=1.0), EVERYWHERE),
    ("a state", row(tables.Machine, state="failed", reason="it broke", deadline=None), EVERYWHERE),
    ("a reason", row(tables.Machine, reason="it is broken"), EVERYWHERE),
    ("how Puppet does", row(tables.Machine, state="active", convergence="failed"), EVERYWHERE),
    (
        "a run of Puppet",
        added(tables.Run, machine_id=1, at=1.0, status="ok", noop=False, cached=False, text="", metrics={}, log=[]),
        (*MACHINE, "/machines/1?tab=puppet"),
    ),
    (
        "a run that was ordered",
        added(tables.RunOrder, machine_id=1, kind="run", by="olga", ordered=1.0, ended=2.0, outcome="partly", checks={}),
        MACHINE,
    ),
    ("a look", added(tables.Look, machine_id=1, asked=1.0, looks=0, trouble="", more=0, told=""), DRIFT),
    ("what a look found", row(tables.Look, looks=1), DRIFT),
    (
        "what is accepted",
        lambda world: drift.accept(world.ctx(), "c1", ACCEPT),
        (*OVERVIEW, "/events", *DRIFT),
    ),
    ("the end of that", row(tables.Acceptance, ended=1.0), DRIFT),
    ("another member", row(tables.Cluster, revision=99), ("/machines/1?tab=puppet",)),
    (
        "a question",
        added(
            tables.Conflict,
            id=1,
            kind="report",
            key="k",
            text="which is it",
            facts={},
            machines=[],
            boot_id="",
            opened=1.0,
            seen=1.0,
            times=1,
            outcome="",
            actor="",
        ),
        OVERVIEW,
    ),
    ("a question again", row(tables.Conflict, times=2), OVERVIEW),
    ("a question answered", row(tables.Conflict, closed=2.0), OVERVIEW),
    ("its report", row(tables.Machine, inventory={}), LIST + MACHINE),
    ("a check of a cloud", row(tables.CloudCheck, changes=1), (CHECK,)),
    ("a check of a cloud that ended", row(tables.CloudCheck, changes=2, state="failed", finished=1.0), (CHECK,)),
    ("a check that is bad", added(tables.Watch, name="disk", **{**WATCH, "seen": 1_800_000_000.0}), ("/", "/health")),
)


def test_everything_that_a_page_shows_moves_its_cursor(client: FlaskClient, world: Any) -> None:
    polls = {path: where(client.get(path).text) for path in MOST}
    asked = {path for _what, _change, paths in MOVES for path in paths}
    assert asked | {"/events?machine=machine-1&kind=boot.beacon"} == set(MOST)
    for what, change, paths in MOVES:
        change(world)
        for path in paths:
            answer = client.get(polls[path], headers=LIVE)
            assert answer.status_code == 200, f"{path} does not hear of {what}"
        for path in asked:
            polls[path] = where(client.get(path, headers=LIVE).text)
            assert client.get(polls[path], headers=LIVE).status_code == 204, f"{path} after {what}"


def test_a_list_in_the_order_of_hearing_moves_with_that_order(client: FlaskClient, world: Any) -> None:
    scene.add_machine(world, scene.MACS[1], "other", seen=None)
    scene.change(world, tables.Pulse, 1, seen=world.clock.now)
    scene.change(world, tables.Pulse, 2, seen=world.clock.now - 10)
    asks = where(client.get("/machines?sort=-heard").text)
    scene.change(world, tables.Pulse, 2, seen=world.clock.now + 1)
    assert client.get(asks, headers=LIVE).status_code == 200


def test_a_role_that_was_edited_is_seen_on_its_machines(client: FlaskClient, world: Any) -> None:
    scene.assign(world, "machine-1")
    asks = where(client.get("/machines/1").text)
    roles = world.appliance.outside.roles
    world.outside(roles={**roles, "compute": roles["network"]}, role_files=None)
    client.application.extensions["oci"] = world.appliance
    assert client.get(asks, headers=LIVE).status_code == 200


def test_a_machine_that_is_gone_is_told_to_its_open_page(client: FlaskClient, world: Any) -> None:
    asks = where(client.get("/machines/1").text)
    with world.appliance.make_session() as db:
        db.delete(db.get(tables.Machine, 1))
        db.commit()
    assert client.get(asks, headers=LIVE).status_code == 404
