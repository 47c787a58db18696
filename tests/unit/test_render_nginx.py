"""The web server's site: the whole text, what is left out, and values that must not get in."""

from __future__ import annotations

import os
import re
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from oci.render.appliance import chrony
from oci.render.appliance.nginx import BadSiteValue, Site, Upstream, machine_blocks, operator_blocks, render

GOLDEN = Path(__file__).parent.parent / "golden"
PKI = "/var/lib/oci/pki"
PLAIN = Site(
    machines="10.0.0.1",
    images="/var/lib/oci/images",
    loaders="/srv/tftp",
    machines_socket="/run/oci/machines.sock",
    operators_socket="/run/oci/operators.sock",
    server_certificate=f"{PKI}/server.pem",
    server_key=f"{PKI}/server.key",
    operators_certificate=f"{PKI}/operators.pem",
    operators_key=f"{PKI}/operators.key",
)
FULL = replace(
    PLAIN,
    operators="192.0.2.10",
    cache="/var/cache/oci/apt",
    resolvers=("192.0.2.53", "[2001:db8::53]"),
    upstreams=(
        Upstream("/debian", "http://mirror.example.net:8080/pub/debian"),
        Upstream("/debian-security", "https://security.example.net/debian-security/"),
    ),
)


@pytest.mark.parametrize(("name", "site"), [("nginx-plain.conf", PLAIN), ("nginx-full.conf", FULL)])
def test_golden(name: str, site: Site) -> None:
    text = render(site)
    if os.environ.get("OCI_GOLDEN"):
        (GOLDEN / name).write_text(text)
    assert text == (GOLDEN / name).read_text(), f"tests/golden/{name} differs; look, then `make golden`"


def test_every_block_listens_at_one_address_or_leaves_the_machines_alone() -> None:
    assert re.findall(r"listen (.*?);", render(FULL)) == [
        "10.0.0.1:80",
        "10.0.0.1:443 ssl",
        "192.0.2.10:80",
        "192.0.2.10:443 ssl",
    ]
    assert re.findall(r"listen (.*?);", operator_blocks(PLAIN)) == ["80", "443 ssl"]


def test_behind_a_socket_there_is_no_second_door() -> None:
    text = operator_blocks(replace(PLAIN, operators="unix:/run/lab/https.sock"))
    assert "listen unix:/run/lab/https.sock ssl;" in text and text.count("listen") == 1


def test_machines_find_no_page_of_the_operators() -> None:
    assert "operators.sock" not in machine_blocks(FULL) and "machines.sock" not in operator_blocks(FULL)


def test_an_index_is_never_kept() -> None:
    for line in machine_blocks(FULL).splitlines():
        if "proxy_cache oci" in line:
            assert "(pool/|.*/by-hash/)" in line


def test_a_name_is_looked_up_when_it_is_asked_for() -> None:
    """nginx ends at once when a name in its file cannot be looked up; the appliance must boot machines all the same."""
    for address in re.findall(r"proxy_pass (\S+);", machine_blocks(FULL)):
        assert address.startswith(("$", "http://unix:/")), address


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"machines": "10.0.0.1; return 200"}, "address '10.0.0.1; return 200' cannot stand"),
        ({"operators": "oci.example.net"}, "address 'oci.example.net'"),
        ({"images": "/srv/a b"}, "images '/srv/a b'"),
        ({"loaders": "srv"}, "loaders 'srv'"),
        ({"resolvers": ("dns.example",)}, "DNS server 'dns.example'"),
        ({"upstreams": (Upstream("/debian", "ftp://mirror/debian"),)}, "mirror 'ftp://mirror/debian'"),
        ({"upstreams": (Upstream("/debian", "http://user:word@mirror/debian"),)}, "mirror"),
    ],
)
def test_a_refusal_says_what_and_what_instead(change: dict[str, object], says: str) -> None:
    with pytest.raises(BadSiteValue, match=re.escape(says)):
        render(replace(FULL, **change))  # type: ignore[arg-type]


@given(
    field=st.sampled_from(["machines", "operators", "images", "loaders", "machines_socket", "server_key", "cache"]),
    tail=st.text(min_size=1, max_size=12),
)
def test_no_value_becomes_a_directive(field: str, tail: str) -> None:
    try:
        text = render(replace(FULL, **{field: getattr(FULL, field) + tail}))
    except BadSiteValue:
        return
    assert text.count(";") == render(FULL).count(";") and text.count("{") == render(FULL).count("{")


@given(url=st.text(max_size=40))
def test_no_mirror_becomes_a_directive(url: str) -> None:
    wanted = replace(FULL, upstreams=(Upstream("/debian", "http://m" + url),))
    try:
        text = render(wanted)
    except BadSiteValue:
        return
    assert text.count(";") == render(replace(FULL, upstreams=(Upstream("/debian", "http://m"),))).count(";")


def test_time_is_served_to_the_provisioning_network() -> None:
    assert "allow 10.0.0.0/21\n" in chrony.render("10.0.1.1", "255.255.248.0")
    with pytest.raises(ValueError, match="allow all"):
        chrony.render("10.0.0.1\nallow all", "255.255.255.0")
