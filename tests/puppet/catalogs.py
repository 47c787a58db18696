"""Catalogues of whole clusters, compiled as the Puppet server compiles them: one process of Ruby for any number."""

from __future__ import annotations

import ipaddress
import json
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from lab.containers.room import Room
from oci.domain.cluster.fleet import Fleet, Member
from oci.render.puppet.enc import text

COMPILER = Path(__file__).with_name("compiler.rb")
PUPPET = Path(__file__).resolve().parents[2] / "puppet"
PEM = "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n"
WORD = "Sesame4711"


def value(name: str) -> str:
    """A secret with WORD in it, and nothing that is none in a URL or in SQL; the certificates are none."""
    if name == "cluster.ca" or name.endswith(".crt"):
        return PEM
    return f"{WORD}{name.replace('.', 'x').replace('_', 'x')}"


def _card(address: str, cidr: str) -> dict[str, Any]:
    network = ipaddress.ip_network(cidr)
    both = {4: ("bindings", "bindings6"), 6: ("bindings6", "bindings")}[network.version]
    held = [{"address": address, "netmask": str(network.netmask), "network": str(network.network_address)}]
    return {both[0]: held, both[1]: [], "ip": address, "mac": "52:54:00:00:00:01", "mtu": 1500}


def facts(fleet: Fleet, member: Member) -> dict[str, Any]:
    """What a machine with Debian 13 says of itself, as far as the modules ask: a card for each of its addresses."""
    cards = {f"eth{i}": _card(text, fleet.networks[0].cidr) for i, (_its, text) in enumerate(member.addresses)}
    return {
        "os": {
            "name": "Debian",
            "family": "Debian",
            "architecture": "amd64",
            "release": {"full": "13.1", "major": "13", "minor": "1"},
            "distro": {
                "id": "Debian",
                "codename": "trixie",
                "release": {"full": "13.1", "major": "13", "minor": "1"},
            },
            "selinux": {"enabled": False},
        },
        "kernel": "Linux",
        "kernelversion": "6.12.43",
        "kernelrelease": "6.12.43-amd64",
        "processors": {"count": 8, "physicalcount": 1},
        "memory": {"system": {"total_bytes": 34359738368}},
        "networking": {
            "hostname": member.hostname,
            "fqdn": member.fqdn,
            "domain": fleet.domain,
            "ip": member.address(),
            "interfaces": cards,
        },
        "path": "/usr/sbin:/usr/bin:/sbin:/bin",
        "puppetversion": "8.10.0",
        "clientversion": "8.10.0",
        "service_provider": "systemd",
        "systemd": True,
        "is_virtual": False,
        "virtual": "physical",
        "os_service_default": "<SERVICE DEFAULT>",
        "os_workers": 4,
        "root_home": "/root",
        "clientcert": member.fqdn,
    }


class Compiler:
    """The process, in the Puppet server's root `root`, with what it writes in `directory`; it compiles `environment`."""

    def __init__(self, root: Path, directory: Path, environment: Path = PUPPET) -> None:
        room = Room(root, directory, binds=((environment, "/environments/production", False),))
        room.write("compiler.rb", COMPILER.read_text())
        self._words = directory / "words.log"
        self._log = self._words.open("w")
        self._process = subprocess.Popen(
            room.argv(["ruby", "/compiler.rb"]), stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self._log, text=True
        )

    def catalog(self, fleet: Fleet, member: Member, *, show: Sequence[str] = (), trial: bool = True) -> dict[str, Any]:
        """What became of the classification of `member`; resources of the types `show` whole. `trial`: also what an agent
        would make of it before it does anything."""
        order = {
            "node": member.fqdn,
            "facts": facts(fleet, member),
            "enc": text(fleet, member, value),
            "secret": WORD,
            "show": list(show),
            "trial": trial,
        }
        assert self._process.stdin and self._process.stdout
        self._process.stdin.write(json.dumps(order) + "\n")
        self._process.stdin.flush()
        line = self._process.stdout.readline()
        assert line, f"ruby ended with status {self._process.wait(10)}: {self._words.read_text()[-2000:]}"
        answer: dict[str, Any] = json.loads(line)
        return answer

    def close(self) -> None:
        """End the process and wait for it."""
        assert self._process.stdin and self._process.stdout
        self._process.stdin.close()
        self._process.wait(30)
        self._process.stdout.close()
        self._log.close()
