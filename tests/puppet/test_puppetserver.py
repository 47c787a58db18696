"""The environment under real Puppet: every catalog, a machine's way to a converged run, refusals."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Iterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
import yaml
from catalogs import facts
from puppet_site import DOMAIN, KEY, AgentMachine, Place, classification, cluster_of_all

from lab.containers.room import Room
from lab.ground.checkout import CHECKOUT
from lab.ground.process import run
from oci.adapters.files.roles import load
from oci.domain.cluster.roles import parse
from oci.domain.deploy import drift
from oci.domain.path import convergence

pytestmark = pytest.mark.real

ROLES = list(load(Path("/nonexistent")))
VALIDATE = """
set -eu
puppet parser validate /env/manifests /env/site
find /env/site -name '*.epp' -exec puppet epp validate {} +
"""


def certificate(directory: Path) -> str:
    """A certificate authority, PEM."""
    words = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj", "/CN=blue CA"]
    files = ["-keyout", str(directory / "ca.key"), "-out", str(directory / "ca.pem")]
    run(["openssl", "req", "-x509", *words, "-days", "2", *files])
    return (directory / "ca.pem").read_text()


def test_manifests_and_templates_are_valid(puppet_root: Path, tmp_path: Path) -> None:
    room = Room(puppet_root, tmp_path / "room", None, ((CHECKOUT / "puppet", "/env", False),))
    done = run(room.argv(["sh", "-c", VALIDATE]), timeout=100, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


FAILING = """
exec { 'boom': command => '/bin/sh -c "echo ERROR 2002 no socket; exit 3"', logoutput => on_failure }
-> file { ['/tmp/one', '/tmp/two']: ensure => file }
exec { 'fine': command => '/bin/echo all is well', logoutput => true }
exec { 'hidden': command => Sensitive('/bin/sh -c "echo Sesame-4711; exit 3"'), logoutput => on_failure }
"""


def test_a_failed_run_is_told_with_what_its_commands_said_and_no_secret(puppet_root: Path, tmp_path: Path) -> None:
    """What a command printed is a notice of Puppet, and the only line that says why it failed."""
    room = Room(puppet_root, tmp_path / "room", None, ((CHECKOUT / "puppet/site", "/site", False),))
    room.write("failing.pp", FAILING)
    room.write("usr/local/bin/oci-report", "#!/bin/sh\ncat >/told\n", 0o755)
    script = "puppet apply --reports oci --modulepath /site /failing.pp >&2; cat /told"
    done = run(room.argv(["sh", "-c", script]), timeout=200)
    report = json.loads(done.stdout)
    said = [line["message"] for line in report["logs"]]
    assert said[0] == "ERROR 2002 no socket" and "all is well" not in said and "Sesame" not in done.stdout
    assert sum("Skipping because" in line or "has failures" in line for line in said) == 1
    lines = convergence.log(report)
    assert lines[0] == "/Stage[main]/Main/Exec[boom]/returns: ERROR 2002 no socket"
    assert {item["resource"] for item in report["failed_resources"]} == {"Exec[boom]", "Exec[hidden]"}


def compiled(place: Place, name: str, text: str, told: Mapping[str, Any] | None = None) -> dict:  # type: ignore[type-arg]
    """The catalog that the server compiles for a machine called `name`, with the classification `text`. The machine says
    `told` of itself, or only what it is called."""
    place.stub.classes[name] = text
    place.stub.challenges[name] = "right word"
    assert request(place, name, "right word") == 200
    said = json.dumps({"name": name, "values": told or {"networking": {"fqdn": name}}})
    form = ["--data", "facts_format=application/json&environment=production", "--data-urlencode", f"facts={said}"]
    status, body = place.curl(*place.identity(name), *form, f"/puppet/v3/catalog/{name}")
    assert status == 200, body
    return json.loads(body)  # type: ignore[no-any-return]


@pytest.mark.parametrize("role", ROLES)
def test_the_server_compiles_the_catalog_of_every_role(place: Place, role: str) -> None:
    name = f"{role}9.{DOMAIN}"
    ca = certificate(place.directory)
    everybody = cluster_of_all(ca)
    told = facts(everybody, everybody.with_role(role)[0])
    catalog = compiled(place, name, classification(role, ca), told)
    assert "profile::base" in catalog["classes"] and f"role::{role}" not in catalog["classes"]
    files = {r["title"]: r["parameters"] for r in catalog["resources"] if r["type"] == "File"}
    assert f"10.77.0.1 puppet.{DOMAIN} puppet\n" in files["/etc/hosts"]["content"]


def test_the_server_compiles_an_operators_own_role_with_names_that_read_like_dates(place: Place) -> None:
    data = {"name": "cache", "profiles": ["profile::base", "acme::cache"]}
    own = {"cache": parse("cache", data)}
    text = classification("cache", certificate(place.directory), cluster="2025-1-5", own=own)
    catalog = compiled(place, f"cache9.{DOMAIN}", text)
    assert {"acme::cache", "profile::base"} <= set(catalog["classes"])
    made = {r["title"]: r["parameters"] for r in catalog["resources"] if r["type"] == "Notify"}
    assert made["acme cache"]["message"] == "String 2025-1-5 of cache"


def test_a_secret_that_came_as_text_is_sensitive_from_the_first_statement_on(place: Place) -> None:
    """The classification is plain data: Puppet has to take it as text, and the profile makes it Sensitive."""
    data = {"name": "hidden", "profiles": ["profile::base", "acme::hidden"]}
    made = yaml.safe_load(classification("hidden", certificate(place.directory), own={"hidden": parse("hidden", data)}))
    made["classes"]["acme::hidden"] = {"key": "Sesame-4711"}
    catalog = compiled(place, f"hidden9.{DOMAIN}", yaml.safe_dump(made, sort_keys=False))
    file = next(r for r in catalog["resources"] if r["title"] == "/etc/acme.key")
    assert file.get("sensitive_parameters") == ["content"] or "Sensitive" in str(file["parameters"]["content"]), file


@pytest.fixture
def machine(place: Place, puppet_root: Path) -> Iterator[AgentMachine]:
    """A machine with the role volume."""
    name = f"volume1.{DOMAIN}"
    made = AgentMachine(place, puppet_root, name)
    place.stub.classes[name] = classification("volume", certificate(place.directory))
    yield made
    made.close()


def said(done: subprocess.CompletedProcess[str]) -> str:
    return done.stdout[-3000:] + done.stderr[-3000:]


def last_report(place: Place) -> dict:  # type: ignore[type-arg]
    name, size, report = place.stub.reports[-1]
    assert report["host"] == name
    assert size <= 256 * 1024
    return report


def test_a_machine_from_its_challenge_to_a_clean_certificate(place: Place, machine: AgentMachine) -> None:
    name, stub = machine.certname, place.stub
    machine.challenge("right word")
    stub.challenges[name] = "right word"

    first = machine.agent()
    assert first.returncode == 2, said(first)
    report = last_report(place)
    assert report["status"] == "changed"
    assert report["failed_resources"] == []
    assert report["metrics"]["resources"]["changed"] >= 5
    assert datetime.fromisoformat(report["time"])
    _check_files(machine)

    second = machine.agent()
    assert second.returncode == 0, said(second)
    assert last_report(place)["status"] == "unchanged"

    _check_a_failed_run(place, machine)
    _check_what_looks_well_and_is_not(place, machine)
    _check_old_catalogues_and_dry_runs(place, machine)
    _check_an_undelivered_report(place, machine)
    _check_a_cleaned_certificate(place, machine)


def _check_files(machine: AgentMachine) -> None:
    hosts = machine.run("cat", "/etc/hosts").stdout
    assert re.search(r"^10\.77\.0\.\d+ volume1\.lab\.test volume1$", hosts, re.MULTILINE)
    keys = machine.run("cat", "/root/.ssh/authorized_keys").stdout.splitlines()
    assert [line for line in keys if not line.startswith("#")] == [KEY]
    assert machine.run("stat", "-c", "%a", "/root/.ssh/authorized_keys").stdout == "600\n"
    sources = machine.run("cat", "/etc/apt/sources.list.d/oci.sources").stdout
    assert "URIs: http://10.77.0.1/debian\n" in sources
    # All that is needed to install a package was fetched, and nothing else.
    lists = machine.run("ls", "/var/lib/apt/lists").stdout
    assert "_Packages" in lists and "_Translation-" not in lists
    assert re.search(r"Candidate: \d", machine.run("apt-cache", "policy", "bind9").stdout)
    added = "/usr/local/share/ca-certificates/oci/oci.crt"
    trusted = machine.run("openssl", "verify", "-CApath", "/etc/ssl/certs", added)
    assert trusted.returncode == 0, said(trusted)
    assert "server 10.77.0.1 iburst" in machine.run("cat", "/etc/chrony/chrony.conf").stdout
    assert machine.run("pgrep", "-x", "chronyd").returncode == 0


def _check_a_failed_run(place: Place, machine: AgentMachine) -> None:
    machine.run("mv", "/etc/chrony", "/etc/chrony.away")
    assert machine.agent().returncode in (4, 6)
    machine.run("mv", "/etc/chrony.away", "/etc/chrony")
    report = last_report(place)
    assert report["status"] == "failed"
    failed = {item["resource"]: item["messages"] for item in report["failed_resources"]}
    assert "chrony" in failed["File[/etc/chrony/chrony.conf]"][0]
    assert any(line["level"] == "err" for line in report["logs"])


def _check_what_looks_well_and_is_not(place: Place, machine: AgentMachine) -> None:
    """A mirror that is gone and a clock that nobody sets fail the run by name, and nothing else with them."""
    right = place.stub.classes[machine.certname]
    wrong = yaml.safe_load(right)
    wrong["classes"]["profile::base"] |= {"apt_uri": "http://10.77.0.1:9/debian", "ntp_servers": ["10.77.0.9"]}
    place.stub.classes[machine.certname] = yaml.safe_dump(wrong, sort_keys=False)
    done = machine.run("puppet", "agent", "--test", "--color", "false", timeout=500)
    assert done.returncode in (4, 6), said(done)
    report = last_report(place)
    assert {item["resource"] for item in report["failed_resources"]} == {
        "Exec[apt can fetch its indexes from http://10.77.0.1:9/debian]",
        "Exec[the clock follows 10.77.0.9]",
    }
    assert not convergence.outcome(report).good  # type: ignore[union-attr]
    place.stub.classes[machine.certname] = right
    mended = machine.agent()
    assert mended.returncode == 2, said(mended)
    assert convergence.outcome(last_report(place)).good  # type: ignore[union-attr]


def _check_old_catalogues_and_dry_runs(place: Place, machine: AgentMachine) -> None:
    """What Puppet's status calls unchanged, although nothing of today was applied."""
    right = place.stub.classes[machine.certname]
    place.stub.classes[machine.certname] = right.replace("profile::base", "profile::nowhere")
    for words, name in ((["--usecacheonfailure"], "cached"), (["--no-usecacheonfailure"], "failed")):
        machine.run("puppet", "agent", "--onetime", "--no-daemonize", *words)
        assert convergence.outcome(last_report(place)).name == name, last_report(place)  # type: ignore[union-attr]
    place.stub.classes[machine.certname] = right
    _check_what_a_dry_run_tells(place, machine)
    assert machine.agent().returncode == 2
    clean_now = _dry(place, machine)
    assert (clean_now["differences"], clean_now["differing"]) == ([], 0)


