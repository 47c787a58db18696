"""The pages as each level sees them: who may what, forms, hostile words, nothing inline, nothing moving."""

from __future__ import annotations

import re
from typing import Any

import pytest
import scene
from flask.testing import FlaskClient
from scene import HOSTILE, MACS, PASSWORD, post, sign_in, token
from sqlalchemy import func, select

from oci.db import tables
from oci.services.machines import verbs

PAGES = (
    "/",
    "/machines",
    "/machines/machine-1",
    "/machines/machine-1?tab=hardware",
    "/machines/machine-1?tab=disks",
    "/machines/machine-1?tab=network",
    "/machines/machine-1?tab=log",
    "/machines/machine-1?tab=puppet",
    "/clusters",
    "/clusters/c1/revisions",
    "/networks",
    "/events",
    "/account",
)
OPERATORS = (
    "/machines/enrol",
    "/machines/machine-1/assign",
    "/machines/machine-1/bmc",
    "/machines/machine-1/disk",
    "/machines/machine-1/power?power=off",
    "/machines/machine-1/retire",
)
ADMINS = ("/people",)


@pytest.fixture
def pages(world: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    return scene.open_pages(world, monkeypatch)


def state(world: Any, machine_id: int = 1) -> str:
    with world.appliance.make_session() as db:
        return str(db.get(tables.Machine, machine_id).state)


def everything(world: Any) -> list[int]:
    """How many rows each table holds."""
    with world.appliance.make_session() as db:
        return [db.scalar(select(func.count()).select_from(table)) for table in tables.Table.metadata.sorted_tables]


# --- who may see what


@pytest.mark.parametrize("path", (*PAGES, *OPERATORS, *ADMINS))
def test_nobody_is_sent_to_the_sign_in_and_then_back(pages: Any, path: str) -> None:
    answer = pages.test_client().get(path)
    assert answer.status_code == 303
    client: FlaskClient = pages.test_client()
    fields = {"name": "ada", "password": PASSWORD, "csrf_token": token(client, answer.location)}
    assert client.post(answer.location, data=fields).location == path


@pytest.mark.parametrize(("name", "others"), [("vera", ()), ("olga", OPERATORS), ("ada", (*OPERATORS, *ADMINS))])
def test_levels(pages: Any, name: str, others: tuple[str, ...]) -> None:
    client = sign_in(pages, name)
    for path in (*PAGES, *OPERATORS, *ADMINS):
        wanted = 200 if path in (*PAGES, *others) else 403
        assert client.get(path).status_code == wanted, path


def test_a_viewer_sees_no_verb_and_can_do_none(pages: Any, world: Any) -> None:
    client = sign_in(pages, "vera")
    for path in PAGES[:-1]:
        page = client.get(path).text
        assert page.count('<form method="post"') == 1, f"{path} has a form besides sign-out"
        assert "do-assign" not in page and 'id="power-on"' not in page
    assert post(client, "/machines/machine-1/retire").status_code == 403
    assert state(world) == "discovered"


def test_verbs_are_those_of_the_state(pages: Any, world: Any) -> None:
    client = sign_in(pages, "olga")
    page = client.get("/machines/1").text
    assert 'id="do-assign"' in page and 'id="do-retire"' in page and 'id="do-install"' not in page
    scene.assign(world, "machine-1")
    page = client.get("/machines/1").text
    assert 'id="do-install"' in page and 'id="do-release"' not in page
    assert "10.7 GB" in page and "oci-lab-1-vda" in page  # the disk that install would write


def test_only_an_admin_sees_people(pages: Any) -> None:
    assert 'href="/people"' in sign_in(pages, "ada").get("/").text
    assert 'href="/people"' not in sign_in(pages, "olga").get("/").text


# --- forgery, sign-in, sessions


def rules(pages: Any) -> list[str]:
    return sorted(
        {
            re.sub(r"<[^>]*id>", "1", rule.rule).replace("<name>", "machine-1")
            for rule in pages.url_map.iter_rules()
            if rule.endpoint.startswith("webui.") and "POST" in (rule.methods or ())
        }
    )


def test_a_post_without_its_token_is_refused_and_changes_nothing(pages: Any, world: Any) -> None:
    client, before = sign_in(pages, "ada"), everything(world)
    found = rules(pages)
    assert len(found) > 10
    for rule in found:
        for path in [rule] if "verb" not in rule else [re.sub(r"<any.*>", v, rule) for v in ("retire", "disable")]:
            for fields in ({}, {"csrf_token": "wrong"}, {"csrf_token": token(pages.test_client(), "/signin")}):
                answer = client.post(path, data={**fields, "name": "x", "power": "off"})
                assert answer.status_code in (400, 404, 405), path
                assert answer.status_code != 400 or "forgery" in answer.text
    assert everything(world) == before and state(world) == "discovered"


def test_wrong_password_then_too_many(pages: Any) -> None:
    client: FlaskClient = pages.test_client()
    fields = {"name": "olga", "password": "wrong", "csrf_token": token(client, "/signin")}
    answers = [client.post("/signin", data=fields) for _ in range(6)]
    assert [a.status_code for a in answers] == [401] * 5 + [429]
    assert "do not fit together" in answers[0].text and "wait 1 min" in answers[-1].text
    assert answers[-1].headers["Retry-After"] == "60"
    assert client.post("/signin", data={**fields, "password": PASSWORD}).status_code == 429
    assert client.get("/machines").status_code == 303


@pytest.mark.parametrize(
    "wanted", ["//evil.test/", "https://evil.test/", "/\\evil.test", "javascript:alert(1)", "/\t/evil.test", "evil.test", ""]
)
def test_sign_in_leads_nowhere_else(pages: Any, wanted: str) -> None:
    client: FlaskClient = pages.test_client()
    fields = {"name": "olga", "password": PASSWORD, "csrf_token": token(client, "/signin")}
    assert client.post("/signin", query_string={"next": wanted}, data=fields).location == "/"


def test_the_account_is_asked_for_on_every_request(pages: Any) -> None:
    olga, ada = sign_in(pages, "olga"), sign_in(pages, "ada")
    assert post(ada, "/people/olga/level", level="viewer").status_code == 303
    assert olga.get("/machines/machine-1/assign").status_code == 403
    assert post(ada, "/people/olga/disable").status_code == 303
    assert olga.get("/machines").status_code == 303
    live = olga.get("/machines", headers={"HX-Request": "true", "HX-Current-URL": "http://localhost/machines?q=a"})
    assert live.status_code == 401 and live.headers["HX-Redirect"] == "/signin?next=/machines?q%3Da"


def test_sign_out(pages: Any) -> None:
    client = sign_in(pages, "olga")
    assert post(client, "/signout").location == "/signin"
    assert client.get("/").status_code == 303


# --- what machines say


def test_hostile_words_are_only_words(pages: Any, world: Any) -> None:
    inventory = {
        "vendor": HOSTILE,
        "problems": [HOSTILE],
        "missing_drivers": [{"slot": "x", "description": HOSTILE}],
        "cpu": {"model": HOSTILE},
        "dimms": [{"slot": HOSTILE, "part": HOSTILE}],
        "nics": [{"name": HOSTILE, "mac": MACS[1], "neighbour": {"chassis": HOSTILE, "port": HOSTILE}}],
        "disks": [
            {
                "name": HOSTILE,
                "serial": HOSTILE,
                "model": HOSTILE,
                "bytes": 10**10,
                "path": HOSTILE,
                "signatures": [HOSTILE],
                "partitions": [{"name": HOSTILE, "label": HOSTILE}],
            },
            {"name": "sdb", "serial": "S9", "bytes": 10**10},
        ],
    }
    number = scene.add_machine(
        world, MACS[1], vendor=HOSTILE, model=HOSTILE, serial=HOSTILE, uuid=HOSTILE[:36], reason=HOSTILE, inventory=inventory
    )
    name = scene.assign(world, str(number))
    verbs.install(world.ctx(), name)
    scene.change(world, tables.Work, 1, log=HOSTILE)
    scene.add_event(world, number, HOSTILE)
    scene.add_event(world, number, f"Puppet {HOSTILE}", "puppet.report", status=HOSTILE)
    with world.appliance.make_session() as db:
        db.add(tables.Run(machine_id=number, at=world.clock.now, status="failed", text=f"Puppet {HOSTILE}"))
        db.commit()
    client, seen = sign_in(pages, "ada"), 0
    paths = [p.replace("machine-1", name) for p in (*PAGES, *ADMINS)]
    for path in (*paths, f"/machines/{name}/abort", "/machines?q=" + HOSTILE, "/events?machine=" + HOSTILE):
        page = client.get(path).text
        assert "<script>alert" not in page and "<img" not in page and "49" not in re.findall(r"\{\{.*?\}\}", page)
        seen += page.count("&lt;script&gt;alert(1)")
    assert seen > 25
    log = client.get(f"/machines/{name}/log.txt")
    assert log.mimetype == "text/plain" and log.headers["X-Content-Type-Options"] == "nosniff"


def test_nothing_is_inline_or_from_elsewhere(pages: Any) -> None:
    client = sign_in(pages, "ada")
    for path in ("/signin", *PAGES, *OPERATORS, *ADMINS, "/machines/none"):
        page = client.get(path).text
        assert not re.search(r"<style|\sstyle=|\son[a-z]+=|<script(?![^>]*\ssrc=)", page), path
        assert not re.search(r'(?:src|href|action|hx-get)="(?:[a-z]+:|//)', page), path
        assert len(page) < 100_000


def test_every_control_has_a_label(pages: Any) -> None:
    client = sign_in(pages, "ada")
    for path in ("/signin", *PAGES, *OPERATORS, *ADMINS):
        page = client.get(path).text
        labelled = set(re.findall(r'<label[^>]* for="([^"]+)"', page))
        controls = re.findall(r"<(?:input|select|textarea)([^>]*)>", page)
        shown = [c for c in controls if 'type="hidden"' not in c and "aria-hidden" not in c]
        assert all(found and found.group(1) in labelled for c in shown if (found := re.search(r' id="([^"]+)"', c)))
        assert page.count("<table") == page.count("<caption")
        assert page.count("<th") == page.count('scope="') + page.count("<thead"), path
