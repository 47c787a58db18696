"""A cluster is deployed by REST, with ocicli and on its page, and machines poll at their own listener."""

from __future__ import annotations

from typing import Any

import cloudy
import pytest
import scene
from cloudy import Behaviour, cluster, turn
from rest import open_listener
from scene import post, sign_in
from test_cli import home, ocicli  # noqa: F401 (fixtures)

from oci import app
from oci.app import APPLIANCE
from oci.client.engine import waiting
from oci.services.deploy import deployments
from oci.services.machines import verbs

ONE, TWO = "controller1.lab.test", "compute1.lab.test"
PATH = "/v1/clusters/c1/deployments"


@pytest.fixture
def rest(world):
    cluster(world, controller=1, compute=1)
    return open_listener(world)


def test_by_rest(rest, world) -> None:
    assert rest.call("GET", PATH, "viewer").json == {"deployments": []}
    plan = rest.call("GET", "/v1/clusters/c1/plan", "viewer").json
    assert [(step["machine"], step["wave"], step["kind"]) for step in plan["steps"]] == [
        (ONE, 1, "converge"),
        (TWO, 2, "converge"),
    ]
    approved = {"plan": plan["digest"]}
    assert rest.call("POST", PATH, "viewer", json=approved).status_code == 403
    assert rest.call("POST", PATH, "operator", json={}).status_code == 400
    assert rest.call("POST", PATH, "operator", json={"plan": "anything"}).status_code == 400
    assert rest.call("POST", PATH, "operator", json={"plan": "0" * 12}).status_code == 409
    made = rest.call("POST", PATH, "operator", json=approved).json
    assert (made["state"], made["wave"], made["waves"], made["plan"]) == ("running", 1, 2, plan["digest"])
    assert rest.call("POST", PATH, "operator", json=approved).status_code == 409
    deployments.advance(world.ctx(APPLIANCE))
    shown = rest.call("GET", f"{PATH}/{made['id']}", "viewer").json
    assert [(step["machine"], step["state"]) for step in shown["steps"]] == [(ONE, "running"), (TWO, "waiting")]
    assert "has not asked" in shown["now"] or "is to run" in shown["now"]
    assert rest.call("GET", PATH, "viewer").json["deployments"][0]["steps"] == []
    of = "/v1/clusters/c1"
    assert rest.call("POST", f"{of}/pause", "operator", json={"reason": "lunch"}).json["reason"] == "paused by olga: lunch"
    assert rest.call("POST", f"{of}/resume", "operator").json["state"] == "running"
    assert rest.call("POST", f"{of}/retry", "operator", json={"machine": ONE}).status_code == 409
    assert rest.call("POST", f"{of}/skip", "operator", json={"machine": TWO}).status_code == 400, "why is not said"
    skipped = rest.call("POST", f"{of}/skip", "operator", json={"machine": TWO, "reason": "later"}).json
    assert [step["state"] for step in skipped["steps"]] == ["running", "skipped"]
    assert rest.call("POST", f"{of}/abort", "operator", json={}).json["state"] == "stopped"
    assert rest.call("POST", f"{of}/abort", "operator", json={}).status_code == 409
    assert rest.call("GET", f"{PATH}/99", "viewer").status_code == 404
    assert rest.call("POST", PATH, "operator", json={**approved, "halt": True}).status_code == 400
    assert rest.call("GET", "/v1/clusters/none/deployments", "viewer").status_code == 404
    assert rest.call("GET", "/v1/clusters/none/plan", "viewer").status_code == 404
    assert rest.call("POST", f"/v1/machines/{ONE}/run-puppet", "viewer").status_code == 403
    assert rest.call("POST", f"/v1/machines/{ONE}/run-puppet", "operator").status_code == 200


def test_with_ocicli_and_its_waiting(ocicli, world, monkeypatch) -> None:  # noqa: F811
    names = [ONE, TWO]

    def sleep(_seconds: float) -> None:
        deployments.advance(world.ctx(APPLIANCE))
        for name in names:
            turn(world, name, behaviours.get(name))
        world.clock.now += 15

    behaviours: dict[str, Behaviour] = {TWO: Behaviour(status=23)}
    monkeypatch.setattr(waiting.time, "sleep", sleep)
    assert ocicli("cluster", "plan", "c1") == 0 and ONE in ocicli.out and "converge 2 machines in 2 waves" in ocicli.out
    digest = ocicli.out.split("--plan ")[1].split("`")[0]
    assert ocicli("cluster", "deploy", "c1") == 2 and "--plan DIGEST" in ocicli.err, "nothing is done unasked"
    assert ocicli("cluster", "deploy", "c1", "--plan", "0" * 12) == 5 and digest in ocicli.err
    assert ocicli("cluster", "deploy", "c1", "--plan", digest, "--wait") == 8
    assert "the deployment of c1 is paused: compute1.lab.test: Error: Could not retrieve" in ocicli.err
    assert "c1 wave 1 of 2" in ocicli.err and "c1 wave 2 of 2" in ocicli.err
    behaviours.clear()
    assert ocicli("cluster", "retry", "c1", "--machine", TWO, "--wait") == 0, ocicli.err
    assert ocicli("cluster", "deployments", "c1") == 0 and "done" in ocicli.out
    assert ocicli("cluster", "deployment", "c1", "--id", "1") == 0 and ONE in ocicli.out and "checked" in ocicli.out
    assert ocicli("cluster", "plan", "c1") == 0 and "all is as it is declared" in ocicli.out + ocicli.err
    assert ocicli("cluster", "deploy", "c1", "--yes", "--wait") == 0, "nothing is to be done, and that is well"
    assert ocicli("cluster", "plan", "c1", "--every", "-o", "json") == 0
    assert ocicli("cluster", "abort", "c1") == 5 and "is not being deployed" in ocicli.err
    assert ocicli("machine", "run-puppet", ONE) == 0 and turn(world, ONE) == "run"


