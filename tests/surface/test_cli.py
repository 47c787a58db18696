"""ocicli against the real listener, over WSGI: the story of a machine, errors, formats and help."""

from __future__ import annotations

import json
import shlex
import subprocess
import sys

import pytest
import yaml
from rest import MAC, PASSWORD, SECOND, WsgiTransport, open_listener, populate

from oci.client import cli
from oci.client.engine import waiting

URL = "http://oci.test"


class Cli:
    """Runs ocicli in this process; remembers what it printed."""

    def __init__(self, rest, capsys) -> None:
        self.rest, self.capsys = rest, capsys
        self.transport = WsgiTransport(rest.app)

    def __call__(self, *words: str) -> int:
        self.capsys.readouterr()
        code = cli.main(list(words), self.transport)
        self.out, self.err = self.capsys.readouterr()
        return code

    def json(self, *words: str):
        assert self(*words, "-o", "json") == 0, self.err
        return json.loads(self.out)


@pytest.fixture
def home(tmp_path, monkeypatch):
    """A home of its own: no profile, no cache."""
    for name in ("OCI_URL", "OCI_TOKEN", "OCI_TOKEN_FILE", "OCI_CACERT", "OCI_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return tmp_path


@pytest.fixture
def rest(world):
    return open_listener(world)


@pytest.fixture
def ocicli(rest, home, monkeypatch, capsys) -> Cli:
    monkeypatch.setenv("OCI_URL", URL)
    monkeypatch.setenv("OCI_TOKEN", rest.tokens["admin"])
    monkeypatch.setattr(waiting, "POLL_SECONDS", 0.01)
    return Cli(rest, capsys)


@pytest.fixture
def site(world) -> None:
    populate(world)


def password_file(tmp_path, text: str = "sesame"):
    path = tmp_path / "password"
    path.write_text(text + "\n")
    return str(path)


def test_the_story_of_a_machine(ocicli, tmp_path) -> None:
    ocicli.json(
        "network",
        "create",
        "--name",
        "prov",
        "--cidr",
        "10.77.0.0/24",
        "--first",
        "10.77.0.11",
        "--last",
        "10.77.0.20",
        "--dns",
        "10.77.0.1",
    )
    ocicli.json("cluster", "create", "c1", "--domain", "lab.test", "--network", "prov")
    assert ocicli.json("machine", "enrol", "--mac", MAC)["name"] == "machine-1"
    ocicli.json(
        "machine", "bmc", MAC, "--address", "10.78.0.1", "--username", "operator", "--password-file", password_file(tmp_path)
    )
    ocicli.json("machine", "power", MAC, "--power", "on")
    made = ocicli.json("machine", "assign", MAC, "--cluster", "c1", "--role", "compute")
    assert (made["fqdn"], made["address"], made["state"]) == ("compute1.lab.test", "10.77.0.11", "assigned")
    assert ocicli.json("machine", "install", "compute1")["state"] == "installing"
    assert ocicli.json("machine", "abort", "compute1")["state"] == "assigned"
    kinds = [event["kind"] for event in ocicli.json("machine", "events", "compute1")["events"]]
    assert kinds[0] == "machine.discovered" and kinds.count("machine.state") == 4
    assert {job["kind"] for job in ocicli.json("job", "list")["jobs"]} == {"power"}
    assert "sesame" not in json.dumps(ocicli.json("event", "list"))


def test_a_controller_can_be_given_at_enrolment(ocicli, tmp_path) -> None:
    made = ocicli.json(
        "machine",
        "enrol",
        MAC,
        "--bmc-address",
        "10.78.0.1",
        "--bmc-username",
        "admin",
        "--bmc-password-file",
        password_file(tmp_path),
    )
    assert (made["bmc_address"], made["bmc_username"]) == ("10.78.0.1", "admin")


def test_settings_are_set_listed_and_taken_back(ocicli, site, tmp_path) -> None:
    made = ocicli.json("setting", "set", "ntp_servers", "--cluster", "c1", "--value", "10.0.0.9 10.0.0.10")
    assert (made["value"], made["origin"], made["here"]) == ("10.0.0.9 10.0.0.10", "cluster c1", True)
    ocicli.json("setting", "set", "ntp_servers", "--cluster", "c1", "--role", "compute", "--value", "10.0.0.11")
    listed = {one["name"]: one for one in ocicli.json("setting", "list", "--machine", "compute1")["settings"]}
    assert listed["ntp_servers"]["origin"] == "role compute of cluster c1"
    assert ocicli("setting", "list", "--cluster", "c1") == 0 and "role compute" in ocicli.out
    assert ocicli.json("setting", "unset", "ntp_servers", "--cluster", "c1", "--role", "compute")["value"] == made["value"]
    assert ocicli("setting", "set", "attempts", "--machine", "compute1", "--value", "many") == 3 and "number" in ocicli.err
    assert ocicli("setting", "unset", "attempts", "--machine", "compute1") == 4 and "is not set for" in ocicli.err


def test_a_secret_setting_comes_from_a_file_and_is_shown_by_nothing(ocicli, site, tmp_path) -> None:
    worth = "$6$salt$" + 40 * "s"
    words = ("setting", "set", "root_password_hash", "--cluster", "c1", "--secret-file", password_file(tmp_path, worth))
    assert ocicli.json(*words)["value"] == "***"
    assert ocicli("setting", "list", "--cluster", "c1", "-o", "yaml") == 0 and worth not in ocicli.out
    assert worth not in json.dumps(ocicli.json("event", "list"))


def test_a_list_for_people(ocicli, site) -> None:
    assert ocicli("machine", "list") == 0
    first, second, *_ = ocicli.out.splitlines()
    assert first.split()[:4] == ["ID", "NAME", "STATE", "POWER"]
    assert "compute1.lab.test" in second and "\x1b" not in ocicli.out


def test_the_old_spelling(ocicli, site) -> None:
    assert ocicli("machine-list") == 0
    old = ocicli.out
    assert ocicli("machine", "list") == 0 and ocicli.out == old


def test_every_format_tells_the_same(ocicli, site) -> None:
    machines = ocicli.json("machine", "list")["machines"]
    assert ocicli("-o", "yaml", "machine", "list") == 0
    assert yaml.safe_load(ocicli.out)["machines"] == machines
    assert ocicli("machine", "list", "-o", "csv") == 0
    head, *lines = ocicli.out.splitlines()
    assert head.startswith("id,name,state") and len(lines) == len(machines)


def test_an_empty_list_says_how_to_fill_it(ocicli) -> None:
    assert ocicli("machine", "list") == 0
    assert ocicli.out == "" and "machine enrol" in ocicli.err
    assert ocicli.json("machine", "list") == {"machines": [], "total": 0}


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("machine", "show", "nobody"), 4, "no machine is called 'nobody'"),
        (("machine", "release", MAC, "--yes"), 5, "it can:"),
        (("machine", "enrol", MAC), 5, "already belongs"),
        (("machine", "enrol", "01:00:00:00:00:00"), 3, "mac"),
        (("machine", "frobnicate"), 2, "verbs of machine are"),
        (("frobnicate", "it"), 2, "ocicli help"),
        (("machine", "power", MAC), 2, "--power"),
        (("machine", "list", "--limit", "many"), 2, "--limit"),
        (("machine", "list", "--lim", "3"), 2, "--lim"),
        (("machine", "bmc", MAC, "--address", "a", "--username", "b"), 2, "--password-file"),
        (("machine", "release", MAC), 2, "--yes"),
        (("cluster", "create", "--domain", "a.b", "--network", "prov"), 2, "NAME once"),
        (("me", "--profile", "nowhere"), 2, "no profile"),
    ],
)
def test_what_goes_wrong_has_a_code_and_words(ocicli, site, words, code, said, monkeypatch) -> None:
    monkeypatch.setattr(sys, "stdin", open("/dev/null"))  # noqa: PTH123, SIM115
    try:
        assert ocicli(*words) == code
    finally:
        sys.stdin.close()
    assert said in ocicli.err and ocicli.out == ""


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("machine", "list", "--state", "actve"), "'actve' is none of discovered, assigned"),
        (("machine", "power", MAC, "--power", "melt"), "on, off, cycle"),
        (("person", "level", "vera", "--level", "appliance"), "viewer, operator, admin"),
        (("job", "list", "--state", "lost"), "queued, running"),
        (("event", "follow", "--kind", "machine.x"), "machine.state"),
    ],
)
def test_a_word_that_is_no_choice_is_refused_before_a_request(ocicli, words, said) -> None:
    assert ocicli(*words) == 2 and said in ocicli.err
    assert [path for _, path in ocicli.transport.sent if path != "/openapi.json"] == []


