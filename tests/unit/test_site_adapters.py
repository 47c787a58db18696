"""Files for other services, this host's apt, and looks at real things: a TFTP server, interfaces, sockets."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from oci.adapters import apt, host
from oci.adapters.dnsmasq import DhcpError, Dnsmasq, addresses, serves
from oci.adapters.files import site_files
from oci.adapters.files.images import FileImages
from oci.adapters.puppetca import HttpPuppetCa
from oci.ports import Outdated, OutsideError, RootImage

DEB822 = """# the first one is not used
Types: deb
URIs: http://off.example/debian
Suites: trixie
Components: main
Enabled: no

Types: deb-src
URIs: http://source.example/debian

Types: deb deb-src
URIs:
 http://user:word@private.example/debian
 https://mirror.example:8443/pub/debian/
Suites: trixie trixie-updates
# a comment in the middle
Components: main
Signed-By: /usr/share/keyrings/x.gpg
"""


@pytest.mark.parametrize(
    ("files", "found"),
    [
        ({}, {}),
        ({"sources.list.d/debian.sources": DEB822}, {"debian": "https://mirror.example:8443/pub/debian"}),
        (
            {
                "sources.list": "deb http://a.example/debian trixie main\n"
                "deb http://b.example/debian-security trixie-security main\n"
            },
            {"debian": "http://a.example/debian", "debian-security": "http://b.example/debian-security"},
        ),
        (
            {
                "sources.list": "# deb http://a.example/debian trixie main\ndeb-src http://a.example/debian trixie main\n",
                "sources.list.d/x.list": "deb [arch=amd64 signed-by=/x] http://c.example/debian/ trixie main\n",
            },
            {"debian": "http://c.example/debian"},
        ),
        ({"sources.list.d/x.list": "deb http://other.example/packages stable main\ndeb cdrom:[x]/ trixie main\n"}, {}),
        ({"sources.list": "deb http://user:word@a.example/debian trixie main\n"}, {}),
    ],
)
def test_the_mirror_of_this_hosts_apt(tmp_path: Path, files: dict[str, str], found: dict[str, str]) -> None:
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    assert apt.mirrors(tmp_path) == found


def test_resolvers(tmp_path: Path) -> None:
    file = tmp_path / "resolv.conf"
    assert apt.resolvers(file) == ()
    file.write_text("# x\nsearch example.net\nnameserver 192.0.2.1\nnameserver fe80::1%eth0\nnameserver\n")
    assert apt.resolvers(file) == ("192.0.2.1", "[fe80::1]")


def test_loaders_are_copied_and_renewed_and_nobody_elses_file_is_touched(tmp_path: Path) -> None:
    source, target = tmp_path / "ipxe", tmp_path / "tftp"
    source.mkdir()
    (source / "a.efi").write_text("one")
    assert site_files.copy_loaders(["a.efi"], target, source) == ["a.efi"]
    assert site_files.copy_loaders(["a.efi"], target, source) == [] and (target / "a.efi").stat().st_mode & 0o777 == 0o644
    (source / "a.efi").write_text("two")
    assert site_files.copy_loaders(["a.efi"], target, source) == ["a.efi"] and (target / "a.efi").read_text() == "two"
    (source / "b.efi").write_text("b")
    (target / "b.efi").write_text("somebody's own")
    with pytest.raises(OutsideError, match="Move it away"):
        site_files.copy_loaders(["b.efi"], target, source)
    assert (target / "b.efi").read_text() == "somebody's own"
    with pytest.raises(OutsideError, match="Install Debian 13's package ipxe"):
        site_files.copy_loaders(["c.efi"], target, source)


def test_a_file_is_written_when_it_differs(tmp_path: Path) -> None:
    path = tmp_path / "conf.d/oci.conf"
    assert site_files.write(path, "a") and not site_files.write(path, "a") and site_files.write(path, "b")
    assert path.read_text() == "b" and [one.name for one in path.parent.iterdir()] == ["oci.conf"]


def test_a_link_is_made_and_a_file_of_somebody_else_left(tmp_path: Path) -> None:
    path = tmp_path / "enabled/oci"
    assert site_files.link(path, "/a") and not site_files.link(path, "/a") and site_files.link(path, "/b")
    (tmp_path / "file").write_text("x")
    with pytest.raises(OutsideError, match="file of somebody else"):
        site_files.link(tmp_path / "file", "/a")


@pytest.fixture
def tftp(monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, bytes]]:
    """A TFTP server of one answer, and what it was asked."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server:
        server.bind(("127.0.0.1", 0))
        monkeypatch.setattr(host, "_TFTP_PORT", server.getsockname()[1])
        said = {"answer": b""}

        def serve() -> None:
            said["asked"], sender = server.recvfrom(1000)
            server.sendto(said["answer"], sender)

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield said