def _dry(place: Place, machine: AgentMachine) -> dict:  # type: ignore[type-arg]
    done = machine.run("puppet", "agent", "--test", "--noop", "--detailed-exitcodes")
    assert done.returncode == 0, said(done)
    report = last_report(place)
    assert report["noop"] and report["status"] == "unchanged"
    assert convergence.outcome(report).name == "noop"  # type: ignore[union-attr]
    return report


def _check_what_a_dry_run_tells(place: Place, machine: AgentMachine) -> None:
    """What was changed behind Puppet's back is told as what differs, and what is in a file is told to nobody."""
    machine.run("rm", "/root/.ssh/authorized_keys")
    machine.run("sh", "-c", "echo 'key Sesame-4711' >>/etc/chrony/chrony.conf; chmod 0666 /etc/hosts")
    report = _dry(place, machine)
    assert "Sesame" not in json.dumps(report)
    recorded = json.loads(Path(__file__).with_name("noop_report.json").read_text())
    assert drift.read(report) == drift.read(recorded), "the report that the parser is tried with is a real one"
    assert set(report) == set(recorded)


def _check_an_undelivered_report(place: Place, machine: AgentMachine) -> None:
    place.stub.report_status = 500
    done = machine.agent()
    place.stub.report_status = 204
    assert done.returncode == 0, said(done)
    log = place.server.log.read_text()
    assert f"report of {machine.certname} was not delivered to OCI: oci-report:" in log
    assert "the disk is full" in log


