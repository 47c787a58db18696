"""The controller among several LAN channels, and the probe that asks them."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from oci.domain.hardware.board import bmc

PROBE = Path(__file__).resolve().parents[2] / "discovery" / "probes" / "bmc"


def lan(ip: str, mac: str) -> str:
    return (
        f"Set in Progress         : Set Complete\nIP Address Source       : DHCP Address\n"
        f"IP Address              : {ip}\nSubnet Mask             : 255.255.255.0\n"
        f"MAC Address             : {mac}\nDefault Gateway IP      : 0.0.0.0\n"
        f"Backup Gateway IP       : 0.0.0.0\n"
    )


def lan6(*addresses: str) -> str:
    sets = "".join(
        f"IPv6 Static Address {n}:\n    Enabled:        yes\n    Address:        {address}\n    Status:         active\n"
        for n, address in enumerate(addresses)
    )
    return f"IPv6/IPv4 Support:\n    IPv6 only: no\n{sets}IPv6 Static Router 1 IP Address: fe80::1\n"


MC = "Device ID                 : 32\nFirmware Revision         : 1.10\nManufacturer Name         : Example Corp\n"
A, B, C = "02:1e:67:0a:00:01", "02:1e:67:0a:00:02", "02:1e:67:0a:00:03"


@pytest.mark.parametrize("gap", ["\n", "", "### channel 2\n"])
@pytest.mark.parametrize(
    ("channels", "address", "mac"),
    [
        ([lan("10.1.2.3", A)], "10.1.2.3", A),
        ([lan("0.0.0.0", A), lan("10.1.2.3", B)], "10.1.2.3", B),
        ([lan("10.1.2.3", A), lan("10.1.2.4", B)], "10.1.2.3", A),
        ([lan("0.0.0.0", A), lan("169.254.95.118", B), lan("10.1.2.3", C)], "10.1.2.3", C),
        ([lan("169.254.95.118", A), lan("0.0.0.0", B)], "", A),
        ([lan("0.0.0.0", "00:00:00:00:00:00"), lan("0.0.0.0", B)], "", B),
        ([lan("0.0.0.0", A) + lan6("::/0", "2001:db8::7/64")], "2001:db8::7", A),
        ([lan("0.0.0.0", A) + lan6("::/0"), lan("0.0.0.0", B) + lan6("fe80::5/64", "2001:db8::8/64")], "2001:db8::8", B),
        ([lan("0.0.0.0", A) + lan6("2001:db8::7/64"), lan("10.1.2.3", B)], "10.1.2.3", B),
        ([lan("0.0.0.0", A) + lan6("fe80::5/64")], "", A),
        ([lan("255.255.255.255", A), lan("127.0.0.1", B)], "", A),
        ([], "", ""),
    ],
)
def test_the_channel_with_an_address_is_the_controllers(channels: list[str], address: str, mac: str, gap: str) -> None:
    found = bmc.parse(gap.join([*channels, MC]))
    assert (found.present, found.address, found.mac) == (True, address, mac)
    assert (found.vendor, found.firmware) == ("Example Corp", "1.10")


def ask(tmp_path: Path, answers: dict[str, str], slow: str = "") -> subprocess.CompletedProcess[str]:
    """Run the probe with an ipmitool of our own: `answers` by its last words."""
    for words, text in answers.items():
        (tmp_path / words.replace(" ", "-")).write_text(text)
    tool = tmp_path / "ipmitool"
    tool.write_text(
        f'#!/bin/sh\nshift 2; echo "$*" >>{tmp_path}/asked\n{slow}\n'
        f"file={tmp_path}/$(echo \"$*\" | tr ' ' -)\n"
        '[ -s "$file" ] || { echo \'Channel is not a LAN channel\' >&2; exit 1; }\ncat "$file"\n'
    )
    tool.chmod(0o755)
    environment = {**os.environ, "PATH": f"{tmp_path}:{os.environ['PATH']}", "OCI_IPMI": "/dev/null"}
    return subprocess.run([str(PROBE)], env=environment, capture_output=True, text=True, timeout=60, check=False)


def test_the_probe_finds_the_card_on_the_third_channel(tmp_path: Path) -> None:
    done = ask(tmp_path, {"lan print 1": lan("0.0.0.0", A), "lan print 3": lan("10.1.2.3", C), "mc info": MC})
    found = bmc.parse(done.stdout)
    assert (done.returncode, found.address, found.mac, found.vendor) == (0, "10.1.2.3", C, "Example Corp")
    asked = (tmp_path / "asked").read_text().split("\n")
    assert [f"lan print {n}" in asked for n in range(1, 9)] == [True] * 8
    assert "lan6 print 1" in asked and "lan6 print 3" not in asked


def test_the_probe_finds_a_card_that_speaks_only_ipv6(tmp_path: Path) -> None:
    done = ask(tmp_path, {"lan print 2": lan("0.0.0.0", B), "lan6 print 2": lan6("2001:db8::9/64"), "mc info": MC})
    found = bmc.parse(done.stdout)
    assert (done.returncode, found.address, found.mac) == (0, "2001:db8::9", B)


def test_a_controller_without_any_channel_is_there_all_the_same(tmp_path: Path) -> None:
    done = ask(tmp_path, {"mc info": MC})
    assert done.returncode == 1 and bmc.parse(done.stdout).present


def test_a_controller_that_hangs_is_left_before_the_probe_is_ended(tmp_path: Path) -> None:
    # Nothing is asserted about time: the clock of the probe is what ends it, and it says so.
    done = ask(tmp_path, {"mc info": MC}, slow="case $1 in lan) exec sleep 30 ;; esac")
    assert "were not asked: the controller is too slow" in done.stderr and bmc.parse(done.stdout).present