def test_on_the_page(world: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    pages = scene.open_pages(world, monkeypatch)
    cluster(world, controller=1, compute=1)
    pages.extensions["oci"] = world.appliance
    client, viewer = sign_in(pages, "olga"), sign_in(pages, "vera")
    assert "It was never deployed" in client.get("/clusters/c1").text
    page = client.get("/clusters/c1/plan").text
    assert "converge 2 machines in 2 waves" in page and 'id="deploy"' in page and "What is lost" not in page
    assert 'id="deploy"' not in viewer.get("/clusters/c1/plan").text
    digest = page.split('name="plan" value="')[1].split('"')[0]

    def press(verb: str, by: Any = client, **fields: str) -> int:
        token = scene.token(by, "/clusters/c1/plan") if by is client else ""
        status: int = by.post(f"/clusters/c1/{verb}", data={"csrf_token": token, **fields}).status_code
        return status

    assert post(viewer, "/clusters/c1/deploy").status_code == 403
    assert press("deploy", plan="no digest") == 400 and press("deploy", plan="0" * 12) == 409
    assert press("deploy", plan=digest) == 303
    page = client.get("/clusters/c1").text
    assert "wave 1 of 2" in page and ONE.split(".")[0] in page and 'id="stop-deploy"' in page and "<svg" in page
    assert press("pause", reason="<i>lunch</i>") == 303 and "&lt;i&gt;lunch" in client.get("/clusters/c1").text
    assert press("resume") == 303
    for _ in range(4):
        deployments.advance(world.ctx(APPLIANCE))
        turn(world, ONE)
        turn(world, TWO, Behaviour(status=20))
        world.clock.now += 15
    page = client.get("/clusters/c1/waves").text
    assert 'id="retry-compute1"' in page and "Leave it out, because" in page and 'id="resume-deploy"' not in page
    assert 'id="retry-compute1"' not in viewer.get("/clusters/c1/waves").text
    assert press("retry", machine=TWO) == 303
    for _ in range(4):
        deployments.advance(world.ctx(APPLIANCE))
        turn(world, TWO, Behaviour(check="<b>late</b>"))
        world.clock.now += 15
    page = client.get("/clusters/c1/waves").text
    assert "nova.compute: &lt;b&gt;late&lt;/b&gt;" in page and "1 of 1" in page and "<b>late" not in page
    assert press("abort", reason="enough") == 303
    assert "stopped by olga: enough" in client.get("/clusters/c1").text
    assert 'id="run-puppet"' in client.get(f"/machines/{ONE}?tab=puppet").text
    token = scene.token(client, f"/machines/{ONE}?tab=puppet")
    assert client.post(f"/machines/{ONE}/run-puppet", data={"csrf_token": token}).status_code == 303
    assert turn(world, ONE) == "run"


@pytest.fixture
def web(world):
    cluster(world, controller=1, compute=1)
    return app.machines(world.appliance).test_client()


def bearer(name: str) -> dict[str, str]:
    return {"Authorization": f"Bearer token of {name}"}


def test_machines_poll_at_their_own_listener(web, world) -> None:
    answer = web.post("/machine/poll", headers=bearer(ONE))
    assert (answer.status_code, answer.data, answer.headers["OCI-Pace"]) == (204, b"", "60")
    verbs.run_puppet(world.ctx(), ONE)
    answer = web.post("/machine/poll", headers=bearer(ONE))
    assert answer.status_code == 200 and answer.text == "RUN='1'\n" and answer.headers["OCI-Pace"] == "15"
    answer = web.post("/machine/poll", headers=bearer(ONE), data={"run": "1", "doing": "Notice: one"})
    assert answer.status_code == 204
    ended = {"run": "1", "status": "0", "words": "it converged", "checks": "mariadb.synced\t\n"}
    assert web.post("/machine/ended", headers=bearer(ONE), data=ended).status_code == 204
    assert web.post("/machine/ended", headers=bearer(ONE), data=ended).status_code == 204
    assert cloudy.orders(world, ONE) == [("run", "converged")]


@pytest.mark.parametrize("path", ("/machine/poll", "/machine/ended"))
def test_a_poll_under_bad_input_is_a_clear_refusal(web, path: str) -> None:
    for headers in ({}, bearer("nobody"), {"Authorization": "Basic x"}, {"Authorization": "Bearer "}):
        assert web.post(path, headers=headers, data={"run": "1"}).status_code == 401
    for run in ("-1", "1;reboot", "9" * 11, "9" * 400, "٣", "\0"):
        assert web.post(path, headers=bearer(ONE), data={"run": run, "status": "x"}).status_code in (204, 409)
    assert web.get(path, headers=bearer(ONE)).status_code == 405
