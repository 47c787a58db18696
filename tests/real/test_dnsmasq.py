"""A real dnsmasq, asked by real packets: what it tells each architecture, and how it takes up changes."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import pytest

from lab.ground import services
from lab.ground.process import Process, run, wait_until
from lab.ground.site import Lab, unique_name
from oci.adapters.dnsmasq import DhcpError, Dnsmasq, EndByPid, command_restart
from oci.domain.path.netboot import ARCHITECTURES, ClientArch, boot_file
from oci.render.appliance.dnsmasq import DhcpSettings, Reservation, render

pytestmark = pytest.mark.real
ROOT = Path(__file__).parent.parent.parent
URL, MAC = "http://10.77.0.1", "52:54:00:bb:00:01"
FOREIGN = """interface=eth0
bind-interfaces
port=0
no-ping
dhcp-range=10.77.2.1,10.77.2.99,255.255.248.0,1h
"""


@dataclass
class Site:
    """A lab with a running dnsmasq and one machine that can ask it."""

    lab: Lab
    settings: DhcpSettings
    config: Path
    server: Process
    client: str

    def ask(self, arch: int, *words: str, vendor: str = "PXEClient") -> Any:
        servers = "2" if self.settings.mode == "proxy" else "1"
        argv = [
            sys.executable,
            "-m",
            "lab.vms.dhcp",
            "--mac",
            MAC,
            "--arch",
            str(arch),
            "--vendor",
            vendor,
            "--servers",
            servers,
            *words,
        ]
        inside = self.lab.net.command(argv, self.client)
        done = subprocess.run(inside, cwd=ROOT, capture_output=True, text=True, timeout=30, check=False)
        assert done.stdout, f"nobody answered: {done.stderr}; {self.server.log.read_text()[-2000:]}"
        return json.loads(done.stdout)


def settings(lab: Lab, mode: str) -> DhcpSettings:
    first, last, prefix = ("10.77.4.1", "10.77.7.250", "fd77::/64") if mode == "dhcp" else ("", "", "")
    return DhcpSettings(
        "br0",
        "10.77.0.1",
        URL,
        first,
        last,
        netmask="255.255.248.0",
        mode=mode,
        ra_prefix=prefix,
        lease_file=str(lab.run_dir / "leases"),
        pid_file=str(lab.run_dir / "dnsmasq.pid"),
    )


@pytest.fixture(scope="module", params=["dhcp", "proxy"])
def site(request: pytest.FixtureRequest) -> Iterator[Site]:
    with Lab(unique_name("dhcp")).running() as lab:
        wanted, config = settings(lab, request.param), lab.run_dir / "dnsmasq.conf"
        config.write_text(render(wanted))
        if request.param == "proxy":
            foreign(lab)
        server = services.dnsmasq(lab.net, lab.run_dir, config.parent).start()
        server.ready("its port", lambda: services.listens(lab.net, 67, "udp"))
        yield Site(lab, wanted, config, server, lab.net.peer("client", MAC))


def foreign(lab: Lab) -> None:
    """The DHCP server of somebody else, on the same network."""
    space = lab.net.peer("foreign", "52:54:00:aa:00:01")
    run(["ip", "-n", space, "addr", "add", "10.77.0.2/21", "dev", "eth0"])
    config = lab.run_dir / "foreign.conf"
    leases, pid = lab.run_dir / "foreign.leases", lab.run_dir / "foreign.pid"
    config.write_text(f"{FOREIGN}dhcp-leasefile={leases}\npid-file={pid}\n")
    argv = lab.net.command(["dnsmasq", "-k", "-C", str(config)], space)
    Process("foreign", argv, lab.run_dir).start().ready("its pid file", pid.exists)


@pytest.mark.parametrize("arch", ARCHITECTURES, ids=lambda arch: f"arch-{arch.code}")
def test_every_architecture_is_given_its_loader(site: Site, arch: ClientArch) -> None:
    vendor = "HTTPClient" if arch.protocol == "http" else "PXEClient"
    menu = ("--menu", "10.77.0.1") if site.settings.mode == "proxy" else ()
    record = site.ask(arch.code, *menu, vendor=vendor)
    answer = record["menu"] if menu else record["ack"]
    assert answer["boot_file"] == boot_file(arch, URL)
    if arch.protocol == "http":
        assert answer["vendor"] == "HTTPClient"
    else:
        assert answer["next_server"] == "10.77.0.1"
    assert record["ack"]["address"].startswith("10.77.2." if menu else "10.77.")


@pytest.mark.parametrize("arch", ARCHITECTURES, ids=lambda arch: f"arch-{arch.code}")
def test_ipxe_is_given_the_script_in_the_first_offer(site: Site, arch: ClientArch) -> None:
    offers = {offer["server"]: offer for offer in site.ask(arch.code, "--ipxe")["offers"]}
    assert offers["10.77.0.1"]["boot_file"] == f"{URL}/boot/start.ipxe"
    assert offers["10.77.0.1"]["next_server"] == "10.77.0.1", "BIOS iPXE would overlook the boot file"


def test_in_proxy_mode_only_the_other_server_gives_addresses(site: Site) -> None:
    offers = {offer["server"]: offer for offer in site.ask(7)["offers"]}
    if site.settings.mode == "proxy":
        assert offers["10.77.0.1"]["address"] == "0.0.0.0"
        assert offers["10.77.0.2"]["address"].startswith("10.77.2.")
    else:
        assert list(offers) == ["10.77.0.1"] and offers["10.77.0.1"]["address"] != "0.0.0.0"


def test_no_router_is_given_when_there_is_none(site: Site) -> None:
    if site.settings.mode == "dhcp":
        assert site.ask(7)["ack"]["router"] == ""


def test_ipxe_is_spared_its_waits(site: Site) -> None:
    if site.settings.mode == "dhcp":
        assert "b00101" in site.ask(7, "--ipxe")["ack"]["ipxe"], "no-pxedhcp is missing"
        assert "RTR-ADVERT" in site.server.log.read_text()


# -- names

RECORDS = (
    ("puppet.lab.test", "10.77.0.1"),
    ("compute1.lab.test", "10.77.1.11"),
    ("compute2.lab.test", "10.77.1.12"),
    ("compute1.two.test", "10.77.2.11"),
    ("six.two.test", "fd77::11"),
)
A, PTR, AAAA, NXDOMAIN = 1, 12, 28, 3


def encoded(name: str) -> bytes:
    return b"".join(bytes([len(label)]) + label.encode() for label in name.split(".")) + b"\0"


def named(packet: bytes, at: int) -> str:
    """The name at `at` of a DNS message, whose pointers are followed (RFC 1035 section 4.1.4)."""
    labels: list[str] = []
    while packet[at]:
        if packet[at] >= 0xC0:
            at = int.from_bytes(packet[at : at + 2]) & 0x3FFF
        else:
            labels.append(packet[at + 1 : at + 1 + packet[at]].decode())
            at += 1 + packet[at]
    return ".".join(labels)


def answers(packet: bytes, question: bytes) -> list[str]:
    """The data of each answer in `packet`, as text."""
    at, found = 12 + len(question), []
    for _answer in range(int.from_bytes(packet[6:8])):
        while packet[at] and packet[at] < 0xC0:
            at += 1 + packet[at]
        at += 2 if packet[at] else 1
        kind, size = int.from_bytes(packet[at : at + 2]), int.from_bytes(packet[at + 8 : at + 10])
        data = packet[at + 10 : at + 10 + size]
        found.append(named(packet, at + 10) if kind == PTR else str(ip_address(data)))
        at += 10 + size
    return found


def resolve(site: Site, space: str, name: str, kind: int) -> tuple[int, list[str]]:
    """Response code and answers that the appliance gives to a question of the machine in `space`."""
    question = encoded(name) + kind.to_bytes(2) + b"\0\1"
    asked = b"\x4f\x43\1\0\0\1\0\0\0\0\0\0" + question
    code = (
        "import socket, sys; s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); s.settimeout(5); "
        "s.sendto(bytes.fromhex(sys.argv[1]), ('10.77.0.1', 53)); print(s.recv(4096).hex())"
    )
    argv = site.lab.net.command([sys.executable, "-c", code, asked.hex()], space)
    done = subprocess.run(argv, capture_output=True, text=True, timeout=30, check=False)
    assert done.returncode == 0, f"nobody answered: {done.stderr}; {site.server.log.read_text()[-2000:]}"
    packet = bytes.fromhex(done.stdout)
    return packet[3] & 15, answers(packet, question)


def test_every_machine_is_answered_forward_and_reverse(site: Site) -> None:
    space = site.lab.net.peer("asker", "52:54:00:aa:00:02")
    run(["ip", "-n", space, "addr", "add", "10.77.0.3/21", "dev", "eth0"])
    port = Dnsmasq(site.config, Path(site.settings.pid_file))
    serving = replace(site.settings, serve_dns=True, domains=("lab.test", "two.test"), records=RECORDS)
    assert port.apply(render(serving)) is True
    wait_until("dnsmasq to answer DNS", lambda: services.listens(site.lab.net, 53, "udp"), 20)
    for name, address in RECORDS:
        kind = AAAA if ":" in address else A
        assert resolve(site, space, name, kind) == (0, [address])
        assert resolve(site, space, ip_address(address).reverse_pointer, PTR) == (0, [name])
    for name in ("compute9.lab.test", "nobody.two.test"):
        assert resolve(site, space, name, A) == (NXDOMAIN, [])
    assert resolve(site, space, "compute1.lab.test", AAAA) == (0, []), "it is there, and has no such address"
    assert resolve(site, space, ip_address("10.77.3.3").reverse_pointer, PTR) == (NXDOMAIN, [])
    refused, found = resolve(site, space, "example.org", A)
    assert refused != 0 and found == [], "what is not of a cluster is asked nowhere"
    fewer = replace(serving, records=RECORDS[:1])
    assert port.apply(render(fewer)) is True
    wait_until("dnsmasq to answer DNS", lambda: services.listens(site.lab.net, 53, "udp"), 20)
    assert resolve(site, space, "compute1.lab.test", A) == (NXDOMAIN, []), "who is gone has no name"
    assert port.apply(render(site.settings)) is True


# -- a new configuration


def test_a_new_configuration_is_taken_up_and_the_leases_stay(site: Site) -> None:
    if site.settings.mode != "dhcp":
        pytest.skip("addresses are given out in mode dhcp")
    port = Dnsmasq(site.config, Path(site.settings.pid_file))
    before = EndByPid(Path(site.settings.pid_file)).pid()
    assert port.apply(render(site.settings)) is False
    assert EndByPid(Path(site.settings.pid_file)).pid() == before, "restarted without a change"
    reserved = replace(site.settings, reservations=(Reservation(MAC, "10.77.1.77", "client"),))
    assert port.apply(render(reserved)) is True
    assert EndByPid(Path(site.settings.pid_file)).pid() != before
    wait_until("the reserved address", lambda: site.ask(7)["offers"][:1] != [], 10)
    assert site.ask(7)["ack"]["address"] == "10.77.1.77"
    assert port.apply(render(site.settings)) is True


def test_a_refused_configuration_changes_nothing(site: Site) -> None:
    port = Dnsmasq(site.config, Path(site.settings.pid_file))
    before, pid = site.config.read_text(), EndByPid(Path(site.settings.pid_file)).pid()
    with pytest.raises(DhcpError, match=r"refuses its new configuration: .*bad option.* stays in force"):
        port.apply(before + "no-such-option=1\n")
    assert site.config.read_text() == before
    assert EndByPid(Path(site.settings.pid_file)).pid() == pid is not None
    assert not list(site.config.parent.glob(".dnsmasq*"))


def test_a_restart_that_failed_is_done_by_the_next_call(tmp_path: Path) -> None:
    config, calls = tmp_path / "dnsmasq.conf", []

    def restart() -> None:
        calls.append(time.monotonic())
        if len(calls) == 1:
            raise DhcpError("dnsmasq was not restarted", "a test", "Try again")

    port = Dnsmasq(config, tmp_path / "pid", restart=restart)
    with pytest.raises(DhcpError, match="not restarted"):
        port.apply("port=0\n")
    assert port.apply("port=0\n") is False and len(calls) == 2
    assert port.apply("port=0\n") is False and len(calls) == 2


def test_a_missing_program_and_a_missing_directory_are_said_clearly(tmp_path: Path) -> None:
    with pytest.raises(DhcpError, match="Install dnsmasq-base"):
        Dnsmasq(tmp_path / "c", tmp_path / "pid", binary=str(tmp_path / "none")).apply("port=0\n")
    with pytest.raises(DhcpError, match="was not written"):
        Dnsmasq(tmp_path / "no" / "c", tmp_path / "pid").apply("port=0\n")
    with pytest.raises(DhcpError, match="by hand"):
        command_restart(["false"])()
    command_restart(["true"])()


# -- several networks


@pytest.mark.parametrize("name", sorted(path.name for path in (ROOT / "tests/golden").glob("dnsmasq-*.conf")))
def test_every_golden_configuration_is_one(name: str) -> None:
    done = subprocess.run(
        ["dnsmasq", "--test", "-C", str(ROOT / "tests/golden" / name)],
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert done.returncode == 0, done.stderr
