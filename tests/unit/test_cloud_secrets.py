"""How secrets of a cluster are made of octets, and when a certificate is made anew."""

from __future__ import annotations

import pytest
from cryptography.fernet import Fernet
from hypothesis import assume, given
from hypothesis import strategies as st

from oci.domain.cloud.certificates import CERTIFICATES, DAY, RENEW_DAYS, is_stale, marks_of
from oci.domain.cloud.secrets import HIDDEN, OCTETS, SHORTEST, hidden, make
from oci.domain.cluster.fleet import Fleet, Member, Vip
from oci.domain.cluster.profiles import BadProfile, Profile
from oci.domain.deploy.causes import RULES
from oci.domain.deploy.failure_rule import Rule

octets = st.binary(min_size=OCTETS, max_size=OCTETS)
NAMES = ("mariadb.root", "rabbitmq.cookie", "keystone.fernets.0")


@pytest.mark.parametrize("name", NAMES)
@given(octets)
def test_a_word_is_32_letters_and_digits_whatever_the_octets(name: str, some: bytes) -> None:
    assert len(make(name, some)) == 32 and make(name, some).isascii() and make(name, some).isalnum()


@given(octets, octets)
def test_other_octets_make_another_secret(one: bytes, two: bytes) -> None:
    assert (make("keystone.fernet.0", one) == make("keystone.fernet.0", two)) == (one == two)


@given(octets)
def test_keystone_takes_its_keys(some: bytes) -> None:
    for name in ("keystone.fernet.0", "keystone.credential.12"):
        assert Fernet(make(name, some)).decrypt(Fernet(make(name, some)).encrypt(b"x")) == b"x"


@pytest.mark.parametrize("number", [0, 16, 31, 33])
def test_too_few_octets_make_none(number: int) -> None:
    with pytest.raises(ValueError, match=f"32 random octets, not of {number}"):
        make("mariadb.root", bytes(number))


def fleet(*vips: Vip) -> tuple[Fleet, Member]:
    addresses = (("provisioning", "10.0.0.11"), ("storage", "fd00::11"), ("tunnel", "10.0.0.11"))
    member = Member(1, "a1", "a1.x.test", "a", 1, addresses)
    return Fleet("c", "x.test", (member,), {}, None, vips=vips), member  # type: ignore[arg-type]


def test_a_machine_is_named_by_all_that_it_is_reached_by_and_each_once() -> None:
    assert CERTIFICATES["host"].names(*fleet()) == ("a1.x.test", "a1", "10.0.0.11", "fd00::11")


def test_the_services_of_a_cluster_are_named_by_its_virtual_address_of_each_family() -> None:
    vips = (
        Vip("api.x.test", "public", "10.9.0.1"),
        Vip("sql.x.test", "public", "10.9.0.2"),
        Vip("api.x.test", "p", "fd00::1"),
    )
    assert CERTIFICATES["api"].names(*fleet(*vips)) == ("api.x.test", "10.9.0.1", "fd00::1")
    assert CERTIFICATES["api"].names(*fleet()) == ("api.x.test",)


@pytest.mark.parametrize(
    ("names", "wanted", "days", "stale"),
    [
        (("a",), ("a",), RENEW_DAYS + 0.01, False),
        (("a",), ("a",), RENEW_DAYS - 0.01, True),
        (("a",), ("a",), -1, True),
        (("a", "b"), ("b", "a"), 300, True),
        (("a",), ("a", "b"), 300, True),
    ],
)
def test_when_a_certificate_is_made_anew(names: tuple[str, ...], wanted: tuple[str, ...], days: float, stale: bool) -> None:
    assert is_stale(names, wanted, 1e9 + days * DAY, 1e9) is stale


def test_who_declares_a_certificate_may_give_its_marks() -> None:
    assert marks_of(()) == set() and marks_of(("host",)) == {"host.key", "host.crt", "cluster.ca"}
    with pytest.raises(BadProfile, match="has the certificate 'web'; there are host, api"):
        Profile(lambda _fleet, _member: {}, certificates=("web",))


WORDS = st.text("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789", min_size=6, max_size=40)


@given(st.text(max_size=200), WORDS, st.text(max_size=200), st.integers(0, 400))
def test_no_value_and_no_beginning_of_one_at_the_end_is_left(before: str, value: str, after: str, cut: int) -> None:
    assume("redacted" not in value and value not in HIDDEN)
    told = hidden(before + value + after, [value])
    assert value not in told
    ended = hidden((before + value + after)[:cut], [value])
    assert value not in ended and not any(ended.endswith(value[:size]) for size in range(SHORTEST, len(value)))


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("mysql+pymysql://nova:Sesame4711@10.0.0.1/nova", "mysql+pymysql://nova:[redacted]@10.0.0.1/nova"),
        ("create user a identified by 'Sesame4711';", "create user a identified by '[redacted]';"),
        ("transport_url = rabbit://a:Sesame@b password=Sesame4711, user=a", "password=[redacted], user=a"),
        ("'admin_password' => 'Sesame 4711'", "'admin_password' => '[redacted]'"),
        ("Authorization: Bearer Sesame.4711-ab", "Bearer [redacted]"),
        ("root:$6$salt$Sesame4711Sesame:19000", "root:[redacted]"),
        (make("keystone.fernet.0", b"\xff" * OCTETS), "[redacted]"),
        (make("mariadb.root", bytes(range(OCTETS))), "[redacted]"),
        ("MC4CAQAwBQYDK2VwBCIEINTuctv5E1hK1bbY8fdp+K06/nwoy/HU++CXqI9EdVhCMC4CAQAw", "[redacted]"),
    ],
)
def test_what_looks_like_a_secret_is_hidden(text: str, left: str) -> None:
    assert left in hidden(text) and "Sesame4711" not in hidden(text) and "Sesame 4711" not in hidden(text)


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.name)
def test_no_line_that_a_rule_knows_loses_what_it_is_known_by(rule: Rule) -> None:
    for line in rule.examples:
        assert rule.pattern.search(hidden(line, [make("mariadb.root", b"\1" * OCTETS)])), line


@given(st.text(max_size=3000), st.lists(st.text(max_size=20), max_size=5))
def test_any_text_is_taken(text: str, values: list[str]) -> None:
    assert isinstance(hidden(text, values), str)
