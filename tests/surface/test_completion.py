"""Completion in real shells: what is offered where, and that a name from outside is never run, waited for or missed."""

from __future__ import annotations

import json
import shutil
import socket
import subprocess
import sys
from pathlib import Path

import pytest
from rest import WsgiTransport, open_listener, populate

from oci.client import cli
from oci.client.engine import completion
from oci.client.engine.command import commands
from oci.client.engine.contract import SHIPPED, known
from oci.db import tables
from oci.domain.machines.lifecycle import STATES
from oci.domain.machines.power import ORDERS

ROOT = Path(__file__).resolve().parents[2]
ZSH = shutil.which("zsh")


def printed(shell: str) -> str:
    return completion.script(shell, commands(known()), cli.BY_HAND)


@pytest.fixture
def bash(tmp_path):
    """Complete the line `words` in a real bash, the cursor behind the last word; the words that are offered.

    `ocicli` there is a program that says how it was called in a file, and prints `names`.
    """
    (tmp_path / "ocicli.bash").write_text(printed("bash"))
    program = tmp_path / "bin" / "ocicli"
    program.parent.mkdir()

    def complete(*words: str, names: str = "", code: int = 0) -> list[str]:
        (tmp_path / "names").write_text(names)
        program.write_text(
            f'#!/bin/sh\nprintf "%s\\n" "$*" >> {tmp_path}/called\ncat {tmp_path}/names\necho complaint >&2\nexit {code}\n'
        )
        program.chmod(0o755)
        script = (
            'source "$1"; shift; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _ocicli ocicli "${COMP_WORDS[COMP_CWORD]}" "";'
            ' if [ ${#COMPREPLY[@]} -gt 0 ]; then printf "%s\\n" "${COMPREPLY[@]}"; fi'
        )
        done = subprocess.run(
            ["bash", "--norc", "-euc", script, "bash", str(tmp_path / "ocicli.bash"), "ocicli", *words],
            capture_output=True,
            text=True,
            timeout=60,
            check=True,
            cwd=tmp_path,
            env={"PATH": f"{program.parent}:/usr/bin:/bin"},
        )
        assert done.stderr == "", "a person who types is not told of errors"
        return done.stdout.splitlines()

    complete.called = lambda: (tmp_path / "called").read_text() if (tmp_path / "called").exists() else ""
    return complete


@pytest.mark.parametrize(
    ("words", "offered"),
    [
        (("ma",), ["machine"]),
        (("machine", "rel"), ["release"]),
        (("machine", "power", "x", "--po"), ["--power"]),
        (("machine", "power", "x", "--power", ""), list(ORDERS)),
        (("machine", "power", "x", "--power", "=", "o"), ["on", "off"]),
        (("machine", "power", "x", "--power", "="), list(ORDERS)),
        (("machine", "list", "--state", ""), list(STATES)),
        (("-o", "json", "machine", "list", "--state", "inst"), ["installing"]),
        (("--url", "=", "machine", "job", "list", "--state", "q"), ["queued"]),
        (("machine-list", "--state", "act"), ["active"]),
        (("machine-forget-bmc", "--out"), ["--output"]),
        (("machine", "list", "-o", ""), ["table", "json", "yaml", "csv"]),
        (("machine", "install", "x", "--w"), ["--wait"]),
        (("machine", "release", "x", "--y"), ["--yes"]),
        (("person", "add", "ada", "--level", ""), ["viewer", "operator", "admin"]),
        (("event", "follow", "--kind", "install.d"), ["install.disk"]),
        (("event", "fol"), ["follow"]),
        (("completion", ""), ["bash", "zsh"]),
        (("me", "--out"), ["--output"]),
        (("--pro",), ["--profile"]),
        (("machine", "list", "--limit", ""), []),
        (("machine", "frobnicate", "--l"), []),
        (("frobnicate", ""), []),
        (("login", ""), []),
    ],
    ids=" ".join,
)
def test_bash_offers_what_may_stand_there(bash, words, offered) -> None:
    assert sorted(bash(*words)) == sorted(offered)
    assert bash.called() == "", "static words ask nobody"


