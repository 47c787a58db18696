"""REST for operators: who may do what, what is refused, and in which words."""

from __future__ import annotations

import json
import re

import pytest
from flask_wtf.csrf import generate_csrf
from rest import MAC, PASSWORD, SECOND, Rest, open_listener, populate
from sqlalchemy import event

from oci.services.people import people

NOBODY, VIEWER, OPERATOR, ADMIN = LEVELS = ("nobody", "viewer", "operator", "admin")
NEW = "52:54:00:77:00:09"
NETWORK = {"name": "n2", "cidr": "10.88.0.0/24", "first": "10.88.0.11", "last": "10.88.0.20"}
RANGE = {"first": "10.77.0.240", "last": "10.77.0.249", "use": "vip"}
BMC = {"address": "10.78.0.2", "username": "admin", "password": "sesame"}
PERSON = {"name": "new", "level": "viewer", "password": PASSWORD}

# method, path, body, the level that it needs, the answer for who has it
ROUTES = [
    ("GET", "/v1/machines", None, VIEWER, 200),
    ("GET", "/v1/machines/1", None, VIEWER, 200),
    ("GET", "/v1/machines/1/why", None, VIEWER, 200),
    ("GET", "/v1/machines/1/events", None, VIEWER, 200),
    ("POST", "/v1/machines", {"mac": NEW}, OPERATOR, 201),
    ("PUT", "/v1/machines/1/bmc", BMC, OPERATOR, 200),
    ("POST", "/v1/machines/1/power", {"power": "on"}, OPERATOR, 200),
    ("DELETE", "/v1/machines/1/bmc", None, OPERATOR, 200),
    ("GET", "/v1/machines/1/disks", None, VIEWER, 200),
    ("GET", "/v1/machines/1/runs", None, VIEWER, 200),
    ("GET", "/v1/machines/1/classification", None, VIEWER, 200),
    ("POST", "/v1/machines/1/disk", {"disk": ""}, OPERATOR, 200),
    ("POST", "/v1/machines/2/assign", {"cluster": "c1", "role": "compute"}, OPERATOR, 200),
    ("POST", "/v1/machines/1/unassign", None, OPERATOR, 200),
    ("POST", "/v1/machines/1/install", None, OPERATOR, 200),
    ("POST", "/v1/machines/1/adopt", None, OPERATOR, 503),
    ("POST", "/v1/machines/1/run-puppet", None, OPERATOR, 409),
    ("POST", "/v1/machines/1/abort", None, OPERATOR, 409),
    ("POST", "/v1/machines/1/release", {"confirm": "compute1.lab.test"}, OPERATOR, 409),
    ("POST", "/v1/machines/1/retire", None, OPERATOR, 200),
    ("POST", "/v1/machines/1/restore", None, OPERATOR, 409),
    ("POST", "/v1/machines/1/join", {"other": "2", "confirm": "machine-2"}, OPERATOR, 200),
    ("POST", "/v1/machines/1/split", {"fact": MAC}, OPERATOR, 409),
    ("GET", "/v1/conflicts", None, VIEWER, 200),
    ("GET", "/v1/conflicts/99", None, VIEWER, 404),
    ("POST", "/v1/conflicts/99/join", {"machine": "1"}, OPERATOR, 404),
    ("POST", "/v1/conflicts/99/split", None, OPERATOR, 404),
    ("POST", "/v1/conflicts/99/close", None, OPERATOR, 404),
    ("GET", "/v1/clusters", None, VIEWER, 200),
    ("GET", "/v1/clusters/c1", None, VIEWER, 200),
    ("POST", "/v1/clusters", {"name": "c2", "domain": "x.test", "network": "prov"}, OPERATOR, 201),
    ("GET", "/v1/clusters/c1/declaration", None, VIEWER, 200),
    ("GET", "/v1/clusters/c1/secrets", None, OPERATOR, 200),
    ("GET", "/v1/clusters/c1/deployments", None, VIEWER, 200),
    ("GET", "/v1/clusters/c1/plan", None, VIEWER, 200),
    ("GET", "/v1/clusters/c1/revisions", None, VIEWER, 200),
    ("GET", "/v1/clusters/c1/revisions/99", None, VIEWER, 404),
    ("POST", "/v1/clusters/c1/revisions/99/revert", {}, OPERATOR, 404),
    ("GET", "/v1/clusters/c1/drift", None, VIEWER, 200),
    (
        "POST",
        "/v1/clusters/c1/drift",
        {"name": "ours", "resource": "File[/x]", "reason": "it is so", "days": 1},
        OPERATOR,
        200,
    ),
    ("POST", "/v1/clusters/c1/drift/withdraw", {"name": "none"}, OPERATOR, 404),
    ("GET", "/v1/machines/1/drift", None, VIEWER, 200),
    ("POST", "/v1/machines/1/drift", None, OPERATOR, 409),
    ("GET", "/v1/machines/1/explained?parameter=profile::base::domain", None, VIEWER, 200),
    ("POST", "/v1/clusters/c1/deployments", {"plan": "0" * 12}, OPERATOR, 409),
    ("POST", "/v1/clusters/c1/pause", {}, OPERATOR, 409),
    ("POST", "/v1/clusters/c1/resume", None, OPERATOR, 409),
    ("POST", "/v1/clusters/c1/abort", {}, OPERATOR, 409),
    ("POST", "/v1/clusters/c1/retry", {"machine": "machine-1"}, OPERATOR, 409),
    ("POST", "/v1/clusters/c1/skip", {"machine": "machine-1", "reason": "later"}, OPERATOR, 409),
    ("GET", "/v1/clusters/c1/deployments/99", None, VIEWER, 404),
    ("GET", "/v1/clusters/c1/checks", None, VIEWER, 200),
    ("POST", "/v1/clusters/c1/checks", {}, OPERATOR, 409),
    ("GET", "/v1/clusters/c1/checks/99", None, VIEWER, 404),
    ("POST", "/v1/clusters/c1/credentials", {}, OPERATOR, 409),
    ("POST", "/v1/declarations", {"document": "cluster: c1"}, OPERATOR, 422),
    ("GET", "/v1/networks", None, VIEWER, 200),
    ("POST", "/v1/networks", NETWORK, OPERATOR, 201),
    ("GET", "/v1/networks/prov", None, VIEWER, 200),
    ("PUT", "/v1/networks/prov", {"mtu": 9000}, OPERATOR, 200),
    ("DELETE", "/v1/networks/prov", None, OPERATOR, 409),
    ("POST", "/v1/networks/prov/ranges", RANGE, OPERATOR, 201),
    ("DELETE", "/v1/networks/prov/ranges/10.77.0.250", None, OPERATOR, 404),
    ("GET", "/v1/networks/prov/addresses", None, VIEWER, 200),
    ("POST", "/v1/networks/prov/addresses", {"note": "x", "address": "10.77.0.253"}, OPERATOR, 201),
    ("DELETE", "/v1/networks/prov/addresses/10.77.0.253", None, OPERATOR, 404),
    ("POST", "/v1/machines/1/promise", None, OPERATOR, 409),
    ("PUT", "/v1/machines/1/cabling", {"default": ""}, OPERATOR, 409),
    ("GET", "/v1/roles", None, VIEWER, 200),
    ("GET", "/v1/settings", None, VIEWER, 200),
    ("GET", "/v1/settings?machine=1", None, VIEWER, 200),
    ("PUT", "/v1/settings/attempts", {"cluster": "c1", "value": "5"}, OPERATOR, 200),
    ("DELETE", "/v1/settings/attempts?cluster=c1", None, OPERATOR, 404),
    ("GET", "/v1/events", None, VIEWER, 200),
    ("GET", "/v1/jobs", None, VIEWER, 200),
    ("GET", "/v1/health", None, VIEWER, 200),
    ("GET", "/v1/me", None, VIEWER, 200),
    ("GET", "/v1/people", None, VIEWER, 200),
    ("POST", "/v1/people", PERSON, ADMIN, 201),
    ("PUT", "/v1/people/vera/level", {"level": "operator"}, ADMIN, 200),
    ("PUT", "/v1/people/nobody/password", {"password": PASSWORD}, ADMIN, 404),
    ("POST", "/v1/people/vera/disable", None, ADMIN, 200),
    ("POST", "/v1/people/vera/enable", None, ADMIN, 200),
    ("GET", "/v1/tokens", None, VIEWER, 200),
    ("POST", "/v1/tokens", {"name": "backup"}, VIEWER, 201),
    ("DELETE", "/v1/tokens/99", None, VIEWER, 404),
]
IDS = [f"{method} {path}" for method, path, *_ in ROUTES]


