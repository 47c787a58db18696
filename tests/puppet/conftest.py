"""A real Puppet server in a network namespace, with OCI played by a stub."""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator
from pathlib import Path

import pytest
from oci_stub import Stub
from puppet_site import ADDRESS, FQDN, MODULES, Place

from lab.containers.puppetroot import build
from lab.containers.puppetserver import Puppetserver
from lab.ground.cached.mirror import cache_dir, start_mirror
from lab.ground.checkout import CHECKOUT
from lab.ground.process import Process, run
from lab.ground.services import nginx, timeserver
from lab.ground.wires.net import Net


@pytest.fixture(scope="session")
def puppet_root() -> Path:
    """The cached Debian root with puppetserver and puppet-agent."""
    if os.geteuid():
        pytest.skip("only root can build and enter a Debian root")
    return build()


def _beside(net: Net, directory: Path) -> list[Process]:
    """What an appliance gives its machines beside Puppet: a Debian mirror and the time."""
    mirror = start_mirror(directory, cache_dir())
    servers = f"server {{ listen {ADDRESS}:80; location /debian {{ proxy_pass http://unix:{mirror}; }} }}"
    return [timeserver(net, directory), nginx("mirror-inside", directory, servers, net)]


@pytest.fixture(scope="module")
def place(puppet_root: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    """A Puppet server that serves."""
    directory = tmp_path_factory.mktemp("site")
    netns = f"oci-puppet-{secrets.token_hex(3)}"
    run(["ip", "netns", "add", netns])
    stub = Stub(directory / "oci/puppet.sock")
    environment, socket = CHECKOUT / "puppet", directory / "oci/puppet.sock"
    server = Puppetserver(puppet_root, directory, netns, FQDN, ADDRESS, environment, socket, MODULES)
    try:
        run(["ip", "-n", netns, "link", "set", "lo", "up"])
        run(["ip", "-n", netns, "addr", "add", f"{ADDRESS}/24", "dev", "lo"])
        for process in _beside(Net(netns.removeprefix("oci-")), directory):
            process.start()
        server.start().wait_ready(180)
        yield Place(server, stub, netns, directory)
    finally:
        for record in (directory / "proc").glob("*.json"):
            Process.recorded(record).stop(5)
        server.stop()
        stub.close()
        run(["ip", "netns", "del", netns])