def _check_a_cleaned_certificate(place: Place, machine: AgentMachine) -> None:
    name = machine.certname
    assert place.curl(f"/puppet-ca/v1/certificate_status/{name}")[0] == 403
    assert clean(place, name) == (200, 204, 204, 404)
    refused = machine.agent()
    assert refused.returncode == 1, said(refused)
    assert "certificate unknown" in said(refused)

    machine.run("rm", "-r", "/var/lib/puppet/ssl")
    machine.challenge("another word")
    place.stub.challenges[name] = "another word"
    again = machine.agent()
    assert again.returncode == 0, said(again)


def clean(place: Place, name: str) -> tuple[int, ...]:
    """Revoke and forget the certificate of `name`; the statuses of GET, PUT, DELETE and GET again."""
    path = f"/puppet-ca/v1/certificate_status/{name}"
    revoke = ["-X", "PUT", "-H", "Content-Type: application/json", "-d", '{"desired_state":"revoked"}']
    calls: list[list[str]] = [[], revoke, ["-X", "DELETE"], []]
    return tuple(place.curl(*place.admin(), *words, path)[0] for words in calls)


@pytest.mark.parametrize(("word", "why"), [("wrong", "challenge is wrong"), ("", "there is no challenge")])
def test_a_request_without_the_right_challenge_is_not_signed(place: Place, word: str, why: str) -> None:
    name = f"{'wrong' if word else 'missing'}.{DOMAIN}"
    place.stub.challenges[name] = "right word"
    assert request(place, name, word) == 404
    assert why in place.server.log.read_text()
    assert place.stub.challenges[name] == "right word"


