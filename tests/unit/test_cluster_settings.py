"""Settings of clusters, roles and machines: their table, their text, and which one wins."""

from __future__ import annotations

import pytest
from fleets import SITE, sized
from hypothesis import given
from hypothesis import strategies as st

from oci.config import SETTINGS as CONFIGURATION
from oci.domain.cluster.fleet import Site
from oci.domain.cluster.setting_types import TYPES
from oci.domain.cluster.settings import (
    EFFECTS,
    OF_PUPPET,
    SCOPES,
    SETTINGS,
    BadValue,
    InForce,
    Layer,
    Sealed,
    Stored,
    read,
    resolve,
    text_of,
)
from oci.render.machine.boot import kernel_arguments
from oci.render.puppet.enc import enc

KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGJlbmNo olga@example"
HASH = "$6$rounds=5000$salt$" + "a" * 86
# By setting: texts with the one text that is stored of them.
GOOD = {
    "ntp_servers": {"10.0.0.9": "10.0.0.9", " fd00::0:9  ntp.Example.net ": "fd00::9 ntp.example.net", "a,b,a": "a b"},
    "dns_servers": {"10.0.0.9, fd00::1": "10.0.0.9 fd00::1"},
    "ssh_authorized_keys": {"": "", f"\n {KEY}\n{KEY}\n": KEY, f'from="10.0.0.0/8" {KEY}': f'from="10.0.0.0/8" {KEY}'},
    "root_password_hash": {HASH: HASH, "$y$j9T$abcdefghij$" + "b" * 43: "$y$j9T$abcdefghij$" + "b" * 43},
    "kernel_args": {"": "", "console=tty0  console=ttyS1,115200": "console=tty0 console=ttyS1,115200"},
    "apt_uri": {"http://mirror.lab.test/debian": "http://mirror.lab.test/debian"},
    "apt_suite": {"trixie trixie-updates": "trixie trixie-updates"},
    "apt_components": {"main contrib": "main contrib"},
    "drift_hours": {"24": "24", "0": "0", "06": "6"},
    "attempts": {"5": "5", "020": "20"},
    "region": {"RegionOne": "RegionOne", " north-1 ": "north-1"},
    "virt_type": {"kvm": "kvm", " qemu": "qemu"},
    "datapath_type": {"system": "system", "netdev": "netdev"},
    "external_interface": {"": "", "eth1": "eth1", "enp3s0f1np1.100": "enp3s0f1np1.100"},
    "flavors": {"": "", "m1.tiny:1:512:1, big:064:999999:0 m1.tiny:1:512:1": "m1.tiny:1:512:1 big:64:999999:0"},
    "log_level": {"info": "info", "debug": "debug"},
    "api_workers": {"0": "0", "04": "4"},
    **{name: {"4000": "4000"} for name in SETTINGS if name.endswith("_seconds")},
}
BAD = {
    "ntp_servers": ("", "010.0.0.1", "-x", "a_b", "http://ntp"),
    "dns_servers": ("", "ns.example.net", "10.0.0.256"),
    "ssh_authorized_keys": ("ssh-ed25519", "hello", "-----BEGIN OPENSSH PRIVATE KEY-----\nc2VjcmV0"),
    "root_password_hash": ("", "sesame", "$1$salt$0123456789012345678901", HASH + ":0", HASH + "\nx"),
    "kernel_args": ("a=$b", "x;y", "initrd=x", "oci.boot=1", 'a="b"', "é=1"),
    "apt_uri": ("", "mirror.lab.test", "http://user:pw@mirror/debian", "http://a b", "file:///x"),
    "apt_suite": ("", "Trixie", "a;b"),
    "apt_components": ("", "main [trusted=yes]"),
    "drift_hours": ("", "-1", "721", "often", "1.5"),
    "attempts": ("", "0", "21", "-1", "1.5", "three", "٣"),
    "region": ("", "1north", "a b", "north/south", "é", "a" * 64),
    "virt_type": ("", "KVM", "xen"),
    "datapath_type": ("", "kernel"),
    "external_interface": ("eth1 eth2", "-x", "a" * 16, "eth1;id", "eth1/2"),
    "flavors": ("m1.tiny", "a:0:1:1", "a:1:0:1", "a:1:512:1:1", "a:1:-1:1", "-a:1:1:1", "a:1:1:1 a:2:1:1", "a:1:1000000:1"),
    "log_level": ("", "DEBUG", "warning"),
    "api_workers": ("", "65", "-1", "auto"),
    **{name: ("", "0", "59.9", "99999999", "1h") for name in SETTINGS if name.endswith("_seconds")},
}


@pytest.mark.parametrize("name", SETTINGS)
def test_the_table_is_whole_and_each_has_a_namesake_in_the_configuration(name: str) -> None:
    known = SETTINGS[name]
    default = next(s.default for s in CONFIGURATION if s.name == name)
    assert known.name == name and known.meaning and known.effects and set(known.effects) <= set(EFFECTS)
    assert known.scopes and set(known.scopes) <= set(SCOPES) and known.type in TYPES
    kind = type(read(known, next(iter(GOOD[name]))))
    assert kind is (tuple if isinstance(default, list) else type(default)), "the same type as in the configuration"
    if isinstance(default, int):
        assert known.least <= default <= known.most, "what is the default may be set"


