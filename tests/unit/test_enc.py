"""The classification: whole text, the same for the same fleet, and no more than Puppet may know."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import yaml
from fleets import ROLES, SITE, SIZES, VIPS, fleet, member, sized
from hypothesis import given, settings
from hypothesis import strategies as st

from oci.domain.cluster.fleet import INSTALLED_OVER, Fleet, Vip, in_order
from oci.domain.cluster.profiles import BadProfile, Profile, Secret, conceal
from oci.domain.cluster.roles import BadRole, parse
from oci.render.puppet import enc as module
from oci.render.puppet import frozen
from oci.render.puppet.enc import enc, text
from oci.render.puppet.profiles import PROFILES
from oci.render.puppet.psych import Unwritable, write

GOLDEN = Path(__file__).resolve().parents[1] / "golden"
ALL = fleet(tuple(ROLES))
COOKIE = "Sesame-4711"


def nothing(name: str) -> str:
    """Where no profile has a secret, none is asked for."""
    raise AssertionError(f"the secret {name} was asked for")


def named(name: str) -> str:
    """A text for each secret, and always the same."""
    return f"text of {name}"


def told(wanted: Fleet) -> str:
    return text(wanted, wanted.members[0], named)


def golden(name: str, found: str) -> None:
    path = GOLDEN / name
    if os.environ.get("OCI_GOLDEN"):
        path.write_text(found)
    assert found == path.read_text(), f"{name} differs; look, then `make golden`"


# -- whole texts: one for each profile and fleet


HAVING = [(name, size) for name in PROFILES for size in SIZES if sized(size).with_profile(name)]


@pytest.mark.parametrize(("name", "size"), HAVING)
def test_golden_parameters_of_each_profile_in_each_fleet(name: str, size: str) -> None:
    """The first and the last who have it: what differs between members is seen, and a fleet of ten stays readable."""
    wanted = sized(size)
    having = wanted.with_profile(name)
    shown = {m.fqdn: conceal(PROFILES[name].parameters(wanted, m)) for m in (having[0], having[-1])}
    golden(f"{name.replace('::', '_')}-{size}.yaml", write(shown))


def test_golden_whole_classification() -> None:
    golden("enc.yaml", told(sized("three")))


def test_no_golden_text_is_left_of_a_profile_or_fleet_that_is_gone() -> None:
    wanted = {f"{name.replace('::', '_')}-{size}.yaml" for name, size in HAVING} | {"enc.yaml"}
    assert {p.name for p in (*GOLDEN.glob("profile_*"), *GOLDEN.glob("enc*"))} == wanted


# -- what it is made of


def test_the_role_decides_the_classes_and_they_are_its_profiles() -> None:
    for one in ALL.members:
        assert list(enc(ALL, one)["classes"]) == list(ROLES[one.role].profiles)


def test_an_operators_own_profile_is_named_without_parameters() -> None:
    own = {**ROLES, "cache": parse("cache", {"name": "cache", "profiles": ["acme::cache", "profile::base"]})}
    wanted = fleet(("cache",), own)
    classes = enc(wanted, wanted.members[0])["classes"]
    assert list(classes) == ["acme::cache", "profile::base"] and classes["acme::cache"] == {}


def test_a_role_that_is_gone_is_told_to_those_who_have_it_and_to_nobody_else() -> None:
    left = {name: role for name, role in ROLES.items() if name != ALL.members[0].role}
    without = replace(ALL, roles=left, members=in_order(ALL.members, left))
    for one in without.members:
        if one.role in left:
            assert enc(without, one) == enc(ALL, one)
        else:
            with pytest.raises(BadRole, match="no role file"):
                enc(without, one)


def test_hosts_hold_whom_a_machine_must_reach_before_dns_works_and_nobody_else() -> None:
    site = replace(SITE, appliance_names=("oci.lab.test",))
    for size in SIZES:
        wanted = replace(sized(size), site=site)
        for one in wanted.members:
            hosts = enc(wanted, one)["classes"]["profile::base"]["hosts"]
            names = {one.fqdn: one.address(), "oci.lab.test": "10.77.0.1", "puppet.lab.test": "10.77.0.1"}
            names["api.lab.test"] = VIPS[0].address  # a cloud works without the appliance's DNS
            queue = wanted.with_profile("profile::rabbitmq")
            names.update({peer.fqdn: peer.address() for peer in queue if one in queue})
            assert hosts == names and list(hosts) == sorted(hosts)


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
    nobody = replace(member(1, "compute", 1), addresses=())
    alone = replace(fleet(()), site=site, vips=())
    assert PROFILES["profile::base"].parameters(alone, nobody)["hosts"] == hosts


@settings(deadline=None)
@given(st.permutations(list(ALL.members)))
def test_the_text_does_not_depend_on_the_order_of_the_members(members: list) -> None:  # type: ignore[type-arg]
    one = ALL.members[0]
    # Of those who have the same profile one is the first, so the order of members is part of a fleet: `in_order` makes it.
    assert text(replace(ALL, members=in_order(members, ROLES)), one, named) == text(ALL, one, named)


def test_the_text_is_as_long_in_a_large_cluster_as_in_a_small_one() -> None:
    one, many = (fleet(("controller", *("compute",) * number)) for number in (1, 500))
    for few in (one, many):
        assert len(text(few, few.members[0], named)) == len(text(one, one.members[0], named))
        assert len(text(few, few.with_role("compute")[0], named)) == len(text(one, one.with_role("compute")[0], named))


@settings(deadline=None)
@given(st.text(max_size=30), st.text(max_size=30))
def test_any_text_of_a_setting_comes_back_as_data(key: str, pem: str) -> None:
    site = replace(SITE, ssh_authorized_keys=(key,), ca_certificates=(("site", pem),))
    base = yaml.safe_load(told(replace(ALL, site=site)))["classes"]["profile::base"]
    assert base["ssh_authorized_keys"] == [key] and base["ca_certificates"] == {"site": pem}


# -- several addresses, and addresses that are nobody's


def test_a_join_names_the_purpose_of_the_network() -> None:
    both = ((INSTALLED_OVER, "10.77.1.1"), ("storage", "10.78.1.1"), ("storage", "fd00::1"))
    one = replace(member(1, "compute", 1), addresses=both)
    assert (one.address(), one.address("storage"), one.address("tunnel")) == ("10.77.1.1", "10.78.1.1", "")
    wanted = replace(fleet(()), members=(one,), vips=(Vip("api.lab.test", "vip", "10.79.0.1"),))
    assert enc(wanted, one)["classes"]["profile::base"]["hosts"][one.fqdn] == "10.77.1.1"


def test_members_are_found_by_machine_and_by_role() -> None:
    ten = sized("ten")
    assert all(ten.member(m.machine_id) is m for m in ten.members) and ten.member(99) is None
    assert [m.number for m in ten.with_role(SIZES["ten"][0])] == [1, 2, 3] and ten.with_role("nothing") == ()


# -- secrets


def secret_parameters(_fleet: Fleet, one: object) -> dict[str, object]:
    return {"cookie": Secret("rabbitmq.cookie"), "users": {"nova": [Secret("rabbitmq.nova"), "plain"]}, "port": 5672}


@pytest.fixture
def secretive(monkeypatch: pytest.MonkeyPatch) -> Iterator[Fleet]:
    """A cluster of one machine, with a profile that has two secrets beside profile::base."""
    profiles = {**PROFILES, "profile::test": Profile(secret_parameters, secrets=("rabbitmq.cookie", "rabbitmq.nova"))}
    monkeypatch.setattr(module, "PROFILES", profiles)
    role = {"name": "cache", "profiles": ["profile::base", "profile::test"]}
    yield fleet(("cache",), {**ROLES, "cache": parse("cache", role)})


def test_a_secret_is_revealed_to_the_listener_and_concealed_from_everybody_else(secretive: Fleet) -> None:
    one, asked = secretive.members[0], []

    def reveal(name: str) -> str:
        asked.append(name)
        return f"{COOKIE} of {name}"

    found = yaml.safe_load(text(secretive, one, reveal))["classes"]["profile::test"]
    assert found["cookie"] == f"{COOKIE} of rabbitmq.cookie" and found["port"] == 5672
    assert found["users"] == {"nova": [f"{COOKIE} of rabbitmq.nova", "plain"]}
    assert asked == ["rabbitmq.cookie", "rabbitmq.nova"]
    shown = frozen.preview(frozen.freeze(secretive, one))
    assert yaml.safe_load(shown)["classes"]["profile::test"] == {
        "cookie": "***",
        "users": {"nova": ["***", "plain"]},
        "port": 5672,
    }
    assert COOKIE not in shown and len(asked) == 2, "a preview asks for no secret"


def test_a_machine_without_the_profile_is_given_none_of_its_secrets(secretive: Fleet) -> None:
    other = member(7, "network", 1)
    assert "rabbitmq" not in text(replace(secretive, members=(other,)), other, nothing)


def test_a_secret_that_the_profile_did_not_declare_is_an_error(secretive: Fleet, monkeypatch: pytest.MonkeyPatch) -> None:
    profiles = {**PROFILES, "profile::test": Profile(secret_parameters, secrets=("rabbitmq.cookie",))}
    monkeypatch.setattr(module, "PROFILES", profiles)
    for view in (
        lambda: text(secretive, secretive.members[0], nothing),
        lambda: frozen.freeze(secretive, secretive.members[0]),
    ):
        with pytest.raises(BadProfile, match=r"profile::test gives its parameter users the secret 'rabbitmq.nova'.*declare"):
            view()


def test_a_mark_says_nothing_by_itself_and_cannot_be_written() -> None:
    assert str(Secret("rabbitmq.cookie")) == "***" == f"{Secret('rabbitmq.cookie')}"
    for held in (Secret("a"), {Secret("a"): 1}, [Secret("a")]):
        with pytest.raises(Unwritable):
            write({"classes": held})


@pytest.mark.parametrize("names", [("Rabbit",), ("a", "a"), ("",), ("a b",), ("../a",)])
@pytest.mark.parametrize("what", ["secrets", "certificates", "checks"])
def test_a_name_that_is_none_or_is_there_twice_is_refused(what: str, names: tuple[str, ...]) -> None:
    with pytest.raises(BadProfile, match=what):
        Profile(secret_parameters, **{what: names})
