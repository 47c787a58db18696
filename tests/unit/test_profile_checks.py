"""The checks of profiles as they run on a machine, against programs and servers that are well, ill, slow and not there."""

from __future__ import annotations

import importlib.util
import json
import socket
import sys
import threading
from collections.abc import Iterator, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from oci.render.puppet.profiles import PROFILES

FILE = Path(__file__).resolve().parents[2] / "puppet/site/profile/files/oci_checks.py"
PASSWORD = "Sesame4711"
CONF = f"[DEFAULT]\n# password = no\n[keystone_authtoken]\nusername = nova\npassword = {PASSWORD}\nproject_name = services\n"


@pytest.fixture
def checks(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> ModuleType:
    """The module as a machine loads it, with programs of its own first in the path and one user of Keystone."""
    spec = importlib.util.spec_from_file_location("oci_checks", FILE)
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    (tmp_path / "nova.conf").write_text(CONF)
    (tmp_path / "bin").mkdir()
    monkeypatch.setattr(module, "USERS", ((str(tmp_path / "nova.conf"), "keystone_authtoken"),))
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}:/usr/bin:/bin")
    return module


def program(tmp_path: Path, name: str, body: str) -> None:
    file = tmp_path / "bin" / name
    file.write_text(f"#!/bin/sh\n{body}\n")
    file.chmod(0o755)


class Answers(BaseHTTPRequestHandler):
    """A front: by path the status and the body that it answers with."""

    known: Mapping[str, tuple[int, Any]] = {}

    def _answer(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length") or 0))
        status, body = self.known.get(self.path.partition("?")[0], (404, {}))
        text = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("X-Subject-Token", "t")
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    do_GET = do_POST = _answer

    def log_message(self, *words: object) -> None:
        """Nothing: what is asked is seen by what is answered."""


@pytest.fixture
def front() -> Iterator[type[Answers]]:
    """A server by HTTP at `front.at`."""

    class Here(Answers):
        at = ""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Here)
    Here.at = f"http://127.0.0.1:{server.server_port}"
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield Here
    server.shutdown()
    server.server_close()


def outcome(checks: ModuleType, capsys: pytest.CaptureFixture[str], name: str, **told: Any) -> tuple[int, str]:
    """With which status the check ended, and what it printed."""
    with pytest.raises(SystemExit) as end:
        checks.run(name, {"fqdn": "one.lab.test", "hostname": "one", **told})
    return int(str(end.value.code)), capsys.readouterr().out


def test_there_is_a_check_for_each_name_that_a_profile_declares_and_no_other(checks: ModuleType) -> None:
    assert set(checks.CHECKS) == {name for profile in PROFILES.values() for name in profile.checks}


def test_a_service_that_died_after_its_start_is_named(
    checks: ModuleType, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Puppet started it, and went on."""
    program(tmp_path, "systemctl", 'shift; for u; do [ "$u" = nova-scheduler ] && echo failed || echo active; done; exit 3')
    status, text = outcome(checks, capsys, "nova.services", api="api.lab.test")
    assert status == 1 and text.startswith("the service nova-scheduler is failed")


@pytest.mark.parametrize("state", ["inactive", "activating", "failed", "unknown"])
def test_only_a_unit_that_is_active_is_well(checks: ModuleType, tmp_path: Path, state: str) -> None:
    program(tmp_path, "systemctl", f"echo {state}; exit 3")
    with pytest.raises(checks.Sick, match=state):
        checks.active("mariadb")


def test_a_member_of_galera_is_well_only_in_the_primary_part(
    checks: ModuleType, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    program(tmp_path, "systemctl", "echo active")
    rows = {
        "wsrep_local_state_comment": "Synced",
        "wsrep_cluster_status": "Primary",
        "wsrep_ready": "ON",
        "wsrep_connected": "ON",
    }
    for changed in ("", *rows):
        said = "".join(f"{name}\\t{'bad' if name == changed else value}\\n" for name, value in rows.items())
        program(tmp_path, "mariadb", f"printf '{said}'")
        status, text = outcome(checks, capsys, "mariadb.synced")
        assert status == bool(changed) and changed in text


@pytest.mark.parametrize(
    ("known", "answers", "well"),
    [
        (("one", "two"), (), True),
        (("one", "two"), ("two",), True),
        (("one",), (), True),
        (("one",), ("two",), False),
    ],
)
def test_a_queue_beside_the_one_of_the_other_members_is_told(
    checks: ModuleType,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    known: tuple[str, ...],
    answers: tuple[str, ...],
    well: bool,
) -> None:
    """Each of two is well by itself, and has half of the messages. Who does not answer may be away, or yet to come."""
    program(tmp_path, "systemctl", "echo active")
    said = {"running_nodes": ["rabbit@one"], "disk_nodes": [f"rabbit@{name}" for name in known]}
    program(tmp_path, "rabbitmqctl", f"echo '{json.dumps(said)}'")

    def connects(address: str, port: int) -> None:
        if address not in (*answers, "192.0.2.1"):
            raise checks.Sick("nobody")

    monkeypatch.setattr(checks, "connects", connects)
    status, text = outcome(checks, capsys, "rabbitmq.members", address="192.0.2.1", members=["one", "two"])
    assert (status == 0) is well and ("rabbit@two runs, and is in another cluster than rabbit@one" in text) is not well


def test_a_program_that_does_not_end_and_one_that_is_not_there_are_told(
    checks: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(checks, "PATIENCE", 0.2)
    program(tmp_path, "slow", "exec sleep 60")
    with pytest.raises(checks.Sick, match=r"slow did not answer within 0\.2 s"):
        checks.says("slow")
    with pytest.raises(checks.Sick, match="missing cannot be started: No such file"):
        checks.says("missing")


def test_a_port_where_nobody_is_says_so(checks: ModuleType) -> None:
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        port = held.getsockname()[1]
    with pytest.raises(checks.Sick, match=f"nobody answers at 127.0.0.1 port {port}: "):
        checks.connects("127.0.0.1", port)
    with pytest.raises(checks.Sick, match="does not answer"):
        checks.asked(f"http://127.0.0.1:{port}/")


def test_a_token_is_asked_for_with_the_user_of_a_configuration(checks: ModuleType, front: type[Answers]) -> None:
    front.known = {"/v3/auth/tokens": (201, {"token": {"catalog": []}})}
    assert checks.token(front.at, checks.user()) == ("t", {"catalog": []})


@pytest.mark.parametrize("status", [401, 500, 503])
def test_who_gets_no_token_is_told_by_name_and_never_by_password(
    checks: ModuleType, front: type[Answers], status: int
) -> None:
    front.known = {"/v3/auth/tokens": (status, {})}
    with pytest.raises(checks.Sick) as sick:
        checks.token(front.at, checks.user())
    assert f"gives nova no token: status {status}" in str(sick.value) and PASSWORD not in str(sick.value)


def test_an_error_of_the_check_itself_is_one_line_and_no_success(
    checks: ModuleType, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(checks.CHECKS, "vip.held", lambda told: told["nothing"])
    status, text = outcome(checks, capsys, "vip.held")
    assert status == 1 and text.count("\n") == 1 and "KeyError" in text


def test_it_needs_nothing_but_what_python_has() -> None:
    """A machine has the packages of its own profiles only."""
    lines = [line.split()[1].split(".")[0] for line in FILE.read_text().splitlines() if line.startswith(("import", "from"))]
    assert set(lines) <= set(sys.stdlib_module_names)
