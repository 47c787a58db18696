"""Networks, ranges and addresses of a cluster: what is refused and why, keys that sort, and what is free."""

from __future__ import annotations

from dataclasses import replace
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from oci.domain.networks.addresses import Address, from_key, holder_mistake, key, next_free
from oci.domain.networks.claims import Claims, claim
from oci.domain.networks.networks import BadNetwork, Mistake, Network, Range, Route, mistakes, parsed, range_mistakes
from oci.domain.networks.overlaps import set_mistakes

GOOD = Network(
    "stor", "storage", "10.1.0.0/24", "prod", 100, 9000, "10.1.0.1", ("10.1.0.1",), (Route("10.2.0.0/16", "10.1.0.2"),)
)
SIX = Network(
    "stor6", "storage", "fd00:1::/64", "prod", 100, 9000, "fe80::1", ("fd00:1::1",), (Route("fd00:2::/64", "fd00:1::2"),)
)
RANGE = Range("stor", "10.1.0.10", "10.1.0.99")
IPS = st.one_of(st.integers(0, 2**32 - 1).map(IPv4Address), st.integers(0, 2**128 - 1).map(IPv6Address))


@pytest.mark.parametrize("network", [GOOD, SIX, replace(GOOD, vlan=0, gateway="", dns=(), routes=(), mtu=576)])
def test_a_good_network_has_no_mistake(network: Network) -> None:
    assert mistakes(network) == ()


@pytest.mark.parametrize(
    ("network", "field", "says"),
    [
        (replace(GOOD, name="A b"), "name", "at most 63 of a-z"),
        (replace(GOOD, purpose="fun"), "purpose", "choose one of provisioning"),
        (replace(GOOD, serves="all"), "serves", "none, ranges, relay"),
        (replace(GOOD, place="row\n1"), "place", "printable"),
        (replace(GOOD, cidr="10.1.0.5/24"), "cidr", "has host bits set"),
        (replace(GOOD, cidr="10.1.0.0/31", gateway="", routes=()), "cidr", "use a /29"),
        (replace(SIX, cidr="fd00:1::/127", routes=()), "cidr", "use a /125"),
        (replace(GOOD, vlan=4095), "vlan", "1 to 4094"),
        (replace(GOOD, vlan=-1), "vlan", "1 to 4094"),
        (replace(GOOD, mtu=575), "mtu", "576 to 9216"),
        (replace(SIX, mtu=1279), "mtu", "1280 to 9216"),
        (replace(GOOD, mtu=65000), "mtu", "576 to 9216"),
        (replace(GOOD, gateway="10.9.0.1"), "gateway", "is not a host address of 10.1.0.0/24"),
        (replace(GOOD, gateway="10.1.0.255"), "gateway", "is not a host address"),
        (replace(GOOD, gateway="fe80::1"), "gateway", "is not a host address"),
        (replace(SIX, gateway="fe80::1%eth0"), "gateway", "is no IPv6 address"),
        (replace(SIX, gateway="fd00:1::"), "gateway", "is not a host address"),
        (replace(GOOD, routes=(Route("10.2.0.0/16", "10.9.0.1"),)), "routes", "is not a host address"),
        (replace(GOOD, routes=(Route("0.0.0.0/0", "10.1.0.2"),)), "routes", "that is the gateway"),
        (replace(GOOD, routes=(Route("fd00::/64", "10.1.0.2"),)), "routes", "in a network of IPv6"),
        (replace(GOOD, routes=(Route("10.1.0.0/16", "10.1.0.2"),)), "routes", "a route leads elsewhere"),
        (replace(GOOD, routes=(Route("x", "10.1.0.2"),)), "routes", "is no network"),
        (replace(GOOD, routes=GOOD.routes * 2), "routes", "leave one"),
        (replace(GOOD, dns=("8.8.8.8; reboot",)), "dns", "is no address"),
        (replace(GOOD, dns=("10.1.0.1",) * 4), "dns", "at most 3"),
        (replace(SIX, cidr="fd00:1::/48", serves="ranges"), "serves", "larger than a /64"),
    ],
)
def test_a_mistake_says_where_what_and_what_instead(network: Network, field: str, says: str) -> None:
    found = mistakes(network)
    assert [mistake.field for mistake in found] == [field], found
    assert says in found[0].text


def test_all_mistakes_are_told_at_once() -> None:
    bad = replace(GOOD, purpose="fun", vlan=5000, mtu=1, gateway="x", dns=("y",))
    assert [mistake.field for mistake in mistakes(bad)] == ["purpose", "vlan", "mtu", "gateway", "dns"]


