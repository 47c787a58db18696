"""Who holds an address or a name: tables of what is refused, and properties of what is given out."""

from __future__ import annotations

from dataclasses import replace
from ipaddress import IPv4Address, ip_address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from oci.domain.cluster.roles import BadRole, next_number
from oci.domain.machines.hostnames import bad_domain, bad_host, canonical, holder_of_name
from oci.domain.networks.addresses import next_free
from oci.domain.networks.claims import (
    Appliance,
    BadAddress,
    Claims,
    canonical_host,
    claim,
    names_of,
    of_appliance,
    of_network,
)
from oci.domain.networks.networks import BadNetwork, Network, Range

SITE = Appliance(
    server_address="192.0.2.2",
    puppet_server="Master.site.example.",
    puppet_address="192.0.2.3",
    urls=(
        ("http_url", "http://boot.site.example"),
        ("https_url", "https://192.0.2.4:8443"),
        ("apt_uri", "http://mirror/debian"),
    ),
    dhcp=("192.0.2.100", "192.0.2.199"),
    gateway="192.0.2.254",
    dns=("192.0.2.53", "2001:db8::53"),
    host_names=("oci-head",),
)


@pytest.mark.parametrize(
    ("address", "says"),
    [
        ("192.0.2.2", "the appliance's own address"),
        ("192.0.2.3", "the Puppet server"),
        ("192.0.2.4", "setting https_url"),
        ("192.0.2.100", "DHCP range"),
        ("192.0.2.150", "DHCP range"),
        ("192.0.2.199", "DHCP range"),
        ("192.0.2.254", "gateway"),
        ("192.0.2.53", "DNS server"),
        ("2001:db8:0:0::53", "DNS server"),
        ("192.0.2.99", ""),
        ("192.0.2.200", ""),
        ("2001:db8::54", ""),
        ("::c000:202", ""),
    ],
)
def test_what_the_settings_name_is_held(address: str, says: str) -> None:
    found = Claims(of_appliance(SITE)).on(ip_address(address))
    assert says in found.holder if found and says else found is None and not says


def test_without_dhcp_of_ours_there_is_no_range() -> None:
    assert Claims(of_appliance(replace(SITE, dhcp=None))).on(ip_address("192.0.2.150")) is None


@pytest.mark.parametrize("text", ["", "boot.site.example", "010.0.0.1", "1.2.3", "fe80::g"])
def test_what_is_no_address_holds_none(text: str) -> None:
    assert claim(text, "x") == [] and claim("192.0.2.1", "x", text or "name") == []


def test_a_network_keeps_its_ends_its_gateway_and_its_servers() -> None:
    held = Claims(of_network("prov", "192.0.2.0/24", "192.0.2.1", ["192.0.2.7", "9.9.9.9"]))
    words = [held.on(ip_address(f"192.0.2.{n}")) for n in (0, 1, 7, 255, 8)]
    assert [w and w.holder.split()[1] for w in words] == ["address", "gateway", "DNS", "broadcast", None]
    # A gateway inside of the range is left out when addresses are given; it is no reason to refuse the range.
    assert held.within(IPv4Address("192.0.2.1"), IPv4Address("192.0.2.9")) is None


@pytest.mark.parametrize(
    ("first", "last", "says"),
    [
        ("192.0.2.1", "192.0.2.9", "own address"),
        ("192.0.2.90", "192.0.2.100", "DHCP range"),
        ("192.0.2.120", "192.0.2.130", "DHCP range"),
        ("192.0.2.10", "192.0.2.250", ""),
        ("192.0.2.60", "192.0.2.99", None),
    ],
)
def test_a_range_is_told_who_is_in_it(first: str, last: str, says: str | None) -> None:
    found = Claims(of_appliance(SITE)).within(IPv4Address(first), IPv4Address(last))
    assert (found is None) == (says is None) and (says or "") in (found.holder if found else "")


NUMBERS = st.integers(0, 255)


@given(
    st.lists(st.tuples(NUMBERS, NUMBERS), max_size=6), st.sets(NUMBERS, max_size=40), st.tuples(NUMBERS, NUMBERS), NUMBERS
)
def test_no_address_that_is_held_is_ever_given_out(held, taken, ends, gateway) -> None:
    spans = [tuple(sorted(pair)) for pair in held]
    network = Network("n", "provisioning", "192.0.2.0/24", gateway=f"192.0.2.{gateway}")
    ranges = [Range("n", f"192.0.2.{min(ends)}", f"192.0.2.{max(ends)}")]
    claims = Claims(one for a, b in spans for one in claim(f"192.0.2.{a}", "x", f"192.0.2.{b}"))
    free = [
        n
        for n in range(min(ends), max(ends) + 1)
        if n not in taken and n not in (0, 255, gateway) and not any(a <= n <= b for a, b in spans)
    ]
    try:
        found = next_free(network, ranges, {f"192.0.2.{n}" for n in taken}, claims=claims)
    except BadNetwork:
        found = ""
    assert found == (f"192.0.2.{free[0]}" if free else "")