def test_what_a_classification_shows_are_fields_of_the_site() -> None:
    assert set(OF_PUPPET) <= set(Site.__dataclass_fields__)


@pytest.mark.parametrize(("name", "text", "stored"), [(n, t, s) for n, texts in GOOD.items() for t, s in texts.items()])
def test_a_value_has_one_text_that_is_read_as_the_same(name: str, text: str, stored: str) -> None:
    value = read(SETTINGS[name], text)
    assert text_of(SETTINGS[name], value) == stored and read(SETTINGS[name], stored) == value


@pytest.mark.parametrize(("name", "text"), [(name, text) for name, texts in BAD.items() for text in texts])
def test_a_bad_value_is_refused_with_what_and_what_instead(name: str, text: str) -> None:
    with pytest.raises(BadValue, match=f"^{name} cannot be .*must be ") as refused:
        read(SETTINGS[name], text)
    if SETTINGS[name].secret or SETTINGS[name].type == "keys":
        assert not text or text.splitlines()[0] not in str(refused.value), "what may be a secret is not repeated"


@given(st.sampled_from(sorted(SETTINGS)), st.text(max_size=40))
def test_any_text_is_a_value_or_refused_in_words(name: str, text: str) -> None:
    known = SETTINGS[name]
    try:
        value = read(known, text)
    except BadValue:
        return
    stored = text_of(known, value)
    assert read(known, stored) == value and all(line.isprintable() for line in stored.split("\n"))


@given(st.text(alphabet="abc=.,:/$;'\"{}&| \\`oinrtd", max_size=30))
def test_kernel_arguments_are_those_that_a_boot_script_can_carry(text: str) -> None:
    try:
        value = read(SETTINGS["kernel_args"], text)
    except BadValue:
        with pytest.raises(ValueError):
            kernel_arguments(text)
        return
    assert " ".join(kernel_arguments(text)) == value


layer = st.dictionaries(st.sampled_from(sorted(SETTINGS)), st.integers())


@given(layer, layer, layer, layer)
def test_the_narrowest_that_says_something_wins_and_is_named(configured, cluster, role, machine) -> None:
    scopes = {"configuration": configured, "cluster c": cluster, "role r": role, "machine m": machine}
    found = resolve([Layer(origin, values) for origin, values in scopes.items()])
    for name in SETTINGS:
        says = [origin for origin, values in scopes.items() if name in values]
        assert (name in found) == bool(says)
        if says:
            assert (found[name].origin, found[name].value) == (says[-1], scopes[says[-1]][name])
    stored = Stored(cluster, {"r": role, "other": configured}, {7: machine, 8: configured})
    assert {**configured, **stored.values("r", 7)} == {name: one.value for name, one in found.items()}


def test_a_value_is_read_as_the_type_that_it_has() -> None:
    known = InForce(resolve([Layer("x", {"attempts": 3, "ntp_servers": ("a",), "root_password_hash": Sealed("s")})]))
    assert (known.number("attempts"), known.words("ntp_servers"), known.text("root_password_hash")) == (3, ("a",), "s")
    with pytest.raises(TypeError, match="attempts is of type number"):
        known.text("attempts")


def base_of(fleet, machine_id: int) -> dict[str, object]:
    return enc(fleet, fleet.member(machine_id))["classes"]["profile::base"]


def test_a_classification_shows_what_is_in_force_for_its_member_alone() -> None:
    from dataclasses import replace

    plain = sized("ten")
    stored = Stored(
        {"ntp_servers": ("10.0.0.1",), "apt_suite": "sid"},
        {"compute": {"ntp_servers": ("10.0.0.2",)}},
        {2: {"ntp_servers": ("10.0.0.3",)}},
    )
    fleet = replace(plain, settings=stored)
    told = {m.machine_id: base_of(fleet, m.machine_id) for m in fleet.members}
    for member in fleet.members:
        wanted = "10.0.0.3" if member.machine_id == 2 else "10.0.0.2" if member.role == "compute" else "10.0.0.1"
        own = told[member.machine_id]
        assert (own["ntp_servers"], own["apt_suite"], own["apt_uri"]) == ([wanted], "sid", SITE.apt_uri)
        assert {**own, "ntp_servers": 0, "apt_suite": 0} == {
            **base_of(plain, member.machine_id),
            "ntp_servers": 0,
            "apt_suite": 0,
        }


def test_members_without_settings_of_their_own_share_one_site() -> None:
    from dataclasses import replace

    fleet = replace(sized("ten"), settings=Stored({}, {"compute": {"apt_suite": "sid"}}, {9: {"apt_suite": "bookworm"}}))
    sites = {id(fleet.site_of(member)) for member in fleet.members}
    assert len(sites) == 3, "one for all, one for a role, one for a machine"
    plain = sized("ten")
    assert all(plain.site_of(member) is plain.site for member in plain.members)