@pytest.mark.parametrize(
    ("one", "says"),
    [
        (replace(RANGE, first="10.2.0.1"), "is not a host address"),
        (replace(RANGE, first="10.1.0.0"), "is not a host address"),
        (replace(RANGE, last="ten"), "is no address"),
        (replace(RANGE, first="10.1.0.100"), "swap them"),
        (replace(RANGE, use="fun"), "choose one of machines"),
        (replace(RANGE, use="live"), "does not serve"),
        (replace(RANGE, note="a\nb"), "one short line"),
    ],
)
def test_a_range_that_cannot_be_says_why(one: Range, says: str) -> None:
    assert says in " ".join(map(str, range_mistakes(one, GOOD)))
    assert range_mistakes(RANGE, GOOD) == ()


def told(*found: Mistake) -> str:
    return " | ".join(map(str, found))


def test_networks_and_ranges_that_go_together_have_no_mistake() -> None:
    six = Range("stor6", "fd00:1::10", "fd00:1::ffff:ffff")
    vips = Range("stor", "10.1.0.100", "10.1.0.109", "vip")
    assert set_mistakes((GOOD, SIX), (RANGE, vips, six), Claims(claim("10.1.0.5", "a controller"))) == ()
    other_place = replace(GOOD, name="far", cidr="10.7.0.0/24", place="b", gateway="", dns=(), routes=())
    assert set_mistakes((GOOD, other_place)) == ()
    assert set_mistakes((GOOD,), (vips,), Claims(claim("10.1.0.100", "the virtual address api"))) == ()


@pytest.mark.parametrize(
    ("networks", "ranges", "says"),
    [
        ((GOOD, replace(GOOD, vlan=7)), (), "two networks have this name"),
        ((GOOD, replace(GOOD, name="b", vlan=7)), (), "shares addresses with 10.1.0.0/24 of network stor"),
        ((GOOD, Network("b", "tunnel", "10.5.0.0/24", vlan=100)), (), "is network stor already"),
        ((GOOD, replace(SIX, mtu=1500)), (), "is network stor already"),
        ((GOOD, replace(SIX, purpose="tunnel")), (), "is network stor already"),
        ((GOOD,), (Range("no", "10.1.0.3", "10.1.0.4"),), "there is no network 'no'"),
        ((GOOD,), (RANGE, Range("stor", "10.1.0.99", "10.1.0.120", "vip")), "shares addresses with the range 10.1.0.10"),
        ((GOOD,), (RANGE, Range("stor", "10.1.0.20", "10.1.0.21", "reserved")), "shares addresses with the range"),
        ((GOOD,), (replace(RANGE, first="10.1.0.1"),), "it holds the gateway 10.1.0.1"),
        ((GOOD,), (replace(RANGE, first="10.1.0.2"),), "it holds the router to 10.2.0.0/16 10.1.0.2"),
        ((GOOD,), (replace(RANGE, last="10.1.0.200"),), "it holds the appliance's own address (10.1.0.150)"),
        ((GOOD,), (replace(RANGE, last="10.1.0.170", first="10.1.0.160"),), "it holds the virtual address api"),
    ],
)
def test_what_does_not_go_together_is_told(networks: tuple[Network, ...], ranges: tuple[Range, ...], says: str) -> None:
    held = Claims((*claim("10.1.0.150", "the appliance's own address"), *claim("10.1.0.161", "the virtual address api")))
    assert says in told(*set_mistakes(networks, ranges, held))


@given(st.lists(st.tuples(st.integers(1, 254), st.integers(1, 254)).map(sorted), max_size=6))
def test_ranges_cross_exactly_when_two_of_them_share_an_address(ends: list[list[int]]) -> None:
    bare = replace(GOOD, gateway="", routes=())
    ranges = [Range("stor", f"10.1.0.{first}", f"10.1.0.{last}") for first, last in ends]
    given_out = [number for first, last in ends for number in range(first, last + 1)]
    assert bool(set_mistakes((bare,), ranges)) == (len(given_out) > len(set(given_out)))


# -- keys


@given(st.lists(IPS, max_size=20))
def test_keys_sort_like_numbers_and_give_the_address_back(ips: list[IPv4Address | IPv6Address]) -> None:
    plain = [ip for ip in map(parsed, map(str, ips)) if ip is not None]
    keys = [key(str(ip)) for ip in plain]
    assert [from_key(one) for one in sorted(keys)] == [str(ip) for ip in sorted(plain, key=lambda ip: (ip.version, int(ip)))]
    assert sorted(keys) == sorted(keys, key=lambda one: one.encode())