@pytest.mark.parametrize(
    ("answer", "says"),
    [(b"\0\3\0\1loader", ""), (b"\0\5\0\1File not found\0", "File not found"), (b"\0\3\0\1", "no data"), (b"", "no data")],
)
def test_a_loader_is_asked_for_as_a_card_does(tftp: dict[str, bytes], answer: bytes, says: str) -> None:
    tftp["answer"] = answer
    if says:
        with pytest.raises(OutsideError, match=says):
            host.ask_tftp("127.0.0.1", "snponly.efi")
    else:
        host.ask_tftp("127.0.0.1", "snponly.efi")
    assert tftp["asked"] == b"\0\1snponly.efi\0octet\0"


def test_a_server_that_is_silent_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as silent:
        silent.bind(("127.0.0.1", 0))
        monkeypatch.setattr(host, "_TFTP_PORT", silent.getsockname()[1])
        monkeypatch.setattr(host, "_TFTP_SECONDS", 0.05)
        with pytest.raises(OutsideError, match=r"127\.0\.0\.1 did not answer.*systemctl start tftpd-hpa"):
            host.ask_tftp("127.0.0.1", "x")


def test_interfaces_and_who_serves_them(tmp_path: Path) -> None:
    assert addresses("lo") == ["127.0.0.1"] and addresses("eth9x") is None and not serves("eth9x")
    dhcp = Dnsmasq(tmp_path / "dnsmasq.conf", tmp_path / "pid")
    for interface, address, says in (
        ("eth9x", "10.0.0.1", "no such interface"),
        ("lo", "10.0.0.1", "it has 127.0.0.1"),
        ("lo", "127.0.0.1", "no DHCP server listens there"),
    ):
        with pytest.raises(DhcpError, match=says):
            dhcp.check(interface, address)


def test_an_image_of_another_version_is_told(tmp_path: Path) -> None:
    builder = tmp_path / "build"
    builder.write_text('#!/bin/sh\necho "key-$2"\n')
    builder.chmod(0o755)
    images = FileImages(tmp_path, builder)
    with pytest.raises(OutsideError, match="oci-admin image build live"):
        images.check("live")
    (tmp_path / "live").mkdir()
    (tmp_path / "live/live.json").write_text('{"key": "key-live"}')
    images.check("live")
    (tmp_path / "live/live.json").write_text('{"key": "key-before"}')
    with pytest.raises(Outdated, match="Build it again"):
        images.check("live")


def test_a_role_has_the_image_of_its_own_where_one_is_built_and_else_that_of_all(tmp_path: Path) -> None:
    builder = tmp_path / "build"
    builder.write_text('#!/bin/sh\necho "key of $OCI_PACKAGES from $OCI_MODULES"\n')
    builder.chmod(0o755)
    images = FileImages(tmp_path, builder, (Path("/a"), Path("/b")))
    for folder, digest in (("root", "aa"), ("root-compute", "bb"), ("root-Strange", "cc")):
        (tmp_path / folder).mkdir()
        told = {"key": "key of ovmf qemu-utils from /a:/b", "sha256": digest, "bytes": 7}
        (tmp_path / folder / "root.json").write_text(json.dumps(told))
    assert images.roles() == ("compute",), "a folder that names no role is somebody else's"
    assert images.root("compute") == RootImage("root-compute.tar.zst", "bb", 7)
    assert images.root("controller") == images.root() == RootImage("root.tar.zst", "aa", 7)
    images.check("root", "compute", ("ovmf", "qemu-utils"))
    with pytest.raises(Outdated, match=r"role compute.*Build it again with .*image build root --role compute"):
        images.check("root", "compute", ("ovmf", "qemu-utils", "swtpm"))


def test_a_directory_of_certificates_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    puppet = HttpPuppetCa("https://puppet.invalid:8140", tmp_path, "puppet.invalid", "127.0.0.9")
    with pytest.raises(OutsideError, match=r"certs/ca\.pem is not there or may not be read.*puppet_ssl_dir"):
        puppet.check()