def test_a_challenge_is_good_for_one_certificate(place: Place) -> None:
    name = f"used.{DOMAIN}"
    place.stub.challenges[name] = "right word"
    assert request(place, name, "right word") == 200
    assert clean(place, name) == (200, 204, 204, 404)
    assert request(place, name, "right word") == 404


def request(place: Place, name: str, word: str) -> int:
    """Ask the CA to sign a new key for `name`; the status of fetching its certificate afterwards."""
    conf, key, csr = (place.directory / f"{name}.{part}" for part in ("conf", "key", "csr"))
    conf.write_text(
        "[req]\nprompt = no\ndistinguished_name = dn\nattributes = at\n"
        f"[dn]\nCN = {name}\n[at]\n" + (f"challengePassword = {word}\n" if word else "")
    )
    run(
        [
            "openssl",
            "req",
            "-new",
            "-newkey",
            "ec",
            "-pkeyopt",
            "ec_paramgen_curve:P-256",
            "-nodes",
            "-config",
            str(conf),
            "-keyout",
            str(key),
            "-out",
            str(csr),
        ]
    )
    put = ["-X", "PUT", "-H", "Content-Type: text/plain", "--data-binary", f"@{csr}"]
    status, body = place.curl(*put, f"/puppet-ca/v1/certificate_request/{name}")
    assert status == 200, body
    status, body = place.curl(f"/puppet-ca/v1/certificate/{name}")
    if status == 200:
        (place.directory / f"{name}.pem").write_text(body)
    return status
