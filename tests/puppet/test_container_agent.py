"""A container machine of the lab under the real Puppet server: from its challenge to a run that changes nothing."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml
from oci_stub import Stub
from puppet_site import DOMAIN, FQDN, MODULES, classification
from test_puppetserver import certificate

from lab.containers.layers import layers, plugins
from lab.containers.machine import ContainerMachine
from lab.containers.puppetserver import Puppetserver
from lab.ground.cached.mirror import offer_mirror
from lab.ground.checkout import CHECKOUT
from lab.ground.services import timeserver
from lab.ground.site import Lab, unique_name

pytestmark = [pytest.mark.real, pytest.mark.long]
CONF = f"[main]\nserver = {FQDN}\ncertname = {{name}}\nkey_type = ec\n[agent]\nreport = true\n"


@pytest.fixture
def lab(puppet_root: Path) -> Iterator[tuple[Lab, Stub]]:
    """A lab with a mirror, a time server and a Puppet server, and the stub of OCI behind it."""
    with Lab(unique_name("agent")).running() as lab:
        socket, environment = lab.run_dir / "oci/puppet.sock", CHECKOUT / "puppet"
        stub = Stub(socket)
        net = lab.net
        server = Puppetserver(puppet_root, lab.run_dir, net.namespace, FQDN, net.address, environment, socket, MODULES)
        try:
            offer_mirror(net.namespace, net.address, lab.run_dir)
            timeserver(net, lab.run_dir).start()
            server.start().wait_ready(300)
            yield lab, stub
        finally:
            server.stop()
            stub.close()


def test_a_container_converges_by_its_challenge_and_a_second_run_changes_nothing(
    lab: tuple[Lab, Stub], puppet_root: Path
) -> None:
    site, stub = lab
    name = f"volume1.{DOMAIN}"
    below = layers("base")
    theirs = puppet_root / "usr/share/puppet/modules"
    synced = plugins(below[0], (CHECKOUT / "puppet/site", MODULES, theirs), root=puppet_root)
    machine = ContainerMachine(
        "volume1",
        site.name,
        "52:54:00:c2:00:01",
        domain=DOMAIN,
        addresses=(("eth0", "10.77.2.1/21"),),
        roots=(*map(str, below), str(synced)),
    ).save()
    machine.write("etc/puppet/puppet.conf", CONF.format(name=name))
    machine.write("etc/hosts", f"127.0.0.1 localhost\n{site.net.address} {FQDN}\n")
    attributes = {"custom_attributes": {"1.2.840.113549.1.9.7": "right word"}}
    machine.write("etc/puppet/csr_attributes.yaml", yaml.safe_dump(attributes), 0o600)
    stub.classes[name] = classification("volume", certificate(site.run_dir))
    stub.challenges[name] = "right word"
    # As an adoption brings it.
    machine.write("usr/lib/oci/oci-puppet", (CHECKOUT / "discovery/firstboot/oci-puppet").read_text(), 0o755)
    machine.start()
    machine.wait_up()
    for outcome in ("changed", "nothing to change"):
        machine.run("/usr/lib/oci/oci-puppet", timeout=600)
        said = machine.read("run/oci/puppet.log")
        assert machine.read("run/oci/puppet.outcome").endswith(f"{outcome}\n"), said
        # What agents fetch file by file was there already.
        assert "/File[/var/cache/puppet/lib" not in said, said
    assert machine.run("systemctl", "is-active", "chrony").stdout == "active\n"
