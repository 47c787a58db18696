"""dnsmasq's configuration, as text: both modes, every architecture, and values that must not get in."""

from __future__ import annotations

import os
from dataclasses import replace
from ipaddress import ip_network
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from oci.domain.path.netboot import ARCHITECTURES, ClientArch, boot_file, loaders
from oci.render.appliance.dnsmasq import BadDhcpValue, DhcpNetwork, DhcpSettings, Reservation, render, reverse_zones

GOLDEN = Path(__file__).parent.parent / "golden"
URL = "http://10.77.0.1"
PLAIN = DhcpSettings("br0", "10.77.0.1", URL, "10.77.4.1", "10.77.7.250", "255.255.248.0")
PROXY = DhcpSettings("br0", "10.77.0.1", URL, netmask="255.255.248.0", mode="proxy")
FULL = replace(
    PLAIN,
    gateway="10.77.0.254",
    dns=("10.77.0.1", "10.77.0.2"),
    ntp=("10.77.0.1",),
    domain="lab.test",
    lease="12h",
    ra_prefix="fd77::/64",
    serve_dns=True,
    records=(("puppet.lab.test", "10.77.0.1"),),
    reservations=(
        Reservation("52:54:00:00:00:02", "10.77.1.10", "compute-2"),
        Reservation("52:54:00:00:00:01", "10.77.1.2"),
    ),
)
PROV = DhcpNetwork(
    "prov",
    "10.77.0.0/21",
    (("10.77.4.1", "10.77.5.250"), ("10.77.6.1", "10.77.7.250")),
    "br0",
    "10.77.0.254",
    ("10.77.0.1",),
    ("10.77.0.1",),
    reservations=(Reservation("52:54:00:00:00:01", "10.77.1.10", "compute-1"),),
)
RACK = DhcpNetwork("rack-7", "10.78.0.0/24", (("10.78.0.100", "10.78.0.199"),), gateway="10.78.0.1", mtu=9000)
SIX = DhcpNetwork(
    "prov6",
    "fd77::/64",
    (("fd77::1000", "fd77::1fff"),),
    "br0",
    dns=("fd77::1",),
    ntp=("fd77::1",),
    reservations=(Reservation("52:54:00:00:00:01", "fd77::10", "compute-1"),),
)
FIXED = DhcpNetwork("ipmi", "10.79.0.0/24", interface="br1", reservations=(Reservation("52:54:00:00:00:02", "10.79.0.7"),))
MANY = replace(
    PLAIN,
    range_start="",
    range_end="",
    serve_dns=True,
    domain="lab.test",
    domains=("prod.example", "test.example"),
    records=(("compute1.prod.example", "10.77.1.10"), ("compute1.prod.example", "fd77::10")),
    networks=(PROV, RACK, SIX, FIXED),
)
CASES = {
    "dnsmasq-dhcp.conf": PLAIN,
    "dnsmasq-full.conf": FULL,
    "dnsmasq-networks.conf": MANY,
    "dnsmasq-proxy.conf": PROXY,
}


def golden(name: str, text: str) -> None:
    if os.environ.get("OCI_GOLDEN"):
        (GOLDEN / name).write_text(text)
    assert text == (GOLDEN / name).read_text(), f"tests/golden/{name} differs; look, then `make golden`"


@pytest.mark.parametrize("name", sorted(CASES))
def test_golden(name: str) -> None:
    golden(name, render(CASES[name]))


def test_the_table_of_architectures() -> None:
    told = {arch.code: (boot_file(arch, URL), arch.protocol) for arch in ARCHITECTURES}
    assert told == {
        0: ("undionly.kpxe", "tftp"),
        7: ("snponly.efi", "tftp"),
        9: ("snponly.efi", "tftp"),
        11: ("ipxe-arm64.efi", "tftp"),
        15: (URL + "/loaders/snponly.efi", "http"),
        16: (URL + "/loaders/snponly.efi", "http"),
        19: (URL + "/loaders/ipxe-arm64.efi", "http"),
    }
    assert loaders() == ["ipxe-arm64.efi", "snponly.efi", "undionly.kpxe"]


