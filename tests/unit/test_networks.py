"""Networks: what is refused and why, and addresses that are given out once."""

from __future__ import annotations

from dataclasses import replace
from ipaddress import IPv4Address, IPv4Network

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from oci.domain.networks.single import PURPOSES, BadNetwork, NetworkRecord, allocate, check, overlapping, prefix_length

GOOD = NetworkRecord("prov", "provisioning", "10.0.0.0/24", "10.0.0.11", "10.0.0.20", "10.0.0.1", ("10.0.0.1",))


@st.composite
def networks(draw: st.DrawFn) -> NetworkRecord:
    """A network that `check` takes, of any size from /29 to /20."""
    net = IPv4Network((draw(st.integers(0, 2**32 - 1)), draw(st.integers(20, 29))), strict=False)
    hosts = st.integers(int(net.network_address) + 1, int(net.broadcast_address) - 1)
    first, last = sorted((draw(hosts), draw(hosts)))
    gateway = str(IPv4Address(draw(hosts))) if draw(st.booleans()) else ""
    return NetworkRecord(
        "any",
        draw(st.sampled_from(PURPOSES)),
        str(net),
        str(IPv4Address(first)),
        str(IPv4Address(last)),
        gateway,
    )


def test_a_good_network_is_taken() -> None:
    check(GOOD)
    check(replace(GOOD, gateway="", dns=()))


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"purpose": "fun"}, "choose one of provisioning"),
        ({"cidr": "10.0.0.0/33"}, "like 10.0.0.0/24"),
        ({"cidr": "10.0.0.5/24"}, "has host bits set"),
        ({"cidr": "fd00::/64"}, "like 10.0.0.0/24"),
        ({"cidr": "10.0.0.0/31"}, "too small"),
        ({"first": "ten"}, "no IPv4 address"),
        ({"first": "10.0.1.11"}, "not a host address of 10.0.0.0/24"),
        ({"first": "10.0.0.0"}, "not a host address"),
        ({"last": "10.0.0.255"}, "not a host address"),
        ({"first": "10.0.0.20", "last": "10.0.0.11"}, "swap them"),
        ({"gateway": "10.0.1.1"}, "gateway 10.0.1.1"),
        ({"dns": ("8.8.8.8; reboot",)}, "DNS server"),
    ],
)
def test_a_refusal_says_what_and_what_instead(change: dict[str, object], says: str) -> None:
    with pytest.raises(BadNetwork, match=says):
        check(replace(GOOD, **change))


@settings(deadline=None)
@given(networks(), st.integers(1, 40))
def test_no_address_is_given_out_twice_and_all_are_inside(network: NetworkRecord, wanted: int) -> None:
    check(network)
    taken: set[str] = set()
    size = int(IPv4Address(network.last)) - int(IPv4Address(network.first)) + 1
    try:
        for _ in range(wanted):
            given_out = allocate(network, taken)
            assert given_out not in taken and given_out != network.gateway
            assert IPv4Address(network.first) <= IPv4Address(given_out) <= IPv4Address(network.last)
            taken.add(given_out)
    except BadNetwork:
        inside = IPv4Address(network.first) <= IPv4Address(network.gateway or "0.0.0.0") <= IPv4Address(network.last)
        assert len(taken) == size - inside < wanted


@settings(deadline=None)
@given(networks(), st.sets(st.integers(0, 30)))
def test_the_lowest_free_address_is_taken_whatever_is_missing(network: NetworkRecord, holes: set[int]) -> None:
    first = int(IPv4Address(network.first))
    taken = {str(IPv4Address(first + i)) for i in range(31) if i not in holes}
    try:
        found = int(IPv4Address(allocate(network, taken)))
    except BadNetwork:
        return
    between = {str(IPv4Address(number)) for number in range(first, found)}
    assert between <= taken | {network.gateway}


def test_a_used_up_range_says_what_can_be_done() -> None:
    with pytest.raises(BadNetwork, match="widen the range or unassign a machine"):
        allocate(GOOD, {f"10.0.0.{i}" for i in range(11, 21)})


def test_the_gateway_is_never_given_out() -> None:
    assert allocate(replace(GOOD, gateway="10.0.0.11"), set()) == "10.0.0.12"


def test_overlaps_are_named() -> None:
    others = [("a", "10.1.0.0/16"), ("b", "10.0.0.128/25")]
    assert overlapping("10.0.0.0/24", others) == "b"
    assert overlapping("10.2.0.0/16", others) is None


def test_prefix_length() -> None:
    assert prefix_length("10.0.0.0/21") == 21
