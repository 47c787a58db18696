"""Settings that cannot work together, each refused with its name, why, and what would do."""

from __future__ import annotations

import re
from ipaddress import IPv4Address, IPv4Network
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from oci.config import configure
from oci.domain.site_settings import wrong
from oci.render.appliance.dnsmasq import render
from oci.services.activity.tick import dhcp_settings

ADDRESSES = st.integers(0, 2**32 - 1).map(lambda number: str(IPv4Address(number)))


def found(**values: object) -> list[str]:
    return [str(one) for one in wrong(configure(dict(values)).values())]


def test_the_defaults_and_the_example_can_be_used() -> None:
    assert found() == []
    assert found(dhcp_mode="proxy", dhcp_first="", dhcp_last="") == []


@pytest.mark.parametrize(
    ("values", "says"),
    [
        ({"server_address": "10.0.0"}, "server_address: '10.0.0' is no IPv4 address"),
        ({"server_address": "10.0.0.0"}, "server_address: 10.0.0.0 is not an address for a host"),
        ({"dhcp_netmask": "255.0.255.0"}, "dhcp_netmask: '255.0.255.0' is no netmask"),
        ({"dhcp_last": "10.9.0.50"}, "dhcp_last: 10.9.0.50 is not in the provisioning network 10.0.0.0/24"),
        ({"dhcp_last": "10.0.0.1000"}, "dhcp_last: '10.0.0.1000' is no IPv4 address"),
        ({"dhcp_last": "10.0.0.255"}, "dhcp_last: 10.0.0.255 is no address for a host"),
        ({"dhcp_first": ""}, "dhcp_first: '' is no IPv4 address"),
        ({"dhcp_first": "10.0.0.200"}, "Exchange dhcp_first and dhcp_last"),
        ({"server_address": "10.0.0.150"}, "holds the appliance's own address 10.0.0.150"),
        ({"dhcp_gateway": "10.0.0.120"}, "holds the gateway 10.0.0.120"),
        ({"dhcp_gateway": "192.0.2.1"}, "dhcp_gateway: 192.0.2.1 is not in the provisioning network"),
        ({"dhcp_interface": "eth0 "}, "dhcp_interface: 'eth0 ' is no name of an interface"),
        ({"dhcp_interface": ""}, "dhcp_interface: '' is no name"),
        ({"dhcp_mode": "relay"}, "dhcp_mode: there is no mode 'relay'"),
        ({"dhcp_ra_prefix": "fd00::/48"}, "dhcp_ra_prefix: 'fd00::/48' is no IPv6 prefix of 64 bits"),
        ({"dns_servers": ["dns.example"]}, "dns_servers: 'dns.example' is no IPv4 address"),
        ({"operators_address": "oci.example.net"}, "operators_address: 'oci.example.net' is no IPv4 address"),
        ({"operators_names": ["oci example"]}, "operators_names: 'oci example' is no host name"),
        ({"puppet_server": "puppet;"}, "puppet_server: 'puppet;' is no host name"),
        ({"apt_uri": "mirror/debian"}, "apt_uri: 'mirror/debian' is no URL"),
        ({"apt_upstream": "http://user:word@mirror/debian"}, "apt_upstream"),
        ({"database_url": "mysql://oci:word@db/oci"}, "database_url: it names no database that can be used"),
        ({"database_url": "postgres://oci@db/oci"}, "database_url"),
        ({"tick_seconds": 0}, "tick_seconds: 0 is no time"),
    ],
)
def test_each_is_named(values: dict[str, object], says: str) -> None:
    assert any(says in one for one in found(**values)), found(**values)


def test_what_the_documentation_shows_can_be_used() -> None:
    root = Path(__file__).parents[2]
    example = (root / "debian/oci.yaml").read_text()
    readme = re.findall(r"(?m)(?:^ {7}[a-z_]+: .*\n)+", (root / "README.md").read_text())
    assert len(readme) == 1
    for text in (example, *readme):
        values = yaml.safe_load(text)
        assert "server_address" in values and found(**values) == []


def test_without_dhcp_its_settings_say_nothing() -> None:
    assert found(dhcp_config="off", dhcp_first="nonsense", dhcp_interface="") == []


@given(server=ADDRESSES, first=ADDRESSES, last=ADDRESSES, prefix=st.integers(8, 30), gateway=st.just("") | ADDRESSES)
def test_what_is_accepted_can_be_rendered(server: str, first: str, last: str, prefix: int, gateway: str) -> None:
    """Whatever passes never becomes an error of the worker; and a range inside the network is never refused for that."""
    mask = str(IPv4Network(f"0.0.0.0/{prefix}").netmask)
    config = configure(
        {"server_address": server, "dhcp_first": first, "dhcp_last": last, "dhcp_netmask": mask, "dhcp_gateway": gateway}
    )
    if wrong(config.values()):
        return

    class Given:
        pass

    ctx = Given()
    ctx.config = config  # type: ignore[attr-defined]
    assert f"dhcp-range={first},{last}" in render(dhcp_settings(ctx))  # type: ignore[arg-type]


@given(prefix=st.integers(16, 28), data=st.data())
def test_a_range_inside_the_network_is_accepted(prefix: int, data: st.DataObject) -> None:
    network = IPv4Network(f"10.0.0.0/{prefix}")
    inside = st.integers(2, network.num_addresses - 2)
    first, last = sorted((data.draw(inside), data.draw(inside)))
    assert found(dhcp_netmask=str(network.netmask), dhcp_first=str(network[first]), dhcp_last=str(network[last])) == []