def test_help_tells_the_choices(home, capsys) -> None:
    assert cli.main(["machine", "power", "--help"]) == 0
    assert "on, off, cycle" in capsys.readouterr().out


def test_a_level_that_does_not_suffice(ocicli, site, monkeypatch) -> None:
    monkeypatch.setenv("OCI_TOKEN", ocicli.rest.tokens["viewer"])
    assert ocicli("machine", "list") == 0
    assert ocicli("machine", "install", MAC) == 3 and "operator" in ocicli.err
    monkeypatch.setenv("OCI_TOKEN", "wrong")
    assert ocicli("machine", "list") == 3 and "login" in ocicli.err


def test_an_appliance_that_does_not_answer(home, monkeypatch, capsys) -> None:
    monkeypatch.setenv("OCI_URL", "https://127.0.0.1:1")
    monkeypatch.setenv("OCI_TOKEN", "x")
    assert cli.main(["machine", "list"]) == 6
    assert "does not answer" in capsys.readouterr().err


def test_a_token_does_not_travel_in_clear(home, monkeypatch, capsys) -> None:
    monkeypatch.setenv("OCI_URL", "http://192.0.2.1")
    monkeypatch.setenv("OCI_TOKEN", "x")
    assert cli.main(["machine", "list"]) == 2
    assert "https" in capsys.readouterr().err