def test_one_address_has_one_key() -> None:
    assert key("::ffff:10.0.0.1") == key("10.0.0.1") == "40a000001"
    assert key("FD00:0:0::1") == key("fd00::1")


@pytest.mark.parametrize("text", ["", "4", "40a00000g", "5" + "0" * 32, "4" + "0" * 32, "40A000001", "40a00 001"])
def test_what_is_no_key_is_refused(text: str) -> None:
    with pytest.raises(BadNetwork, match="is no key of an address"):
        from_key(text)


@pytest.mark.parametrize("text", ["", "10.0.0", "010.0.0.1", "fe80::1%eth0", "10.0.0.1\n", "10.0.0.0/24"])
def test_what_is_no_address_has_no_key(text: str) -> None:
    with pytest.raises(BadNetwork, match="is no address; write it like"):
        key(text)


# -- holders


def test_an_address_has_one_holder() -> None:
    assert holder_mistake(Address("n", "10.0.0.1")) and "nobody" in holder_mistake(Address("n", "10.0.0.1"))
    assert "more than one" in holder_mistake(Address("n", "10.0.0.1", 1, "api"))
    for address, use in (
        (Address("n", "10.0.0.1", machine=0), "machines"),
        (Address("n", "10.0.0.1", vip="api"), "vip"),
        (Address("n", "10.0.0.1", note="printer"), "reserved"),
    ):
        assert not holder_mistake(address) and address.use == use and address.holder


# -- what is free


@st.composite
def worlds(draw: st.DrawFn) -> tuple[Network, tuple[Range, ...]]:
    """A network of either family with up to three ranges that do not cross."""
    six = draw(st.booleans())
    bits, length = (128, draw(st.integers(64, 124))) if six else (32, draw(st.integers(20, 28)))
    net = ip_network((draw(st.integers(0, 2 ** (bits - 1))) >> (bits - length) << (bits - length), length))
    offsets = sorted(draw(st.sets(st.integers(1, net.num_addresses - 2), min_size=2, max_size=6)))
    pairs = zip(offsets[::2], offsets[1::2], strict=False)
    gateway = str(net[draw(st.sampled_from(offsets))]) if draw(st.booleans()) else ""
    network = Network("n", "storage", str(net), gateway=gateway, mtu=1500)
    return network, tuple(Range("n", str(net[first]), str(net[last])) for first, last in pairs)


@settings(deadline=None)
@given(worlds(), st.integers(1, 30), st.sets(st.integers(0, 12)))
def test_no_two_machines_get_one_address_and_every_one_is_of_a_range(
    world: tuple[Network, tuple[Range, ...]], wanted: int, early: set[int]
) -> None:
    network, ranges = world
    first = int(ip_address(ranges[0].first))
    kind = type(ip_address(ranges[0].first))
    held = {str(kind(first + number)) for number in early if first + number < 2 ** kind(0).max_prefixlen}
    ends = [(int(ip_address(one.first)), int(ip_address(one.last))) for one in ranges]
    for _ in range(wanted):
        try:
            free = next_free(network, ranges, held)
        except BadNetwork as bad:
            given_out = sum(last - begin + 1 for begin, last in ends)
            assert given_out <= len(held) + 1 and "widen the range" in str(bad)
            return
        number = int(ip_address(free))
        assert free not in held and free != network.gateway
        assert any(begin <= number <= last for begin, last in ends)
        held.add(free)


class Counted(Claims):
    """Claims that count how often they are asked."""

    asked = 0

    def on(self, address: object) -> None:
        self.asked += 1


def test_a_huge_range_is_not_walked() -> None:
    counted = Counted()
    network = Network("n", "storage", "fd00::/64")
    held = [f"fd00::{number:x}" for number in range(1, 101)]
    assert next_free(network, [Range("n", "fd00::1", "fd00::ffff:ffff:ffff:ffff")], held, claims=counted) == "fd00::65"
    assert counted.asked == 101
    claims = Claims(claim("fd00::", "somebody", "fd00::ffff:ffff:ffff"))
    assert next_free(network, [Range("n", "fd00::1", "fd00::ffff:ffff:ffff:ffff")], (), claims=claims) == "fd00::1:0:0:0"


def test_a_range_is_used_for_what_it_is_for() -> None:
    vips = Range("stor", "10.1.0.100", "10.1.0.109", "vip")
    assert next_free(GOOD, (RANGE, vips), (), "vip") == "10.1.0.100"
    with pytest.raises(BadNetwork, match="has no range for live; add one"):
        next_free(GOOD, (RANGE, vips), (), "live")
    assert next_free(GOOD, (replace(RANGE, first="10.1.0.1"),), ()) == "10.1.0.3", "the gateway and the router are left out"