def test_a_wide_claim_is_stepped_over_at_once() -> None:
    network, ranges = Network("n", "provisioning", "10.0.0.0/8"), [Range("n", "10.0.0.1", "10.255.255.254")]
    held = Claims(claim("10.0.0.0", "x", "10.255.255.0"))
    assert next_free(network, ranges, set(), claims=held) == "10.255.255.1"


@pytest.mark.parametrize(
    ("text", "stored"),
    [
        ("10.0.0.7", "10.0.0.7"),
        ("FD00:0:0::7", "fd00::7"),
        ("fd00:0000::0007", "fd00::7"),
        ("::ffff:10.0.0.7", "10.0.0.7"),
        ("BMC-7.Site.Example", "bmc-7.site.example"),
        ("bmc7", "bmc7"),
        ("7up.example", "7up.example"),
    ],
)
def test_one_host_is_stored_in_one_way(text: str, stored: str) -> None:
    assert canonical_host(text) == stored == canonical_host(stored)


@pytest.mark.parametrize(
    "text", ["010.0.0.7", "10.0.0.007", "10.0.7", "167772167", "0x0a000007", "10.0.0.256", "fd00::g", "1:2"]
)
def test_what_programs_read_in_two_ways_is_refused(text: str) -> None:
    with pytest.raises(BadAddress, match="is no address; write it like"):
        canonical_host(text)


@pytest.mark.parametrize(
    "fqdn",
    [
        "master.site.example",
        "MASTER.site.example",
        "master.site.example.",
        "boot.site.example",
        "mirror.any.example",
        "oci-head.other.example",
        "mirror",
        "oci-head",
    ],
)
def test_names_that_the_site_needs_are_held(fqdn: str) -> None:
    assert holder_of_name(fqdn, names_of(SITE))


@pytest.mark.parametrize(
    "fqdn", ["master.other.example", "compute1.site.example", "xmaster.site.example", "a.mirror.example"]
)
def test_other_names_are_free(fqdn: str) -> None:
    assert holder_of_name(fqdn, names_of(SITE)) == ""


def test_an_address_in_a_setting_is_no_name() -> None:
    assert "192.0.2.2" not in dict(names_of(SITE)) and "192.0.2.4" not in dict(names_of(SITE))


@pytest.mark.parametrize(
    ("host", "says"),
    [
        ("7", "id of a machine"),
        ("0042", "id of a machine"),
        ("52-54-00-12-34-56", "like a MAC"),
        ("deadbeef0001", "like a MAC"),
        ("machine-7", "without a role"),
        ("new-x", "without a role"),
        ("localhost", "that asks"),
        ("ip6-loopback", "that asks"),
        ("-a", "hyphen"),
        ("a-", "hyphen"),
        ("a.b", "hyphen"),
        ("Ä", "hyphen"),
        ("a" * 64, "63"),
        ("", "63"),
        ("a\n", "hyphen"),
    ],
)
def test_host_names_that_mean_something_else(host: str, says: str) -> None:
    assert says in bad_host(host)


@pytest.mark.parametrize("host", ["a", "7a", "machine", "machine7", "machine-a", "52-54", "x" * 63, "localhost1"])
def test_host_names_that_are_good(host: str) -> None:
    assert bad_host(host) == ""


@pytest.mark.parametrize(
    ("domain", "bad"),
    [
        ("lab.test", False),
        ("10.0.0", True),
        ("a.7", True),
        ("localhost", True),
        ("x.localhost", True),
        ("7.test", False),
        ("7a", False),
    ],
)
def test_domains(domain: str, bad: bool) -> None:
    assert bool(bad_domain(domain)) == bad


def test_canonical_names() -> None:
    assert canonical(" A.Example.. ") == "a.example" and canonical("") == ""


@given(st.sets(st.integers(1, 20)), st.sets(st.integers(1, 20)))
def test_a_number_whose_name_is_held_is_left_out(taken: set[int], held: set[int]) -> None:
    names = [(f"node{number}.lab.test", "x") for number in held]
    found = next_number(taken, lambda number: bool(holder_of_name(f"node{number}.lab.test", names)))
    assert found not in taken | held and set(range(1, found)) <= taken | held


def test_no_number_at_all_is_an_error_with_words() -> None:
    with pytest.raises(BadRole, match="give a host name by hand"):
        next_number(set(), lambda number: True)
