"""The real systemd-networkd of Debian 13, given the golden files: it takes every line, and does what they say.

It runs by itself in namespaces. Its cards are veths, which have a kind and no permanent MAC, so the lines that find a card
are put otherwise. Bonds and VLANs are made where the kernel can make them; their files are read everywhere.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import roots

HERE = Path(__file__).parent
GOLDEN = HERE.parent / "golden" / "networkd"
CASES = sorted(path.name for path in GOLDEN.iterdir())
pytestmark = [pytest.mark.real, pytest.mark.skipif(os.geteuid() != 0, reason="only root may make namespaces and mounts")]


@dataclass
class Done:
    """What networkd said, and what the kernel has then: addresses by interface, routes of both families."""

    log: str
    links: dict[str, Any]
    routes: list[dict[str, Any]]

    @property
    def complaints(self) -> list[str]:
        """What it has to say of a file, which begins with the file's name (and line)."""
        return [line for line in self.log.splitlines() if line.startswith("/etc/systemd/network/")]


@pytest.fixture(scope="module")
def root() -> Path:
    """The Debian 13 that tests/package installs on; whoever comes first builds it."""
    return roots.root("site", roots.site_packages())


def cards(files: Path) -> dict[str, str]:
    """Name and MAC of each card of a case."""
    texts = {path.stem.removeprefix("10-oci-"): path.read_text() for path in files.glob("10-oci-*.network")}
    return {name: text.split("PermanentMACAddress=")[1].split("\n")[0] for name, text in texts.items()}


def wanted(files: Path) -> list[str]:
    """`INTERFACE ADDRESS` of all that the case promises."""
    return [
        f"{path.stem.split('-oci-')[1]} {address}"
        for path in sorted(files.glob("*.network"))
        for address in re.findall(r"^Address=(.*)$", path.read_text(), re.MULTILINE)
    ]


def ran(root: Path, files: Path, place: Path, told: list[str]) -> Done:
    mine, log, lines = place / "files", place / "log", place / "wanted"
    shutil.copytree(files, mine)
    for path in mine.iterdir():
        text = path.read_text().replace("PermanentMACAddress=", "MACAddress=").replace("Kind=!*\n", "")
        path.write_text(text)
    lines.write_text("".join(f"{line}\n" for line in told))
    argv = [
        str(HERE / "networkd-alone"),
        *map(str, (root, mine, log, lines)),
        *(f"{n}={m}" for n, m in cards(files).items()),
    ]
    done = subprocess.run(argv, capture_output=True, text=True, timeout=150, check=False)
    said = log.read_text() if log.exists() else ""
    assert done.stdout.count("\n") >= 3, f"{done.stderr}\n{said}"
    links, four, six = (json.loads(line) for line in done.stdout.splitlines()[:3])
    return Done(said, {link["ifname"]: link for link in links if link}, [*four, *six])


def can_make(kind: str) -> bool:
    """Whether the kernel has this kind of interface."""
    words = {
        "vlan": "link lo name oci-try type vlan id 5",
        "bond": "name oci-try type bond",
        "bridge": "name oci-try type bridge",
    }
    argv = ["unshare", "--net", "ip", "link", "add", *words[kind].split()]
    return subprocess.run(argv, capture_output=True, timeout=30, check=False).returncode == 0


@pytest.mark.parametrize("case", CASES)
def test_every_line_is_taken_and_what_it_says_is_there(root: Path, case: str, tmp_path: Path) -> None:
    kinds = {text.split("Kind=")[1].split("\n")[0] for p in (GOLDEN / case).glob("*.netdev") if (text := p.read_text())}
    able = all(can_make(kind) for kind in sorted(kinds))
    promised = wanted(GOLDEN / case) if able else []
    done = ran(root, GOLDEN / case, tmp_path, promised)
    assert done.complaints == []
    for line in promised:
        name, address = line.split()
        have = [f"{info['local']}/{info['prefixlen']}" for info in done.links[name]["addr_info"]]
        assert address in have, done.log
    if able:
        _as_written(GOLDEN / case, done)


def _as_written(files: Path, done: Done) -> None:
    gateways = {route["gateway"] for route in done.routes if route["dst"] == "default"}
    for path in files.glob("*.network"):
        text = path.read_text()
        for mtu in re.findall(r"\[Link\]\nMTUBytes=(\d+)", text):
            assert done.links[path.stem.split("-oci-")[1]]["mtu"] == int(mtu)
        for section in text.split("[Route]")[1:]:
            if "Destination=" not in section:
                assert re.findall(r"Gateway=(\S+)", section)[0] in gateways


def test_a_line_that_networkd_does_not_know_is_seen_by_this_test(root: Path, tmp_path: Path) -> None:
    files = tmp_path / "wrong"
    shutil.copytree(GOLDEN / "one-card", files)
    network = files / "10-oci-ens1.network"
    network.write_text(network.read_text().replace("[Network]\n", "[Network]\nNoSuchKey=1\n"))
    assert any("NoSuchKey" in line for line in ran(root, files, tmp_path, []).complaints)
