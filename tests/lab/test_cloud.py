"""A cloud in containers, from nothing to a server of a user's that answers, driven by the real client; told once."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import spilt

from lab.clouds.__main__ import tell
from lab.clouds.cloud import FRONT, Cloud
from lab.clouds.stopwatch import Stopwatch
from lab.clouds.user import User
from lab.containers.machine import ContainerMachine
from lab.ground.process import run
from lab.ground.site import unique_name
from lab.ground.wires.net import namespaces
from lab.vms.showing import say
from oci.config import Config
from oci.domain.cloud.guest import read
from oci.domain.cluster.flavors import flavors

NAME = unique_name("cl")
SERVER = "vm1"
EXTERNAL_UNUSED = "10.79.30.250"
ANOTHER_RUN = 21
"""Status of oci-puppet when a run is in progress already."""


@pytest.fixture(scope="module")
def cloud(request: pytest.FixtureRequest) -> Iterator[Cloud]:
    """A cloud that was deployed and checked. What its steps cost is printed at the end."""
    if os.geteuid() != 0:
        pytest.fail("the lab needs root: it makes network namespaces and mounts")
    made = Cloud(NAME, say=say)
    watch = Stopwatch(made.lab, made.cpu_seconds, made.say)
    lines = made.lines = spilt.CommandLines()  # type: ignore[attr-defined]
    lines.start()
    try:
        tell(made, watch)
        yield made
    finally:
        lines.end()
        told = request.config.pluginmanager.get_plugin("terminalreporter")
        for one in watch.splits if told else ():
            told.write_line(f"cloud: {one.step}: {one.seconds:.0f} s by the clock, {one.cpu_seconds:.0f} CPU s")
        made.down()
    assert not [name for name in namespaces() if NAME in name]
    assert NAME not in Path("/proc/self/mounts").read_text() + run(["ps", "-eo", "args"]).stdout
    assert not list(Path("/sys/fs/cgroup").rglob(f"*{NAME}*"))


@pytest.fixture(scope="module")
def user(cloud: Cloud) -> User:
    """Somebody with the client, for whom there are an image, a flavor and networks."""
    somebody = User(cloud).up()
    somebody.settle()
    return somebody


@pytest.fixture(scope="module")
def server(user: User) -> dict[str, Any]:
    return user.boot(SERVER)


def test_every_check_of_every_machine_is_well(cloud: Cloud) -> None:
    for name, machine in cloud.containers.items():
        assert machine.run("/usr/lib/oci/oci-check", check=False).returncode == 0, name


def test_no_service_of_a_machine_has_failed(cloud: Cloud) -> None:
    for machine in cloud.containers.values():
        assert machine.run("systemctl", "--failed", "--no-legend", "--plain").stdout == ""


def puppet_runs(machine: ContainerMachine) -> str:
    """What came of one more run; one that the timer began ends first."""
    end = time.monotonic() + 3600
    while machine.run("setsid", "-w", "/usr/lib/oci/oci-puppet", timeout=3600, check=False).returncode == ANOTHER_RUN:
        assert time.monotonic() < end, f"another run of Puppet on {machine.name} did not end"
        time.sleep(5)
    return machine.read("run/oci/puppet.outcome")


def test_another_run_of_puppet_changes_nothing(cloud: Cloud) -> None:
    for machine in cloud.containers.values():
        outcome = puppet_runs(machine)
        assert outcome == "Puppet has converged: nothing to change\n", machine.read("run/oci/puppet.log")


def test_a_user_finds_the_flavors_that_are_declared(user: User) -> None:
    listed = {(each["Name"], each["VCPUs"], each["RAM"], each["Disk"]) for each in user.openstack("flavor", "list")}
    declared = flavors(Config().flavors)
    assert declared and {(each.name, each.vcpus, each.memory_mib, each.disk_gib) for each in declared} <= listed


def test_a_server_of_a_user_is_active(server: dict[str, Any]) -> None:
    assert server["status"] == "ACTIVE"


def test_it_tells_on_its_console_the_address_that_ovn_gave_it(user: User, server: dict[str, Any]) -> None:
    lease = user.until("the guest's address", lambda: read(user.console(SERVER)).lease)
    assert lease in str(server["addresses"])


def test_it_knows_by_metadata_who_it_is(user: User, server: dict[str, Any]) -> None:
    assert user.until("the guest's metadata", lambda: read(user.console(SERVER)).instance) == server["id"]


def test_it_answers_at_a_floating_address_from_outside(user: User, server: dict[str, Any]) -> None:
    address = user.float(SERVER)
    assert not user.echoes(EXTERNAL_UNUSED)
    user.until("the guest to answer a ping", lambda: user.echoes(address))


def test_its_console_has_an_address_at_the_front(user: User, server: dict[str, Any]) -> None:
    url = user.openstack("console", "url", "show", SERVER)["url"]
    assert url.startswith("https://api.lab.test")
    words = ["curl", "-sS", "-o", "/dev/null", "-w", "%{http_code}", "--cacert", "/root/.config/openstack/ca.pem", url]
    assert user.machine.run(*words).stdout == "200"


def test_the_dashboard_is_where_a_browser_looks_first(user: User, cloud: Cloud) -> None:
    words = ["curl", "-sSL", "--cacert", "/root/.config/openstack/ca.pem", "--resolve", f"api.lab.test:443:{FRONT}"]
    assert "csrfmiddlewaretoken" in user.machine.run(*words, "https://api.lab.test/").stdout


def test_a_scheduler_that_dies_is_told_by_its_check(cloud: Cloud) -> None:
    controller = cloud.containers["controller1"]
    controller.run("systemctl", "stop", "nova-scheduler")
    try:
        told = controller.run("/etc/oci/checks.d/nova.services", check=False)
        assert (told.returncode, told.stdout.split(";")[0]) == (1, "the service nova-scheduler is inactive")
    finally:
        controller.run("systemctl", "start", "nova-scheduler")


def test_no_secret_of_the_cloud_is_in_a_log_event_page_process_list_or_report(cloud: Cloud) -> None:
    secrets = spilt.secrets_of(cloud)
    made = {name.partition(" ")[0] for name in secrets}
    assert made == {"secret", "key"} and len(secrets) > 20 and all(len(value) > 20 for value in secrets.values())
    # It is these that machines use, and that they are seen where they are.
    nova = cloud.containers["controller1"].read("etc/nova/nova.conf").encode()
    assert [name for name, value in secrets.items() if value in nova]
    looked = {"process lists": cloud.lines.end()}  # type: ignore[attr-defined]
    assert b"mariadbd" in looked["process lists"] and b"oci-puppet" in looked["process lists"]
    looked |= dict(spilt.places(cloud))
    found = [
        f"{name} in {place}" for place, content in looked.items() for name, value in secrets.items() if value in content
    ]
    assert found == []
    assert len(looked) > 40, sorted(looked)


def test_with_the_appliance_off_a_compute_that_lost_its_power_boots_its_guest_again(
    cloud: Cloud, user: User, server: dict[str, Any]
) -> None:
    address = user.float(SERVER)
    for process in cloud.appliance.processes.values():
        process.stop()
    cloud.puppet.stop()
    try:
        cloud.containers["compute1"].reset()
        cloud.containers["compute1"].wait_up()
        runs = ("pgrep", "-f", "qemu-system")
        # All processes of the machine have ended: whatever runs was begun after that.
        user.until("Nova to boot the server", lambda: cloud.containers["compute1"].run(*runs, check=False).stdout)
        user.until("the guest to answer a ping", lambda: user.echoes(address))
        assert user.state(SERVER) == "ACTIVE"
    finally:
        for process in cloud.appliance.processes.values():
            process.start()


def test_it_is_deleted(user: User, server: dict[str, Any]) -> None:
    user.delete(SERVER)