@pytest.mark.parametrize("arch", ARCHITECTURES, ids=lambda arch: f"arch-{arch.code}")
@pytest.mark.parametrize("settings", [PLAIN, PROXY], ids=["dhcp", "proxy"])
def test_every_architecture_is_matched_and_answered(arch: ClientArch, settings: DhcpSettings) -> None:
    lines = render(settings).splitlines()
    assert f"dhcp-match=set:{arch.tag},option:client-arch,{arch.code}" in lines
    name = boot_file(arch, URL)
    answers = [
        line
        for line in lines
        if f"tag:{arch.tag},tag:!ipxe,{name}" in line or line.startswith(f"pxe-service=tag:!ipxe,{arch.code},OCI,{name},")
    ]
    assert len(answers) == 1
    assert answers[0].endswith(",10.77.0.1")


@pytest.mark.parametrize("settings", [PLAIN, PROXY], ids=["dhcp", "proxy"])
def test_ipxe_gets_the_script_whatever_its_architecture(settings: DhcpSettings) -> None:
    lines = render(settings).splitlines()
    assert "dhcp-userclass=set:ipxe,iPXE" in lines
    assert f"dhcp-boot=tag:ipxe,{URL}/boot/start.ipxe,,10.77.0.1" in lines
    assert all(
        "tag:!ipxe" in line for line in lines if line.startswith(("dhcp-boot", "pxe-service")) and "start.ipxe" not in line
    )


def test_proxy_mode_gives_out_no_address() -> None:
    text = render(PROXY)
    assert "dhcp-range=10.77.0.0,proxy,255.255.248.0\n" in text
    assert "dhcp-authoritative" not in text


def test_tftp_is_left_to_the_tftp_server() -> None:
    assert not any("tftp" in render(settings) for settings in CASES.values())


def test_the_advertisement_names_no_router() -> None:
    assert "ra-param=br0,high,0,0\n" in render(FULL)
    assert "enable-ra" not in render(PLAIN)


def test_reservations_are_in_the_order_of_their_addresses() -> None:
    lines = [line for line in render(FULL).splitlines() if line.startswith("dhcp-host")]
    assert lines == ["dhcp-host=52:54:00:00:00:01,10.77.1.2", "dhcp-host=52:54:00:00:00:02,10.77.1.10,compute-2"]
    turned = replace(FULL, reservations=FULL.reservations[::-1])
    assert render(turned) == render(FULL)


TEXTS = (
    "interface",
    "server_address",
    "http_url",
    "range_start",
    "range_end",
    "netmask",
    "lease",
    "mode",
    "gateway",
    "domain",
    "ra_prefix",
    "lease_file",
    "pid_file",
)


@pytest.mark.parametrize("field", TEXTS)
@given(tail=st.text(min_size=1, max_size=12))
def test_no_field_injects_a_line(field: str, tail: str) -> None:
    _harmless(replace(FULL, **{field: f"{getattr(FULL, field)}{tail}"}))  # type: ignore[arg-type]


@given(text=st.text(max_size=20))
def test_no_list_injects_a_line(text: str) -> None:
    for settings in (
        replace(FULL, dns=(text,)),
        replace(FULL, ntp=(text,)),
        replace(FULL, records=((text, "10.77.0.1"),)),
        replace(FULL, records=(("a", text),)),
        replace(FULL, reservations=(Reservation(text, "10.77.1.1"),)),
        replace(FULL, reservations=(Reservation("52:54:00:00:00:01", text),)),
        replace(FULL, reservations=(Reservation("52:54:00:00:00:01", "10.77.1.1", text),)),
    ):
        _harmless(settings)


def _harmless(settings: DhcpSettings) -> None:
    """Either it is refused, or there is not a line, nor an option in a line, more than there should be."""
    try:
        text = render(settings)
    except BadDhcpValue:
        return
    keys = [line.split("=")[0] for line in text.splitlines()]
    allowed = {line.split("=")[0] for one in CASES.values() for line in render(one).splitlines()}
    assert set(keys) <= allowed | {"# Made by OCI from its database; changes here are overwritten."}
    assert len(keys) <= len(render(FULL).splitlines())
    assert text.isascii()


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"range_start": "10.99.0.1"}, "not in the provisioning network 10.77.0.0/21"),
        ({"range_start": "10.77.5.1", "range_end": "10.77.4.1"}, "ends at 10.77.4.1 before it begins"),
        ({"range_start": ""}, "is no IPv4 address"),
        ({"interface": "br0\ndhcp-script=/bin/sh"}, "cannot stand in the DHCP configuration"),
        ({"http_url": "http://10.77.0.1/x"}, "must look like http://10.0.0.1"),
        ({"http_url": "http://10.77.0.1,1.2.3.4"}, "must look like http://10.0.0.1"),
        ({"mode": "relay"}, "dhcp or proxy"),
        ({"netmask": "255.0.255.0"}, "must look like 255.255.255.0"),
        ({"ra_prefix": "fd77::/48"}, "length other than 64"),
        ({"ra_prefix": "10.0.0.0/8"}, "is no IPv6 prefix"),
        (
            {"reservations": (Reservation("52:54:00:00:00:01", "10.77.1.1"), Reservation("52:54:00:00:00:02", "10.77.1.1"))},
            "10.77.1.1 is reserved twice",
        ),
        ({"mode": "proxy", "reservations": (Reservation("52:54:00:00:00:01", "10.77.1.1"),)}, "gives out none"),
    ],
)
def test_a_refusal_says_what_and_what_instead(change: dict[str, object], says: str) -> None:
    with pytest.raises(BadDhcpValue, match=says):
        render(replace(PLAIN, **change))  # type: ignore[arg-type]


