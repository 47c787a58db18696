"""Two container machines of the lab: what reaches what, what is kept, what they take, and that nothing is left of them."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Iterator
from ipaddress import IPv4Interface
from pathlib import Path

import pytest

from lab.containers.machine import ContainerMachine, machines
from lab.ground.cached.mirror import SUITE, offer_mirror
from lab.ground.machine import Card, Machine
from lab.ground.process import LabError, run
from lab.ground.site import Lab, unique_name
from lab.ground.wires.net import namespaces
from lab.ground.wires.switch import Network, Port

STORAGE, OTHER, BARE = 20, 30, 40
MEMORY_MIB = 300
LAB = unique_name("ct")


@pytest.fixture(scope="module")
def pair() -> Iterator[tuple[ContainerMachine, ContainerMachine]]:
    """Two machines that are on. The first has the storage network tagged on its one card, the second has a card in it."""
    if os.geteuid() != 0:
        pytest.fail("the lab needs root: it makes network namespaces and mounts")
    lab = Lab(LAB, (Network(STORAGE), Network(OTHER, IPv4Interface("10.79.30.1/24"))))
    with lab.running():
        url = offer_mirror(lab.net.namespace, lab.net.address, lab.run_dir)
        one = ContainerMachine(
            "one",
            lab.name,
            "52:54:00:c1:00:01",
            port=Port(tagged=(STORAGE, OTHER)),
            addresses=(("eth0", "10.77.2.1/21"), (f"eth0.{STORAGE}", "10.79.20.1/24"), (f"eth0.{OTHER}", "10.79.30.2/24")),
            drives=(1,),
            memory_mib=MEMORY_MIB,
        ).save()
        two = ContainerMachine(
            "two",
            lab.name,
            "52:54:00:c1:00:02",
            more_cards=(Card("52:54:00:c1:00:03", Port(STORAGE)), Card("52:54:00:c1:00:04", Port(BARE, (STORAGE,)))),
            trunks=(3,),
            addresses=(("eth0", "10.77.2.2/21"), ("eth1", "10.79.20.2/24")),
        ).save()
        one.write("etc/apt/sources.list.d/lab.list", f"deb {url} {SUITE} main\n")
        for machine in (one, two):
            machine.start()
        for machine in (one, two):
            machine.wait_up()
        yield one, two
    _nothing_is_left()


def _nothing_is_left() -> None:
    """The last check, when the lab is down: called with everything that a lab may leave on its host."""
    assert not [name for name in namespaces() if LAB in name]
    assert LAB not in Path("/proc/self/mounts").read_text() and LAB not in run(["losetup", "--list"]).stdout
    assert not list(Path("/sys/fs/cgroup").rglob(f"*{LAB}*"))
    assert LAB not in run(["ps", "-eo", "args"]).stdout


def echoes(machine: ContainerMachine, address: str) -> bool:
    return machine.run("ping", "-q", "-c", "1", "-W", "5", address, check=False).returncode == 0


def test_systemd_is_up_and_no_service_failed(pair: tuple[ContainerMachine, ContainerMachine]) -> None:
    for machine in pair:
        assert machine.run("systemctl", "--failed", "--no-legend", "--plain").stdout == ""
        assert machine.run("hostname", "-f").stdout == f"{machine.fqdn}\n"


def test_every_machine_has_keys_and_a_number_of_its_own(pair: tuple[ContainerMachine, ContainerMachine]) -> None:
    for name in ("etc/machine-id", "etc/ssh/ssh_host_ed25519_key.pub", "etc/hostname"):
        one, two = (machine.read(name) for machine in pair)
        assert one and two and one != two, name


def test_they_reach_each_other_untagged_and_by_a_tag_and_not_otherwise(
    pair: tuple[ContainerMachine, ContainerMachine],
) -> None:
    one, two = pair
    assert echoes(one, "10.77.2.2")
    assert echoes(one, "10.79.20.2") and echoes(two, "10.79.20.1")
    assert echoes(one, "10.79.30.1")
    two.run("ip", "address", "add", "10.79.30.3/24", "dev", "eth1")
    assert one.run("ping", "-q", "-c", "1", "-W", "1", "10.79.30.3", check=False).returncode == 1


def test_a_trunk_gives_a_switch_inside_the_frames_with_their_tags(
    pair: tuple[ContainerMachine, ContainerMachine],
) -> None:
    one, two = pair
    watch = two.command("timeout", "60", "tcpdump", "-nn", "-e", "-c", "1", "-i", "eth2", "vlan", str(STORAGE))
    with subprocess.Popen(watch, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as seen:
        assert seen.stderr and "listening" in seen.stderr.readline() + seen.stderr.readline()
        one.run("ping", "-q", "-c", "3", "-i", "0.3", "-W", "1", "10.79.20.99", check=False)
        assert f"vlan {STORAGE}" in seen.communicate(timeout=120)[0]


def test_packages_come_from_the_labs_mirror(pair: tuple[ContainerMachine, ContainerMachine]) -> None:
    one, _two = pair
    one.run("apt-get", "-q", "update", timeout=300)
    assert "Candidate: 1" in one.run("apt-cache", "policy", "bind9").stdout


def test_settings_of_the_network_are_its_own_and_those_of_the_kernel_are_not_to_be_set(
    pair: tuple[ContainerMachine, ContainerMachine],
) -> None:
    one, two = pair
    before = Path("/proc/sys/net/ipv4/conf/all/promote_secondaries").read_text()
    one.run("ip", "netns", "add", "inner")
    one.run("ip", "netns", "exec", "inner", "sysctl", "-w", "net.ipv4.conf.all.promote_secondaries=1")
    one.run("sysctl", "-w", "net.ipv4.ip_forward=1")
    assert two.run("sysctl", "-n", "net.ipv4.ip_forward").stdout == "0\n"
    assert Path("/proc/sys/net/ipv4/conf/all/promote_secondaries").read_text() == before
    with pytest.raises(LabError, match="permission denied"):
        one.run("sysctl", "-w", "kernel.domainname=other")


def test_no_process_of_it_may_set_the_hosts_clock_or_restart_it(pair: tuple[ContainerMachine, ContainerMachine]) -> None:
    """Looked up, and never tried: where it is not so, trying would set the clock of everything that runs here."""
    for path in ("proc/1/status", "proc/self/status"):
        for kind in ("CapBnd", "CapPrm", "CapEff"):
            said = pair[0].run("sed", "-n", f"s/^{kind}:\\s*//p", f"/{path}").stdout
            held = int(said, 16)
            # include/uapi/linux/capability.h: CAP_SYS_MODULE, CAP_SYS_ADMIN, CAP_SYS_BOOT, CAP_SYS_TIME
            assert [bool(held >> bit & 1) for bit in (16, 21, 22, 25)] == [False, True, False, False], (path, kind, said)


def test_a_disk_keeps_its_name_and_is_gone_from_the_host_with_the_machine(
    pair: tuple[ContainerMachine, ContainerMachine],
) -> None:
    one, _two = pair
    one.run("sh", "-c", "printf kept | dd of=/dev/vdb conv=fsync status=none")
    one.reset()
    one.wait_up()
    assert one.run("head", "-c", "4", "/dev/vdb").stdout == "kept"
    assert one.disks[0].path.stat().st_size == one.disks[0].bytes == 1 << 30


def test_after_a_power_cut_and_after_a_clean_stop_the_files_are_there(
    pair: tuple[ContainerMachine, ContainerMachine],
) -> None:
    one, two = pair
    two.run("sh", "-c", "echo first >/root/kept; sleep 600 >/dev/null 2>&1 &")
    two.kill()
    assert not two.running() and not two.group.pids()
    assert not echoes(one, "10.79.20.2")
    assert "Stopping" not in two.journal(3)
    two.start()
    two.wait_up()
    assert two.read("root/kept") == "first\n" and echoes(one, "10.79.20.2")
    two.soft_off()
    two.wait_off()
    assert not two.running() and "Shutting down" in two.journal(10)
    two.write("etc/motd", "written while it was off\n")
    two.start()
    two.wait_up()
    assert two.read("root/kept") == "first\n" and two.run("cat", "/etc/motd").stdout == "written while it was off\n"


def test_what_it_takes_is_told(pair: tuple[ContainerMachine, ContainerMachine]) -> None:
    one, two = pair
    before = one.usage()
    one.run("sh", "-c", "i=0; while [ $i -lt 400000 ]; do i=$((i+1)); done")
    after = one.usage()
    assert 1 << 20 < after.processes < 1 << 30 and before.cpu_seconds + 0.1 < after.cpu_seconds
    assert two.usage().cpu_seconds > 0


def test_it_sees_and_has_the_memory_that_it_was_given(pair: tuple[ContainerMachine, ContainerMachine]) -> None:
    one, _two = pair
    assert re.search(rf"MemTotal: +{MEMORY_MIB << 10} kB", one.run("cat", "/proc/meminfo").stdout)
    greedy = one.run("sh", "-c", f"head -c {MEMORY_MIB << 20} /dev/zero | sort >/dev/null; echo $?", check=False)
    assert greedy.stdout != "0\n" and one.running(), greedy


def test_it_is_found_again_by_what_is_written_down(pair: tuple[ContainerMachine, ContainerMachine]) -> None:
    one: Machine = pair[0]
    assert machines(Lab(LAB)) == list(pair) and machines(Lab(LAB))[0].running()
    assert one.boot_device() == "disk"
    with pytest.raises(LabError, match="cannot boot 'pxe'"):
        one.boot_device("pxe")
    with pytest.raises(LabError, match="there is no layer 'tape'"):
        ContainerMachine("three", LAB, "52:54:00:c1:00:09", layer="tape").save()
