"""Questions about which machine is which: asked and answered over REST, by ocicli and on the pages."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest
import scene
from rest import Rest, open_listener
from scene import post, sign_in
from test_cli import Cli, home  # noqa: F401
from test_cli import ocicli as ocicli_of_cli

sys.path.insert(0, str(Path(__file__).parents[1] / "service"))
from fleet import Fleet, Server, server

ocicli = ocicli_of_cli


@pytest.fixture
def rest(world: Any) -> Rest:
    return open_listener(world)


def repaired(it: Server) -> Server:
    """Another board under the same label."""
    other = server(90)
    return it.with_parts(macs=other.macs, bmc=other.bmc, board=other.board)


def ask(world: Any, number: int = 1) -> Server:
    """Make an open question about the machine `number` of the fleet."""
    fleet = Fleet(world)
    it = server(number)
    fleet.live(it)
    fleet.live(repaired(it), says=False)
    return it


def test_a_question_over_rest(rest: Rest, world: Any) -> None:
    it = ask(world)
    listed = rest.call("GET", "/v1/conflicts", "viewer").json
    assert listed["open"] == 1 and listed["conflicts"][0]["verbs"] == ["join", "split"]
    found = rest.call("GET", "/v1/conflicts/1", "viewer").json
    assert found["uuid"] == it.uuid and found["machines"][0]["name"] == "machine-1"
    assert rest.call("POST", "/v1/conflicts/1/close", "operator").status_code == 409
    assert rest.call("POST", "/v1/conflicts/1/join", "operator", json={"machine": "nobody"}).status_code == 404
    done = rest.call("POST", "/v1/conflicts/1/join", "operator", json={"machine": "machine-1"}).json
    assert (done["outcome"], done["machine"], done["actor"]) == ("joined", "machine-1", "olga")
    assert rest.call("POST", "/v1/conflicts/1/split", "operator").status_code == 400
    assert rest.call("GET", "/v1/conflicts").json == {"conflicts": [], "open": 0}
    assert len(rest.call("GET", "/v1/conflicts?all=true").json["conflicts"]) == 1


def test_a_question_by_ocicli(ocicli: Cli, world: Any) -> None:
    assert ocicli("conflict", "list") == 0 and "Nothing is in doubt" in ocicli.err
    ask(world)
    assert ocicli("conflict", "list") == 0 and "join, split" in ocicli.out and "perhaps machine 1" in ocicli.out
    assert ocicli.json("conflict", "show", "1")["kind"] == "report"
    assert ocicli.json("conflict", "split", "1")["machine"] == "machine-2"
    assert ocicli("machine", "join", "machine-1", "--other", "machine-2", "--confirm", "no") != 0
    assert "confirm with exactly that name" in ocicli.err
    made = ocicli.json("machine", "join", "machine-1", "--other", "machine-2", "--confirm", "machine-2")
    assert len(made["macs"]) == 4
    assert made["macs"][0] not in ocicli.json("machine", "split", "machine-1", "--fact", made["macs"][0])["macs"]


def test_a_question_on_the_pages(world: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    pages = scene.open_pages(world, monkeypatch)
    client, viewer = sign_in(pages, "olga"), sign_in(pages, "vera")
    assert "Which machine is it?" not in client.get("/").text
    it = ask(world)
    page = client.get("/").text
    assert "Which machine is it?" in page and 'href="/conflicts/1"' in page
    page = client.get("/conflicts/1").text
    assert it.uuid in page and 'id="join-2"' in page and 'id="split"' in page
    assert page.count("<table") == page.count("<caption")
    seen = viewer.get("/conflicts/1").text
    assert it.uuid in seen and 'id="split"' not in seen
    assert post(viewer, "/conflicts/1/split").status_code == 403
    answer = post(client, "/conflicts/1/join", machine="2")
    assert answer.status_code == 303 and answer.location == "/machines/machine-2"
    assert "has learned what was reported" in client.get(answer.location).text
    assert "Joined by olga" in client.get("/conflicts/1").text and "Which machine is it?" not in client.get("/").text
    assert client.get("/conflicts/77").status_code == 404


def test_two_records_are_joined_by_a_form_that_asks_for_the_name(world: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    client = sign_in(scene.open_pages(world, monkeypatch), "olga")
    Fleet(world).live(server(1))
    assert 'id="join"' in client.get("/machines/machine-1").text
    answer = post(client, "/machines/machine-1/join", other="machine-2", confirm="machine-1")
    assert answer.status_code == 400 and "confirm with exactly that name" in answer.text
    assert post(client, "/machines/machine-1/join", other="machine-2", confirm="machine-2").status_code == 303
    assert client.get("/machines/machine-2").status_code == 404