def test_the_order_of_networks_counts_for_nothing() -> None:
    assert render(replace(MANY, networks=MANY.networks[::-1])) == render(MANY)


@pytest.mark.parametrize(
    ("network", "says"),
    [
        (replace(RACK, name="prov"), "two networks have one name"),
        (replace(RACK, name="a,b"), "must look like rack-7"),
        (replace(RACK, cidr="10.78.0.1/24"), "must look like 10.0.0.0/24"),
        (replace(RACK, ranges=(("10.79.0.1", "10.78.0.2"),)), "is not in the network 10.78.0.0/24"),
        (replace(RACK, ranges=(("10.78.0.2", "10.78.0.1"),)), "exchange them"),
        (replace(RACK, gateway="10.77.0.1"), "is not in the network"),
        (replace(RACK, dns=("fd00::1",)), "not of the family"),
        (replace(RACK, cidr="fd78::/48", ranges=(), gateway=""), "larger than a /64"),
        (replace(RACK, reservations=(Reservation("x", "10.78.0.3"),)), "must look like 52:54"),
        (replace(RACK, reservations=(Reservation("52:54:00:00:00:01", "10.77.1.10"),)), "is not in the network"),
        (replace(RACK, reservations=(Reservation("52:54:00:00:00:01", "10.78.0.3"),) * 2), "is reserved twice"),
        (replace(RACK, interface="br0\n"), "must look like br0"),
    ],
)
def test_a_network_that_cannot_be_served_is_refused(network: DhcpNetwork, says: str) -> None:
    with pytest.raises(BadDhcpValue, match=says):
        render(replace(MANY, networks=(PROV, network)))


def test_networks_stand_instead_of_the_one_range() -> None:
    with pytest.raises(BadDhcpValue, match="put these into a network"):
        render(replace(FULL, networks=(PROV,)))


@given(text=st.text(max_size=20))
def test_no_value_of_a_network_injects_a_line(text: str) -> None:
    most = len(render(MANY).splitlines()) + 1  # another card is listened on besides
    for change in (
        {"name": text},
        {"cidr": text},
        {"ranges": ((text, "10.77.4.2"),)},
        {"interface": text},
        {"gateway": text},
        {"dns": (text,)},
        {"reservations": (Reservation("52:54:00:00:00:01", "10.77.1.1", text),)},
    ):
        try:
            made = render(replace(MANY, networks=(replace(PROV, **change), RACK, SIX, FIXED)))
        except BadDhcpValue:
            continue
        assert len(made.splitlines()) <= most and made.isascii()


@pytest.mark.parametrize(
    ("cidr", "zones"),
    [
        ("10.77.1.0/24", ["1.77.10.in-addr.arpa"]),
        ("10.77.0.0/23", ["0.77.10.in-addr.arpa", "1.77.10.in-addr.arpa"]),
        ("10.77.1.128/25", ["1.77.10.in-addr.arpa"]),
        ("10.0.0.0/8", ["10.in-addr.arpa"]),
        ("fd00::/16", ["0.0.d.f.ip6.arpa"]),
        ("fd00::/15", ["0.0.d.f.ip6.arpa", "1.0.d.f.ip6.arpa"]),
        ("fd77::/64", ["0.0.0.0.0.0.0.0.0.0.0.0.7.7.d.f.ip6.arpa"]),
    ],
)
def test_zones_of_names_backward(cidr: str, zones: list[str]) -> None:
    assert reverse_zones(ip_network(cidr)) == zones
