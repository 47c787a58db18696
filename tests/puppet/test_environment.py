"""The Puppet environment and its clients, as far as they can be judged without a Puppet server."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml
from oci_stub import Stub
from puppet_manifests import class_parameters, documented_parameters, profile_file
from puppet_site import DOMAIN, classification

from oci.adapters.files.roles import load
from oci.render.puppet.profiles import PROFILES

PUPPET = Path(__file__).resolve().parents[2] / "puppet"
CLIENTS = sorted((PUPPET / "bin").iterdir())
ROLES = load(Path("/nonexistent"))


@pytest.mark.parametrize("name", PROFILES)
def test_the_parameters_of_a_profile_are_typed_and_documented(name: str) -> None:
    path = profile_file(name)
    assert class_parameters(path) == documented_parameters(path) != set()


@pytest.mark.parametrize("name", ROLES)
def test_the_classification_gives_each_class_exactly_its_parameters(name: str) -> None:
    classes = yaml.safe_load(classification(name, "-----BEGIN CERTIFICATE-----\n"))["classes"]
    assert list(classes) == list(ROLES[name].profiles)
    for profile in ROLES[name].profiles:
        assert set(classes[profile]) == class_parameters(profile_file(profile))


def test_a_parameter_without_a_type_is_noticed(tmp_path: Path) -> None:
    path = tmp_path / "bad.pp"
    path.write_text("class bad (\n  String $one,\n  $two,\n) {\n}\n")
    with pytest.raises(AssertionError, match="without a type"):
        class_parameters(path)


@pytest.mark.skipif(not shutil.which("shellcheck"), reason="shellcheck is not installed")
def test_the_clients_are_clean_under_shellcheck() -> None:
    words = ["shellcheck", "-s", "sh", *map(str, CLIENTS)]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


@pytest.fixture
def stub(tmp_path: Path) -> Iterator[Stub]:
    served = Stub(tmp_path / "puppet.sock")
    yield served
    served.close()


def call(client: str, *words: str, socket: Path, text: str = "") -> subprocess.CompletedProcess[str]:
    env = {"PATH": os.environ["PATH"], "OCI_PUPPET_SOCKET": str(socket)}
    argv = [str(PUPPET / "bin" / client), *words]
    return subprocess.run(argv, input=text, env=env, capture_output=True, text=True, timeout=30, check=False)


@pytest.mark.parametrize("client", [path.name for path in CLIENTS])
@pytest.mark.parametrize("name", ["", "..%2f", "a/b", "A.lab", "a b", "a;b", "a\nb", "é.lab", "a?b", "..", "-a"])
def test_a_client_refuses_a_name_that_is_none(client: str, name: str, tmp_path: Path) -> None:
    done = call(client, name, socket=tmp_path / "none")
    assert done.returncode == 1
    assert "this is no certificate name" in done.stderr
    assert done.stdout == ""


@pytest.mark.parametrize("client", [path.name for path in CLIENTS])
def test_a_client_without_an_appliance_says_so(client: str, tmp_path: Path) -> None:
    done = call(client, "a.lab.test", socket=tmp_path / "none")
    assert done.returncode == 1
    assert f"no answer from {tmp_path / 'none'} for a.lab.test" in done.stderr
    assert done.stdout == ""


def test_the_classifier_prints_what_the_appliance_answers(stub: Stub, tmp_path: Path) -> None:
    stub.classes[f"a.{DOMAIN}"] = "classes: {}\nenvironment: production\n"
    done = call("oci-enc", f"a.{DOMAIN}", socket=tmp_path / "puppet.sock")
    assert (done.returncode, done.stderr) == (0, "")
    assert yaml.safe_load(done.stdout) == {"classes": {}, "environment": "production"}


def test_the_classifier_prints_nothing_for_an_unknown_name(stub: Stub, tmp_path: Path) -> None:
    done = call("oci-enc", "b.lab.test", socket=tmp_path / "puppet.sock")
    assert (done.returncode, done.stdout) == (1, "")
    assert "b.lab.test is not classified (status 404): no machine is called b.lab.test" in done.stderr


def test_a_report_that_is_refused_is_an_error(stub: Stub, tmp_path: Path) -> None:
    socket, text = tmp_path / "puppet.sock", '{"status": "failed"}'
    assert call("oci-report", "a.lab.test", socket=socket, text=text).returncode == 0
    stub.report_status = 500
    done = call("oci-report", "a.lab.test", socket=socket, text=text)
    assert done.returncode == 1
    assert "the report of a.lab.test is refused (status 500): the disk is full" in done.stderr
    assert [report["status"] for _name, _size, report in stub.reports] == ["failed", "failed"]


EXEC = re.compile(r"^ *exec \{.*?^ *\}", re.MULTILINE | re.DOTALL)


@pytest.mark.parametrize("path", sorted((PUPPET / "site").rglob("*.pp")), ids=lambda path: path.stem)
def test_no_exec_is_ended_by_a_limit_of_puppets_own(path: Path) -> None:
    """Puppet's default is 300 s, which a busy machine reaches; oci-puppet ends a run in which nothing moves."""
    for found in EXEC.findall(path.read_text()):
        assert re.search(r"^ *timeout *=> 0,$", found, re.MULTILINE), f"{path} has an exec that Puppet ends: {found}"


def test_an_exec_without_a_limit_is_found() -> None:
    bad = "class a {\n  exec { 'x':\n    command => ['/bin/true'],\n    unless => 'a { b }',\n  }\n}\n"
    assert EXEC.findall(bad) and "timeout" not in EXEC.findall(bad)[0]
    texts = [path.read_text() for path in (PUPPET / "site").rglob("*.pp")]
    assert sum(len(EXEC.findall(text)) for text in texts) == sum(text.count("exec {") for text in texts) > 10