def test_a_release_asks_for_the_name(ocicli, site, monkeypatch, tmp_path) -> None:
    class Terminal:
        def __init__(self, answer: str) -> None:
            self.answer = answer

        def isatty(self) -> bool:
            return True

        def readline(self) -> str:
            return self.answer + "\n"

    with ocicli.rest.world.appliance.make_session() as db:
        from oci.db import tables

        db.get(tables.Machine, 1).state = "active"
        db.commit()
    monkeypatch.setattr(sys, "stdin", Terminal("compute1"))
    assert ocicli("machine", "release", "compute1") == 3
    assert "will be lost" in ocicli.err and "exactly that name" in ocicli.err
    monkeypatch.setattr(sys, "stdin", Terminal("compute1.lab.test"))
    assert ocicli("machine", "release", "compute1") == 0


def test_waiting_in_vain(ocicli, site) -> None:
    assert ocicli("machine", "install", "compute1", "--wait", "--timeout", "0.05") == 7
    assert "installing" in ocicli.err and "look again with" in ocicli.err


def test_waiting_for_a_failure(ocicli, site, monkeypatch) -> None:
    _then(monkeypatch, ocicli, "failed")
    assert ocicli("machine", "install", "compute1", "--wait") == 8
    assert "it burnt" in ocicli.err and "machine why" in ocicli.err


def test_waiting_until_it_is_done(ocicli, site, monkeypatch) -> None:
    _then(monkeypatch, ocicli, "active")
    assert ocicli.json("machine", "install", "compute1", "--wait")["state"] == "active"


def test_enough_of_waiting(ocicli, site, monkeypatch) -> None:
    def interrupt(_seconds: float) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(waiting.time, "sleep", interrupt)
    assert ocicli("machine", "install", "compute1", "--wait") == 7
    assert "the work goes on" in ocicli.err


def _then(monkeypatch, ocicli, state: str) -> None:
    """While ocicli sleeps, the machine comes to `state`."""
    from oci.db import tables

    def sleep(_seconds: float) -> None:
        with ocicli.rest.world.appliance.make_session() as db:
            machine = db.get(tables.Machine, 1)
            machine.state, machine.reason = state, "it burnt"
            db.commit()

    monkeypatch.setattr(waiting.time, "sleep", sleep)


def test_sign_in_keeps_a_token(ocicli, home, tmp_path, monkeypatch) -> None:
    monkeypatch.delenv("OCI_TOKEN")
    monkeypatch.delenv("OCI_URL")
    assert ocicli("me") == 2 and "login" in ocicli.err
    assert ocicli("login", URL, "--name", "olga", "--password-file", password_file(tmp_path, PASSWORD)) == 0
    file = home / "config" / "oci" / "config.yaml"
    assert file.stat().st_mode & 0o777 == 0o600 and PASSWORD not in file.read_text()
    assert yaml.safe_load(file.read_text())["profiles"]["default"]["token"] not in ocicli.out
    assert ocicli.json("me") == {"name": "olga", "level": "operator"}
    assert ocicli("login", URL, "--name", "olga", "--password-file", password_file(tmp_path, "no")) == 3


def test_a_kept_token_goes_to_no_other_address(ocicli, home, tmp_path, monkeypatch) -> None:
    monkeypatch.delenv("OCI_TOKEN")
    ocicli("login", URL, "--name", "olga", "--password-file", password_file(tmp_path, PASSWORD))
    monkeypatch.setenv("OCI_URL", "http://elsewhere.test")
    assert ocicli("me") == 2 and "no token for http://elsewhere.test" in ocicli.err


def test_why(ocicli, site) -> None:
    assert ocicli("machine", "why", "compute1") == 0
    assert "is assigned" in ocicli.out and "You can:" in ocicli.out


