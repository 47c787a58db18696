"""The probe `lldp` on captures as live-init leaves them, with the real tcpdump, and what the parser makes of it."""

from __future__ import annotations

import os
import shutil
import struct
import subprocess
from pathlib import Path

import pytest

from oci.domain.hardware.cards import lldp
from oci.domain.hardware.inventory import Neighbour

PROBE = Path(__file__).resolve().parents[2] / "discovery" / "probes" / "lldp"
NEAREST, ANY_BRIDGE = bytes.fromhex("0180c200000e"), bytes.fromhex("0180c2000000")
needs_tcpdump = pytest.mark.skipif(not shutil.which("tcpdump"), reason="no tcpdump on this machine")


def tlv(kind: int, value: bytes) -> bytes:
    return struct.pack(">H", kind << 9 | len(value)) + value


def frame(mac: str, name: str, port: str, able: int = 0, to: bytes = NEAREST, extra: bytes = b"") -> bytes:
    """An LLDP frame (IEEE 802.1AB, 8) of the chassis `mac`, whose capabilities `able` are all switched on."""
    source = bytes.fromhex(mac.replace(":", ""))
    body = tlv(1, b"\4" + source) + tlv(2, b"\5" + port.encode()) + tlv(3, b"\0\x78") + tlv(5, name.encode())
    body += tlv(7, struct.pack(">HH", able, able)) if able else b""
    return to + source + b"\x88\xcc" + body + extra + tlv(0, b"")


def vlan_name(number: int, name: str) -> bytes:
    return tlv(127, b"\0\x80\xc2\3" + struct.pack(">HB", number, len(name)) + name.encode())


def pvid(number: int) -> bytes:
    return tlv(127, b"\0\x80\xc2\1" + struct.pack(">H", number))


def capture(frames: list[bytes]) -> bytes:
    """A file as tcpdump writes it (pcap 2.4, Ethernet)."""
    rows = (struct.pack("<IIII", n, 0, len(one), len(one)) + one for n, one in enumerate(frames))
    return struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, 1) + b"".join(rows)


def probe(folder: Path, **frames: list[bytes]) -> str:
    (folder / "lldp").mkdir(exist_ok=True)
    for nic, heard in frames.items():
        (folder / "lldp" / f"{nic}.pcap").write_bytes(capture(heard))
    return subprocess.run(
        [str(PROBE)], env={**os.environ, "OCI_RUN": str(folder)}, capture_output=True, text=True, check=True, timeout=60
    ).stdout


SWITCH = frame("02:00:5e:10:00:01", "rack7-a", "Ethernet7", able=4 | 16, extra=pvid(40) + vlan_name(40, "prov"))
PHONE = frame("02:00:5e:20:00:02", "SEP7", "Port 1", able=4 | 32)
HOST = frame("02:00:5e:30:00:03", "kvm3", "vnet5", able=128, to=ANY_BRIDGE)


@needs_tcpdump
def test_all_who_speak_on_a_port_are_told_and_the_switch_is_the_one(tmp_path: Path) -> None:
    found = lldp.parse(probe(tmp_path, eno1=[PHONE, HOST, SWITCH, PHONE, SWITCH], eno2=[HOST]))
    assert [one.chassis for one in found.heard["eno1"]] == ["SEP7", "kvm3", "rack7-a"]
    assert found.by_nic["eno1"] == Neighbour(
        "rack7-a", "02:00:5e:10:00:01", "Ethernet7", vlan=40, capabilities=("Bridge", "Router"), nearest=True
    )
    assert (found.by_nic["eno2"].chassis, found.by_nic["eno2"].nearest) == ("kvm3", False)


@needs_tcpdump
def test_neither_the_number_nor_the_turn_of_the_frames_changes_the_report(tmp_path: Path) -> None:
    once = probe(tmp_path, eno1=[SWITCH, PHONE, HOST])
    assert once and once == probe(tmp_path, eno1=[HOST, SWITCH, SWITCH, PHONE, HOST, SWITCH])


@needs_tcpdump
@pytest.mark.parametrize(
    ("extra", "vlan"),
    [
        (vlan_name(12, "a") + vlan_name(13, "b"), 12),
        (vlan_name(12, "a") + pvid(40), 40),
        (pvid(0) + vlan_name(12, "a"), 12),
        (pvid(0), None),
        (b"", None),
    ],
)
def test_the_vlan_of_a_port(tmp_path: Path, extra: bytes, vlan: int | None) -> None:
    one = frame("02:00:5e:10:00:01", "rack7-a", "Ethernet7", extra=extra)
    assert lldp.parse(probe(tmp_path, eno1=[one])).by_nic["eno1"].vlan == vlan


@needs_tcpdump
def test_no_card_and_no_frame(tmp_path: Path) -> None:
    assert probe(tmp_path) == probe(tmp_path, eno1=[]) == ""
