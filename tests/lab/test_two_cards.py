"""A virtual machine with two cards at two kinds of port, and two disks: it boots by the first card."""

from __future__ import annotations

import os
from ipaddress import IPv4Interface

import pytest

from lab.ground.appliance import Appliance
from lab.ground.cached.mirror import cache_dir
from lab.ground.machine import Card
from lab.ground.process import wait_until
from lab.ground.site import unique_name
from lab.ground.wires.switch import Network, Port
from lab.vms.rack import Rack

FIRST, SECOND = "52:54:00:77:02:01", "52:54:00:77:02:02"
STORAGE, OTHER = 20, 30


def test_a_machine_with_two_cards_asks_for_its_boot_script_by_the_first() -> None:
    if os.geteuid() != 0:
        pytest.fail("the lab needs root: it makes network namespaces")
    with Rack(unique_name("cards"), (Network(STORAGE, IPv4Interface("10.79.20.1/24")),)).running() as lab:
        appliance = Appliance(lab.net, lab.run_dir, cache_dir())
        appliance.configure()
        appliance.start()
        trunk = Card(SECOND, Port(STORAGE, (OTHER,)))
        machine = lab.machine("two", mac=FIRST, memory_mib=512, more_cards=(trunk,), drives=((1, 512), (1, 512)))
        machine.start()
        log = lab.run_dir / "nginx-machines/access.log"
        # iPXE says the card that it boots by in the query.
        wait_until("its boot script to be asked for", lambda: "/boot/script?" in log.read_text(), 420, machine.serial_log)
        asked = next(line for line in log.read_text().splitlines() if "/boot/script?" in line)
        assert FIRST in asked.lower().replace("%3a", ":") and SECOND not in asked.lower().replace("%3a", ":")
        assert all(lab.net.switch.has(machine.cable(number)) for number in (1, 2))
        assert [disk.path.stat().st_size for disk in machine.disks] == [1 << 30, 1 << 30]
        machine.kill()
        assert not machine.running()
    assert not lab.net.exists() and not lab.run_dir.exists()