@pytest.fixture
def rest(world) -> Rest:
    populate(world)
    return open_listener(world)


def is_error(answer, status: int) -> dict[str, str]:
    """The answer is an error in its one shape."""
    assert answer.status_code == status, answer.text
    assert set(answer.json) == {"error", "message", "id"} and re.fullmatch("[0-9a-f]{8}", answer.json["id"])
    return answer.json


@pytest.mark.one_database("sqlite")
def test_a_full_disk_is_said_plainly_and_nothing_is_changed(rest) -> None:
    before = len(rest.events())
    with rest.world.appliance.make_session() as db:
        engine = db.get_bind()

    def full(connection, _record) -> None:
        connection.execute("PRAGMA max_page_count = 1")  # no more pages than the file has by now

    engine.dispose()
    event.listen(engine, "connect", full)
    for number in range(250):
        first = f"10.90.{number}."
        answer = rest.call(
            "POST",
            "/v1/networks",
            json={"name": f"n{number}", "cidr": first + "0/24", "first": first + "10", "last": first + "20"},
        )
        if answer.status_code != 201:
            break
    told = is_error(answer, 503)
    assert "full" in told["message"] and told["error"] == "unavailable"
    event.remove(engine, "connect", full)
    engine.dispose()
    assert len(rest.events()) == before + number