def test_bash_offers_every_noun_and_verb(bash) -> None:
    every = commands(known())
    assert set(bash("")) == {noun for noun, _ in every} | {"login", "completion"}
    for noun in {noun for noun, verb in every if verb}:
        assert set(bash(noun, "")) == {verb for other, verb in every if other == noun}


def test_bash_offers_files_for_a_secret(bash, tmp_path) -> None:
    (tmp_path / "pass word").touch()
    assert bash("person", "password", "ada", "--password-file", "pass") == ["pass word"]


@pytest.mark.parametrize(
    ("words", "asked"),
    [
        (("machine", "show", "comp"), "completion names machine.list comp"),
        (("machine", "assign", "x", "--role", "comp"), "completion names role.list comp"),
        (("conflict", "join", "3", "--machine", "comp"), "completion names machine.list comp"),
        (("--url", "https://a.b", "machine", "show", "comp"), "--url https://a.b completion names machine.list comp"),
        (("cluster", "create", "x", "--network", "=", "comp"), "completion names network.list comp"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_names_are_asked_for_live(bash, words, asked) -> None:
    assert bash(*words, names="compute1.lab.test\ncompute2\nother\n") == ["compute1.lab.test", "compute2"]
    assert bash.called() == f"{asked}\n"


def test_an_appliance_that_does_not_answer_offers_nothing_and_says_nothing(bash) -> None:
    assert bash("machine", "show", "", code=1) == []


def test_a_name_is_never_run(bash, tmp_path) -> None:
    bash("machine", "show", "", names="$(touch evil) `touch evil`\n")
    assert not (tmp_path / "evil").exists()


def test_bash_takes_the_script_for_ocicli(tmp_path) -> None:
    (tmp_path / "script").write_text(printed("bash"))
    done = subprocess.run(
        ["bash", "--norc", "-euc", f"source {tmp_path}/script; complete -p ocicli"],
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    assert done.stdout == "complete -F _ocicli ocicli\n"


@pytest.mark.skipif(ZSH is None, reason="zsh is not installed here, and tests install no shell")
def test_zsh_knows_the_same_places(tmp_path) -> None:
    (tmp_path / "_ocicli").write_text(printed("zsh"))
    script = (
        "compdef() { :; }; source $1; compadd() { shift; print -l -- $@; };"
        " words=(ocicli machine power x --power ''); CURRENT=6; _ocicli; words=(ocicli ma); CURRENT=2; _ocicli"
    )
    done = subprocess.run(
        [str(ZSH), "-fc", script, "zsh", str(tmp_path / "_ocicli")], capture_output=True, text=True, check=True, timeout=60
    )
    assert done.stdout.split()[:3] == list(ORDERS) and "machine" in done.stdout.split()[3:]


def test_both_scripts_have_the_same_table_and_no_word_that_a_shell_would_expand() -> None:
    bash, zsh = printed("bash"), printed("zsh")
    assert zsh.startswith("#compdef ocicli\n"), "zsh looks for this line"
    cases = [line for line in bash.splitlines() if ") REPLY=" in line]
    assert len(cases) > 100 and all(line in zsh for line in cases)
    assert not [line for line in cases if "$" in line or "`" in line]


def test_a_hostile_contract_puts_no_command_into_the_script(tmp_path) -> None:
    text = SHIPPED.read_text().replace('"queued"', '"$(touch evil)"').replace('"machine.why"', "\"machine.a';touch evil;'\"")
    document = json.loads(text)
    script = completion.script("bash", commands(document), cli.BY_HAND)
    (tmp_path / "script").write_text(script)
    subprocess.run(["bash", "--norc", "-euc", "source ./script"], check=True, cwd=tmp_path, timeout=60)
    assert "evil)" not in script and not (tmp_path / "evil").exists()


# --- the names themselves


@pytest.fixture
def ask(world, monkeypatch, capsys, tmp_path):
    """`ocicli completion names` against the real listener; the names it prints. It always ends with 0 and no complaint."""
    populate(world)
    rest = open_listener(world)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setenv("OCI_URL", "http://oci.test")
    monkeypatch.setenv("OCI_TOKEN", rest.tokens["viewer"])

    def names(*words: str) -> list[str]:
        transport = WsgiTransport(rest.app)
        capsys.readouterr()
        assert cli.main(["completion", "names", *words], transport) == 0
        out, err = capsys.readouterr()
        assert err == ""
        names.sent = transport.sent
        return out.split()

    names.world = world
    return names


@pytest.mark.parametrize(
    ("words", "found"),
    [
        (("machine.list", "comp"), ["compute1.lab.test"]),
        (("machine.list",), ["compute1.lab.test", "machine-2"]),
        (("cluster.list", "c"), ["c1"]),
        (("network.list", ""), ["prov"]),
        (("person.list", "o"), ["olga"]),
        (("role.list", "swift"), ["swiftproxy", "swiftstore"]),
        (("machine.list", "nobody"), []),
        (("machine.frobnicate", "x"), []),
        ((), []),
    ],
    ids=" ".join,
)
def test_names_of_things(ask, words, found) -> None:
    assert sorted(ask(*words)) == found
    assert len(ask.sent) <= 1, "one request for one key"


def test_a_part_of_a_name_narrows_the_list_at_the_appliance(ask) -> None:
    ask("machine.list", "comp")
    assert ask.sent == [("GET", "/v1/machines?search=comp")]


def test_a_name_that_a_shell_would_expand_is_not_offered(ask) -> None:
    with ask.world.appliance.make_session() as db:
        db.get(tables.Machine, 2).name = "$(reboot)"
        db.commit()
    assert ask("machine.list") == ["compute1.lab.test"]


def test_without_a_sign_in_nothing_is_said(ask, monkeypatch) -> None:
    monkeypatch.setenv("OCI_TOKEN", "wrong")
    assert ask("machine.list", "comp") == []
    monkeypatch.delenv("OCI_TOKEN")
    assert ask("machine.list", "comp") == []


def test_an_appliance_that_keeps_silent_is_not_waited_for(tmp_path) -> None:
    """It takes connections and never answers; the program ends by its own limit, long before that of the test."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        done = subprocess.run(
            [sys.executable, "-m", "oci.client.cli", "completion", "names", "machine.list", "x"],
            capture_output=True,
            text=True,
            timeout=120,
            cwd=ROOT,
            env={"OCI_URL": f"http://127.0.0.1:{listener.getsockname()[1]}", "OCI_TOKEN": "x", "HOME": str(tmp_path)},
        )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_the_package_ships_both_scripts_where_the_shells_look(tmp_path) -> None:
    """The package's own rule, run by make in a tree of its own, with Python and none of the product's libraries."""
    (tmp_path / "oci").symlink_to(ROOT / "oci")
    (tmp_path / "python3").write_text(f'#!/bin/sh\nexec {sys.executable} -S "$@"\n')
    (tmp_path / "python3").chmod(0o755)
    subprocess.run(
        ["make", "-f", ROOT / "debian" / "rules", "execute_after_dh_auto_install"],
        cwd=tmp_path,
        env={"PATH": f"{tmp_path}:/usr/bin:/bin", "OCI_URL": "https://another.example.net"},
        check=True,
        timeout=120,
        capture_output=True,
    )
    share = tmp_path / "debian" / "oci-appliance" / "usr" / "share"
    assert (share / "bash-completion" / "completions" / "ocicli").read_text() == printed("bash")
    assert (share / "zsh" / "vendor-completions" / "_ocicli").read_text() == printed("zsh")
