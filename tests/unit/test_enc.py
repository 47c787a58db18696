"""The classification: whole text, the same for the same fleet, and no more than Puppet may know."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from oci.domain.fleet import Fleet, Member, Site
from oci.domain.roles import parse
from oci.render.enc import enc, text
from oci.render.profiles import PARAMETERS

ROOT = Path(__file__).resolve().parents[2]
GOLDEN = ROOT / "tests" / "golden"
ROLES = {p.stem: parse(p.stem, yaml.safe_load(p.read_text())) for p in sorted((ROOT / "oci/roles").glob("*.yaml"))}
SITE = Site(
    ntp_servers=("10.77.0.1",),
    ca_certificates=(("oci", "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n"),),
    ssh_authorized_keys=("ssh-ed25519 AAAA olga@example",),
    apt_uri="http://10.77.0.1/debian",
    apt_suite="trixie",
    apt_components="main",
    puppet_server="puppet.lab.test",
    puppet_address="10.77.0.1",
)


def member(number: int, role: str, index: int) -> Member:
    return Member(number, f"{role}{index}", f"{role}{index}.lab.test", role, index, f"10.77.1.{number}")


def fleet(*members: Member) -> Fleet:
    return Fleet("demo", "lab.test", members, ROLES, SITE)


DEMO = fleet(*(member(i, role, 1) for i, role in enumerate(ROLES, start=1)))


@pytest.mark.parametrize("one", DEMO.members, ids=lambda one: one.role)
def test_golden(one: Member) -> None:
    path = GOLDEN / f"enc-{one.role}.yaml"
    if os.environ.get("OCI_GOLDEN"):
        path.write_text(text(DEMO, one))
    assert text(DEMO, one) == path.read_text(), f"{path.name} differs; look, then `make golden`"


def test_every_member_is_in_the_hosts_of_every_other() -> None:
    hosts = enc(DEMO, DEMO.members[0])["classes"]["profile::base"]["hosts"]
    assert set(hosts) == {m.fqdn for m in DEMO.members} | {"puppet.lab.test"}
    assert list(hosts) == sorted(hosts)


def test_the_role_decides_the_classes() -> None:
    for one in DEMO.members:
        classes = list(enc(DEMO, one)["classes"])
        assert classes == [f"role::{one.role}", *ROLES[one.role].profiles]
        assert set(classes[1:]) <= set(PARAMETERS)


@settings(deadline=None)
@given(st.permutations(list(DEMO.members)))
def test_the_text_does_not_depend_on_the_order_of_the_members(members: list[Member]) -> None:
    one = DEMO.members[0]
    assert text(replace(DEMO, members=tuple(members)), one) == text(DEMO, one)


@settings(deadline=None)
@given(st.text(max_size=30), st.text(max_size=30))
def test_any_text_of_a_setting_comes_back_as_data(key: str, pem: str) -> None:
    site = replace(SITE, ssh_authorized_keys=(key,), ca_certificates=(("site", pem),))
    base = yaml.safe_load(text(replace(DEMO, site=site), DEMO.members[0]))["classes"]["profile::base"]
    assert base["ssh_authorized_keys"] == [key] and base["ca_certificates"] == {"site": pem}


@pytest.mark.parametrize(
    ("server", "address", "hosts"),
    [
        ("Puppet.Lab.Test.", "10.77.0.1", {"puppet.lab.test": "10.77.0.1"}),
        ("puppet", "FD00:0::1", {"puppet": "fd00::1"}),
        ("puppet.lab.test", "puppet.lab.test", {}),
        ("puppet.lab.test", "", {}),
    ],
)
def test_the_puppet_server_is_in_the_hosts_as_its_parameter_takes_it(server: str, address: str, hosts: object) -> None:
    site = replace(SITE, puppet_server=server, puppet_address=address)
    assert enc(replace(fleet(), site=site), member(1, "compute", 1))["classes"]["profile::base"]["hosts"] == hosts