@pytest.mark.parametrize(("method", "path", "body", "needs", "status"), ROUTES, ids=IDS)
def test_who_may(rest, method, path, body, needs, status) -> None:
    for level in LEVELS[: LEVELS.index(needs)]:
        before = len(rest.events())
        told = is_error(rest.call(method, path, level, json=body), 401 if level == NOBODY else 403)
        assert (needs in told["message"]) or level == NOBODY
        after = rest.events()[before:]
        assert [kind for kind, _, _ in after] == ([] if level == NOBODY else ["permission.refused"])
    assert rest.call(method, path, needs, json=body).status_code == status
    if method == "GET":
        for level in LEVELS[LEVELS.index(needs) :]:
            assert rest.call(method, path, level).status_code == status


def test_the_table_above_has_every_route(rest) -> None:
    routes = rest.app.url_map.bind("appliance.test")
    known = {(method, routes.match(path.partition("?")[0], method, return_rule=True)[0].rule) for method, path, *_ in ROUTES}
    for rule in rest.app.url_map.iter_rules():
        if rule.rule.startswith("/v1") and rule.rule != "/v1/session":
            for method in rule.methods - {"HEAD", "OPTIONS"}:
                assert (method, rule.rule) in known


def test_a_stranger_learns_nothing_of_what_exists(rest) -> None:
    for path in ("/v1/machines/1", "/v1/machines/99", "/v1/nothing", "/v1", "/v1/"):
        is_error(rest.call("GET", path, NOBODY), 401)


@pytest.mark.parametrize("header", ["Bearer", "Bearer ", "Bearer x", "Basic dTpw", "bearer \xff", "Token x"])
def test_a_wrong_token(rest, header) -> None:
    answer = rest.client().get("/v1/machines", headers={"Authorization": header})
    is_error(answer, 401)
    assert answer.headers["WWW-Authenticate"].startswith("Bearer")


def test_a_token_expires_and_ends_with_its_person(rest) -> None:
    assert rest.call("GET", "/v1/me", VIEWER).json == {"name": "vera", "level": "viewer"}
    assert rest.call("POST", "/v1/people/vera/disable").status_code == 200
    is_error(rest.call("GET", "/v1/me", VIEWER), 401)
    rest.world.clock.now += 3650 * 86400
    is_error(rest.call("GET", "/v1/me", ADMIN), 401)


def test_a_token_has_the_level_that_its_person_has_now(rest) -> None:
    rest.call("PUT", "/v1/people/vera/level", json={"level": "operator"})
    assert rest.call("GET", "/v1/me", VIEWER).json["level"] == "operator"


def sign_in(rest, name="vera", password=PASSWORD, **options):
    return rest.client().post("/v1/session", json={"name": name, "password": password}, **options)


def test_a_program_signs_in(rest) -> None:
    answer = sign_in(rest)
    assert answer.status_code == 201 and "Set-Cookie" not in answer.headers
    got = rest.client().get("/v1/me", headers={"Authorization": f"Bearer {answer.json['token']}"})
    assert got.json["name"] == "vera"


