"""One truth for deployment: the table of processes, the units made from it, and what the lab starts."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from oci import admin, processes
from oci.processes import DNSMASQ, INIT, PROCESSES, PUPPET, WEB, WORKER, Process, argv
from oci.render.appliance import nginx, units

ROOT = Path(__file__).resolve().parents[2]
SHIPPED = ROOT / "debian" / "systemd"
# Configuration in the words of those that read it: nginx, dnsmasq and systemd. The caching proxy in front of Debian's
# mirror is no part of the appliance: on a site it is somebody else's host. Nor are machines that are containers.
BLOCKS = re.compile(
    r"\bproxy_pass\b|\blocation [/~=]|\bserver \{|^dhcp-|^listen-address=|^\[(?:Service|Unit)\]", re.MULTILINE
)
OTHER_HOSTS = {"lab/ground/cached/mirror.py", "lab/containers/layers.py"}


def sections(text: str) -> dict[str, list[tuple[str, str]]]:
    """The lines of a unit by section, as (name, value)."""
    found: dict[str, list[tuple[str, str]]] = {}
    lines: list[tuple[str, str]] = []
    for line in text.splitlines():
        if line.startswith("["):
            lines = found.setdefault(line.strip("[]"), [])
        elif line and not line.startswith("#"):
            name, _, value = line.partition("=")
            lines.append((name, value))
    return found


def test_the_package_ships_exactly_the_units_of_the_table() -> None:
    """That their text is fresh is a test of docs/generate.py; a drop-in for another package's service is no unit."""
    assert {path.name for path in SHIPPED.glob("oci-*") if path.suffix != ".conf"} == set(units.units())


@pytest.mark.parametrize("process", PROCESSES, ids=lambda process: process.name)
def test_a_unit_is_what_the_table_says(process: Process) -> None:
    unit = sections(units.service(process))
    service = dict(unit["Service"])
    assert next(value for name, value in unit["Service"] if name == "ExecStart").split() == argv(process)
    assert service["User"] == processes.USER and service.get("Group", "") == process.group
    assert service.get("Restart", "") == process.restart
    assert service.get("CapabilityBoundingSet", "").split() == list(process.capabilities)
    assert {f"{name}={value}" for name, value in unit["Service"]} >= set(process.hardening)
    assert service["ReadWritePaths"].split() == list(units.READ_WRITE)
    assert "{" not in units.service(process)


@pytest.mark.parametrize("process", PROCESSES, ids=lambda process: process.name)
def test_nothing_starts_before_there_is_what_it_needs(process: Process) -> None:
    unit = dict(sections(units.service(process))["Unit"])
    assert unit["ConditionPathExists"] == process.needs.replace("{run}", processes.RUN)
    assert ("Requires" in unit) == (process not in (INIT, DNSMASQ))


def test_what_runs_on_is_started_again_whatever_ends_it() -> None:
    assert {process.name for process in PROCESSES if not process.restart} == {INIT.name}


def test_each_socket_is_one_process_and_has_a_group() -> None:
    sockets = [process.socket for process in WEB]
    assert len(set(sockets)) == len(WEB) and all(process.group for process in WEB)
    for process in WEB:
        assert f"unix:/some/where/{process.socket}" in argv(process, "/some/where")
    assert {PUPPET.socket: PUPPET.group}["puppet.sock"] == "puppet"


def test_the_words_hold_no_path_but_the_one_that_is_given() -> None:
    for process in (*WEB, WORKER):
        words = argv(process, "/elsewhere", "/some/python")
        assert words[0] == "/some/python" and not any(processes.RUN in word for word in words)


def test_apply_starts_what_the_table_names() -> None:
    assert set(admin.SERVICES) == {f"oci-{process.name}" for process in (*WEB, WORKER)}


def test_the_web_server_is_told_the_sockets_of_the_table() -> None:
    values = {"state_dir": "/s", "run_dir": "/r", "images_dir": "/i", "tftp_dir": "/t"}
    site = nginx.site({**values, "server_address": "10.0.0.1", "operators_address": ""})
    assert site.machines_socket == f"/r/{processes.MACHINES.socket}"
    assert site.operators_socket == f"/r/{processes.OPERATORS.socket}"
    assert nginx.site({**values, "server_address": "10.0.0.1", "operators_address": ""}, loaders="/l").loaders == "/l"


def _texts(path: Path) -> Iterator[tuple[int, str, bool]]:
    """Line, text, and whether it is a word of a list, of every text in a file."""
    tree = ast.parse(path.read_text())
    words = {id(word) for node in ast.walk(tree) if isinstance(node, ast.List | ast.Tuple) for word in node.elts}
    docs = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in docs:
            yield node.lineno, node.value, id(node) in words


def _own_words() -> set[str]:
    """Words that only the command lines of the table have."""
    words = {word for process in PROCESSES for word in process.argv}
    programs = {Path(process.argv[0]).name for process in PROCESSES}
    return ({word for word in words if word.startswith("--") or "oci." in word} | programs | {"gunicorn", "celery"}) - {
        "{python}"
    }


def written_twice(path: Path, name: str) -> list[str]:
    """What a file of the lab says that the table or a renderer says already."""
    words, found = _own_words(), []
    for line, text, in_list in _texts(path):
        if in_list and text in words:
            found.append(f"{name}:{line}: {text!r} is a word of oci/processes.py")
        if BLOCKS.search(text) and name not in OTHER_HOSTS:
            found.append(f"{name}:{line}: configuration is rendered by oci/render")
    return found


def test_the_lab_writes_nothing_a_second_time() -> None:
    found = [
        line for path in sorted((ROOT / "lab").rglob("*.py")) for line in written_twice(path, str(path.relative_to(ROOT)))
    ]
    assert not found, "\n".join(found)


@pytest.mark.parametrize(
    "text",
    [
        'argv = ["python3", "-m", "gunicorn", "--bind", "unix:x"]',
        'argv = ("celery", "worker")',
        'run(["dnsmasq", "-k"])',
        'BLOCK = "server {\\n  listen 80;\\n}"',
        'BLOCK = f"location / {{ proxy_pass http://unix:{socket}; }}"',
        'UNIT = "[Service]\\nUser=oci"',
    ],
)
def test_a_second_writing_is_seen(text: str, tmp_path: Path) -> None:
    (tmp_path / "x.py").write_text(text + "\n")
    assert written_twice(tmp_path / "x.py", "lab/x.py")
