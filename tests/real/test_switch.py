"""The lab's switch on real interfaces: who reaches whom, by which VLAN, and over what kind of cable."""

from __future__ import annotations

import contextlib
import os
import re
import subprocess
import time
from collections.abc import Callable, Iterator
from ipaddress import IPv4Interface

import pytest

from lab.ground.process import run, wait_until
from lab.ground.site import Lab, unique_name
from lab.ground.wires.net import peer_cable
from lab.ground.wires.switch import Fault, Network, Port

pytestmark = pytest.mark.real
STORAGE, OTHER = 20, 30
APPLIANCE = "10.79.20.1"
# Two machines in one VLAN, one in another, one that boots in the first and has the others tagged.
PORTS = {
    "one": Port(STORAGE),
    "two": Port(STORAGE),
    "far": Port(OTHER),
    "both": Port(tagged=(STORAGE, OTHER)),
}
ADDRESSES = {"one": "10.79.20.11", "two": "10.79.20.12", "far": "10.79.20.13"}


@pytest.fixture(scope="module")
def lab() -> Iterator[Lab]:
    if os.geteuid() != 0:
        pytest.fail("the lab needs root: it makes network namespaces")
    lab = Lab(unique_name("sw"), (Network(STORAGE, IPv4Interface(f"{APPLIANCE}/24")),))
    with lab.running():
        for number, (name, port) in enumerate(PORTS.items(), 1):
            space = lab.net.peer(name, f"52:54:00:cc:00:{number:02x}", port)
            if name in ADDRESSES:
                run(["ip", "-n", space, "addr", "add", f"{ADDRESSES[name]}/24", "dev", "eth0"])
        run(["ip", "-n", f"{lab.net.namespace}.both", "addr", "add", "10.77.2.1/21", "dev", "eth0"])
        yield lab


def reaches(lab: Lab, name: str, address: str, count: int = 1) -> int:
    """How many of `count` echoes of `address` come back to the peer `name`."""
    words = ["busybox", "ping", "-q", "-i", "0.05", "-W", "1", "-c", str(count), address]
    said = run(lab.net.command(words, f"{lab.net.namespace}.{name}"), check=False, timeout=120).stdout
    counted = re.search(r"(\d+) packets received", said)
    assert counted, said
    return int(counted[1])


def who_hears(lab: Lab, vlan: int) -> set[str]:
    """The peers that hear a broadcast of `both` with the tag of a VLAN, or with none for VLAN 0."""
    probe = (
        "import socket, sys\n"
        "s = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)\n"
        "s.bind(('eth0', 0))\n"
        "s.send(bytes.fromhex(sys.argv[1]))\n"
    )
    # An Ethertype for local experiments (IEEE 802), and what nobody else says.
    sender, mark = bytes.fromhex("525400cc0004"), b"\x88\xb5" + os.urandom(60)
    tag = b"\x81\x00" + vlan.to_bytes(2) if vlan else b""
    listeners = {name: listen(lab, name, mark) for name in ADDRESSES}
    frame = b"\xff" * 6 + sender + tag + mark
    run(lab.net.command(["python3", "-c", probe, frame.hex()], f"{lab.net.namespace}.both"))
    return {name for name, heard in listeners.items() if heard()}


def listen(lab: Lab, name: str, mark: bytes) -> Callable[[], bool]:
    """Begin to listen in a peer for a frame with `mark`; returns what says whether it came."""
    script = (
        "import select, socket, sys, time\n"
        "s = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(3))\n"
        "s.bind(('eth0', 3))\n"
        "print('ready', flush=True)\n"
        "end = time.monotonic() + 3\n"
        "while (left := end - time.monotonic()) > 0 and select.select([s], [], [], left)[0]:\n"
        "    if bytes.fromhex(sys.argv[1]) in s.recv(4096):\n"
        "        print('heard', flush=True)\n"
        "        break\n"
    )
    argv = lab.net.command(["python3", "-c", script, mark.hex()], f"{lab.net.namespace}.{name}")
    listener = subprocess.Popen(argv, stdout=subprocess.PIPE, text=True)
    assert listener.stdout and listener.stdout.readline() == "ready\n"

    def answer() -> bool:
        said, _ = listener.communicate(timeout=60)
        return "heard" in said

    return answer


@contextlib.contextmanager
def bad_cable(lab: Lab, name: str, fault: Fault) -> Iterator[None]:
    lab.net.switch.spoil(peer_cable(name), PORTS[name], fault)
    try:
        yield
    finally:
        lab.net.switch.plug(peer_cable(name), PORTS[name])