@pytest.mark.parametrize("name", ["vera", "unknown", "Vera", "vera\u200b"])
def test_a_sign_in_is_refused_in_the_same_words(rest, name) -> None:
    told = is_error(sign_in(rest, name, "wrong"), 401)
    assert told["message"].startswith("name and password do not fit")
    kind, _, text = rest.events()[-1]
    assert kind == "signin.refused" and ("vera" in text) == (name == "vera") and "wrong" not in text


def test_sign_in_is_rate_limited_by_name_and_by_source(rest) -> None:
    for number in range(5):
        is_error(sign_in(rest, "vera", "wrong", headers={"X-Real-IP": f"192.0.2.{number}"}), 401)
    is_error(sign_in(rest, headers={"X-Real-IP": "192.0.2.77"}), 429)
    for number in range(5):
        is_error(sign_in(rest, f"name{number}", "wrong", headers={"X-Real-IP": "192.0.2.99"}), 401)
    is_error(sign_in(rest, "olga", headers={"X-Real-IP": "192.0.2.99"}), 429)
    assert sign_in(rest, "olga", headers={"X-Real-IP": "192.0.2.98"}).status_code == 201
    rest.world.clock.now += 61
    assert sign_in(rest).status_code == 201


@pytest.fixture
def browser(rest):
    """A browser with vera's session, and the word that its pages hold against forgery."""
    client = rest.client()
    with client.session_transaction() as kept:
        kept["person"], kept["stamp"] = "olga", people.session_stamp(rest.world.ctx(), "olga")
    with rest.app.test_request_context():
        from flask import session

        token = generate_csrf()
        raw = session["csrf_token"]
    with client.session_transaction() as kept:
        kept["csrf_token"] = raw
    return client, token


def test_a_browser_reads_with_its_cookie_and_writes_with_the_csrf_header(rest, browser) -> None:
    client, token = browser
    assert client.get("/v1/me").json == {"name": "olga", "level": "operator"}
    told = is_error(client.post("/v1/machines/1/install"), 400)
    assert "X-CSRFToken" in told["message"]
    is_error(client.post("/v1/machines/1/install", headers={"X-CSRFToken": token[:-2] + "xx"}), 400)
    assert rest.call("GET", "/v1/machines/1").json["state"] == "assigned"
    assert client.post("/v1/machines/1/install", headers={"X-CSRFToken": token}).status_code == 200


def test_a_session_ends_with_the_account_and_with_its_password(rest, browser) -> None:
    client, _ = browser
    rest.call("PUT", "/v1/people/olga/password", json={"password": "another password"})
    is_error(client.get("/v1/me"), 401)


def test_a_disabled_person_is_out_at_once(rest, browser) -> None:
    rest.call("POST", "/v1/people/olga/disable")
    is_error(browser[0].get("/v1/me"), 401)


def test_a_forged_cookie_is_nobody(rest) -> None:
    client = rest.client()
    client.set_cookie("session", "eyJwZXJzb24iOiJhZGEifQ.aaaa.bbbb")
    is_error(client.get("/v1/me"), 401)


@pytest.mark.parametrize(
    ("data", "kind", "status", "said"),
    [
        (b"[" * 10000 + b"]" * 10000, "application/json", 400, "nested"),
        (b'{"a":' * 10000 + b"1" + b"}" * 10000, "application/json", 400, "nested"),
        (b'{"mac": ' + b"[" * 40 + b"]" * 40 + b"}", "application/json", 400, "nested"),
        (b'{"mac": "\xff\xfe"}', "application/json", 400, "UTF-8"),
        (b'{"mac": NaN}', "application/json", 400, "NaN"),
        (b'{"mac": "\\ud800"}', "application/json", 400, "mac"),
        (b'"{}"', "application/json", 400, "object"),
        (b"", "application/json", 400, "JSON object"),
        (b"{", "application/json", 400, "JSON"),
        (b"{}", "text/plain", 415, "application/json"),
        (b"mac=1", "application/x-www-form-urlencoded", 415, "application/json"),
        (b'{"mac": "' + b"x" * (2 << 20) + b'"}', "application/json", 413, "larger"),
    ],
)
def test_bad_bodies(rest, data, kind, status, said) -> None:
    told = is_error(rest.call("POST", "/v1/machines", data=data, content_type=kind), status)
    assert said in told["message"]