def test_puppet_runs_and_what_puppet_is_told(ocicli, site) -> None:
    from oci.app import APPLIANCE
    from oci.services.path import puppet

    assert ocicli("machine", "runs", "compute1") == 0 and "No Puppet run" in ocicli.err
    puppet.report(
        ocicli.rest.world.ctx(APPLIANCE), "compute1.lab.test", {"status": "failed", "metrics": {"time": {"total": 3}}}
    )
    assert ocicli("machine", "runs", "compute1") == 0
    assert "failed  3 s   Puppet failed" in ocicli.out
    assert ocicli("machine", "classification", "compute1") == 0
    assert '\n    "profile::base": {\n' in ocicli.out


def test_following_events(ocicli, site) -> None:
    assert ocicli("event", "follow", "--for", "0", "-o", "json") == 0
    events = [json.loads(line) for line in ocicli.out.splitlines()]
    assert [e["id"] for e in events] == sorted(e["id"] for e in events) and len(events) == 10
    assert ocicli("event-follow", "--machine", SECOND, "--for", "0.03") == 0
    assert len(ocicli.out.splitlines()) == 1


def test_a_hostile_report_does_not_command_the_terminal(ocicli, site) -> None:
    from oci.db import tables

    with ocicli.rest.world.appliance.make_session() as db:
        db.get(tables.Machine, 2).model = "\x1b]0;owned\x07\x9b31m"
        db.commit()
    for words in (
        ("machine", "list"),
        ("machine", "show", SECOND),
        ("machine", "list", "-o", "csv"),
        ("machine", "list", "-o", "yaml"),
    ):
        assert ocicli(*words) == 0
        assert not set("\x1b\x07\x9b") & set(ocicli.out), words


def test_the_contract_is_fetched_once(ocicli, site) -> None:
    ocicli("machine", "list")
    ocicli("machine", "list")
    assert [path for _, path in ocicli.transport.sent].count("/openapi.json") == 1


@pytest.mark.parametrize(
    "words",
    [
        ("--help",),
        ("machine", "--help"),
        ("machine", "assign", "--help"),
        ("login", "--help"),
        ("event", "follow", "--help"),
    ],
)
def test_help_needs_no_appliance(home, capsys, words) -> None:
    assert cli.main(list(words)) == 0
    out = capsys.readouterr().out
    assert "ocicli" in out or "assign" in out


def test_every_command_has_help_with_an_example(home, monkeypatch, tmp_path) -> None:
    from oci.client.engine import arguments, contract
    from oci.client.engine.command import commands

    (tmp_path / "cloud.yaml").write_text("cluster: cloud\n")  # whoever takes a file reads it
    monkeypatch.chdir(tmp_path)
    for command in commands(contract.known()).values():
        text = arguments.parser_of(command).format_help()
        assert f"example: ocicli {command.title}" in text
        example = shlex.split(command.example)[1 + len(command.title.split()) :]
        if not any(o.secret for o in command.options):
            arguments.parse(command, example)


def test_no_password_is_an_argument(home) -> None:
    from oci.client.engine import arguments, contract
    from oci.client.engine.command import commands

    for command in commands(contract.known()).values():
        flags = {flag for action in arguments.parser_of(command)._actions for flag in action.option_strings}
        assert "--password" not in flags and "--bmc-password" not in flags, command.title


# What the server is made of, and what only some commands need: a person who asks for help waits for none of it.
NOT_AT_START = {
    "flask",
    "sqlalchemy",
    "pydantic",
    "celery",
    "jinja2",
    "yaml",
    "cryptography",
    "paramiko",
    "alembic",
    "argon2",
}
NOT_FOR_HELP = NOT_AT_START | {"requests", "urllib3", "ssl", "http", "email", "asyncio", "importlib.metadata"}


def _modules(*words: str) -> set[str]:
    """What is imported by the end of a command of ocicli, in a process of its own."""
    program = (
        "import sys\nfrom oci.client import cli\ntry:\n    cli.main(sys.argv[1:])\nexcept SystemExit:\n    pass\n"
        "print(*sys.modules, file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", program, *words], capture_output=True, text=True, check=True, timeout=60)
    return set(done.stderr.splitlines()[-1].split())


def test_it_starts_with_little(home, monkeypatch) -> None:
    asked = _modules("machine", "assign", "--help")
    monkeypatch.setenv("OCI_URL", "https://127.0.0.1:1")
    monkeypatch.setenv("OCI_TOKEN", "x")
    spent = _modules("me")
    assert "oci.client.engine.arguments" in asked and "requests" in spent, "it has done something"
    assert not asked & NOT_FOR_HELP
    assert not spent & NOT_AT_START
    server = {name for name in asked | spent if name.startswith(("oci.services", "oci.db", "oci.domain.", "webui"))}
    assert server <= {"oci.domain.quantities"}, "how long something takes is said in one place"