def test_the_same_vlan_reaches_and_the_appliance_has_an_address_in_it(lab: Lab) -> None:
    assert reaches(lab, "one", ADDRESSES["two"], 3) == 3
    assert reaches(lab, "one", APPLIANCE, 3) == 3


def test_another_vlan_does_not_reach_though_its_addresses_are_of_the_same_network(lab: Lab) -> None:
    assert not reaches(lab, "far", ADDRESSES["one"]) and not reaches(lab, "far", APPLIANCE)


@pytest.mark.parametrize(
    ("vlan", "listeners"),
    [(STORAGE, {"one", "two"}), (OTHER, {"far"}), (0, set()), (40, set())],
    ids=["storage", "other", "no tag", "a VLAN that the port has not"],
)
def test_a_tagged_port_reaches_every_vlan_of_its_own_and_no_other(lab: Lab, vlan: int, listeners: set[str]) -> None:
    assert who_hears(lab, vlan) == listeners


def test_a_tagged_port_boots_in_its_native_vlan(lab: Lab) -> None:
    assert reaches(lab, "both", lab.net.address, 3) == 3


def test_a_pulled_cable_cuts_and_one_that_is_put_in_again_reaches(lab: Lab) -> None:
    lab.net.switch.link(peer_cable("two"), up=False)
    assert not reaches(lab, "one", ADDRESSES["two"])
    lab.net.switch.link(peer_cable("two"), up=True)
    wait_until("the cable to be in again", lambda: reaches(lab, "one", ADDRESSES["two"]), 20)


def test_a_bad_cable_loses_its_share_and_a_mended_one_none(lab: Lab) -> None:
    assert reaches(lab, "one", ADDRESSES["two"], 20) == 20
    with bad_cable(lab, "two", Fault(loss=0.5)):
        # Each echo crosses it twice: a quarter comes back. None of 40, or 32 and more, is less likely than 1 in 90,000.
        assert 0 < reaches(lab, "one", ADDRESSES["two"], 40) < 32
    with bad_cable(lab, "two", Fault(loss=1.0)):
        assert reaches(lab, "one", ADDRESSES["two"], 3) == 0
    assert reaches(lab, "one", ADDRESSES["two"], 20) == 20


def test_a_slow_cable_delays_and_loses_nothing(lab: Lab) -> None:
    with bad_cable(lab, "two", Fault(delay=0.2)):
        began = time.monotonic()
        assert reaches(lab, "one", ADDRESSES["two"], 3) == 3
        assert time.monotonic() - began > 0.4, "an echo crosses it twice, so it cannot be faster"


def test_what_is_sent_over_a_bad_cable_arrives_whole(lab: Lab) -> None:
    """Also what the sending kernel left to the card: checksums, and cutting a stream into frames."""
    server = (
        "import hashlib, socket\n"
        "s = socket.create_server(('', 7000))\n"
        "s.settimeout(60)\n"
        "print('ready', flush=True)\n"
        "c, _ = s.accept()\n"
        "c.settimeout(60)\n"
        "d = hashlib.sha256()\n"
        "while data := c.recv(65536):\n"
        "    d.update(data)\n"
        "print(d.hexdigest(), flush=True)\n"
    )
    client = (
        "import hashlib, socket, sys\n"
        "data = bytes(range(256)) * 4096\n"
        "c = socket.create_connection((sys.argv[1], 7000), timeout=30)\n"
        "c.sendall(data)\n"
        "c.close()\n"
        "print(hashlib.sha256(data).hexdigest())\n"
    )
    space = lab.net.namespace
    with bad_cable(lab, "two", Fault(delay=0.001)), bad_cable(lab, "one", Fault()):
        argv = lab.net.command(["python3", "-c", server], f"{space}.two")
        with subprocess.Popen(argv, stdout=subprocess.PIPE, text=True) as listening:
            assert listening.stdout and listening.stdout.readline() == "ready\n"
            sent = run(lab.net.command(["python3", "-c", client, ADDRESSES["two"]], f"{space}.one"), timeout=90).stdout
            assert listening.stdout.readline() == sent


def test_nothing_is_left_of_the_switch() -> None:
    with Lab(unique_name("sw")).running() as lab:
        lab.net.peer("trunk", "52:54:00:cc:00:09", PORTS["both"])
        wires = [process for process in lab.processes() if process.name.startswith("wire-")]
        assert len(wires) == 1 and wires[0].alive()
    assert not wires[0].alive() and not lab.net.exists() and not lab.run_dir.exists()