@pytest.mark.parametrize("word", ["'; DROP TABLE machine; --", "$(id)", "<script>alert(1)</script>", "{{7*7}}", "\u202e"])
def test_hostile_words_are_words(rest, word) -> None:
    is_error(rest.call("POST", "/v1/clusters", json={"name": word, "domain": "a.test", "network": "prov"}), 400)
    is_error(rest.call("POST", "/v1/machines/2/assign", json={"cluster": word, "role": word}), 404)
    answer = rest.call("GET", "/v1/machines", query_string={"search": word})
    assert answer.status_code == 200 and answer.json["total"] == 0
    assert rest.call("GET", "/v1/machines").json["total"] == 2


@pytest.mark.parametrize(
    "path",
    [
        "/v1/machines?state=nowhere",
        "/v1/machines?limit=0",
        "/v1/machines?offset=-1",
        "/v1/machines?stat=active",
        "/v1/machines?search=%00",
        "/v1/events?kind=x",
        "/v1/jobs?state=x",
        "/v1/machines/%00",
        "/v1/events?after=99999999999999999999",
    ],
)
def test_bad_questions(rest, path) -> None:
    is_error(rest.call("GET", path), 400)


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/v1/nothing", 404),
        ("PATCH", "/v1/machines", 405),
        ("TRACE", "/v1/machines", 405),
        ("DELETE", "/v1/tokens/1e9", 400),
        ("DELETE", "/v1/tokens/99999999999999999999", 400),
        ("GET", "/v1//machines", 404),
        ("GET", "/openapi", 404),
        ("GET", "/openapi/swagger", 404),
    ],
)
def test_what_is_not_there(rest, method, path, status) -> None:
    answer = rest.call(method, path)
    is_error(answer, status)
    assert status != 405 or "GET" in answer.headers["Allow"]


def test_every_answer_has_the_headers(rest) -> None:
    for path, level in (("/openapi.json", NOBODY), ("/v1/me", ADMIN), ("/v1/me", NOBODY), ("/nothing", NOBODY)):
        headers = rest.call("GET", path, level).headers
        assert "default-src 'self'" in headers["Content-Security-Policy"]
        assert "unsafe" not in headers["Content-Security-Policy"]
        assert "frame-ancestors 'none'" in headers["Content-Security-Policy"]
        assert (headers["X-Content-Type-Options"], headers["Referrer-Policy"]) == ("nosniff", "same-origin")
    assert rest.call("GET", "/v1/me").headers["Cache-Control"] == "no-store"


def test_a_defect_tells_its_id_and_nothing_else(rest, caplog) -> None:
    from dataclasses import replace

    def broken(_clear: str) -> str:
        raise RuntimeError("planted-secret")

    sealer = type("Broken", (), {"seal": staticmethod(broken), "open": staticmethod(broken)})()
    rest.world.outside(sealer=sealer)
    rest.app.extensions["oci"] = replace(rest.world.appliance)
    answer = rest.call("PUT", "/v1/machines/1/bmc", json=BMC)
    told = is_error(answer, 500)
    assert "planted-secret" not in answer.text and "sesame" not in caplog.text
    assert told["id"] in caplog.text


def test_errors_never_repeat_a_password(rest, caplog) -> None:
    caplog.set_level("DEBUG")
    body = {**BMC, "password": "planted-secret" * 20}
    answer = rest.call("PUT", "/v1/machines/1/bmc", json=body)
    is_error(answer, 400)
    assert "planted-secret" not in answer.text + caplog.text + json.dumps(rest.events())


def test_the_session_key_is_private_and_stays(rest, tmp_path) -> None:
    from oci.api.operators import create, session_key

    path = tmp_path / "session.key"
    assert path.stat().st_mode & 0o777 == 0o600
    assert create(rest.world.appliance).config["SECRET_KEY"] == rest.app.config["SECRET_KEY"]
    (tmp_path / "empty.key").touch()
    with pytest.raises(ValueError, match="holds no session key"):
        session_key(tmp_path / "empty.key")


def test_events_come_page_by_page(rest) -> None:
    everything = rest.call("GET", "/v1/events").json
    found, after = [], 0
    while True:
        page = rest.call("GET", f"/v1/events?after={after}&limit=3").json
        if not page["events"]:
            break
        found, after = found + page["events"], page["next"]
    assert found == everything["events"] and page["next"] == everything["next"]
    assert {e["machine_id"] for e in rest.call("GET", f"/v1/events?machine={SECOND}").json["events"]} == {2}
    assert rest.call("GET", f"/v1/machines/{MAC}/events").json["events"][0]["kind"] == "machine.discovered"
