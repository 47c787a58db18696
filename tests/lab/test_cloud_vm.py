"""A controller that is a virtual machine: from its power button by the network, an image of its role and Puppet to a token.

Emulated, it takes an hour or more, and every step says how long it took. What stands still is ended by the product itself,
by its own deadlines: those of this test are only there for what the product does not see.
"""

from __future__ import annotations

import json
import os
import re
import shlex
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from lab.clouds.cloud import CLUSTER, FRONT, QUICK, Member, document
from lab.clouds.stopwatch import Stopwatch
from lab.ground.appliance import KERNEL_ARGS
from lab.ground.process import LabError, run
from lab.ground.site import unique_name
from lab.ground.wires.net import namespaces
from lab.vms.emulated.accel import KERNEL_WITHOUT_CX16
from lab.vms.images import of_role
from lab.vms.plan import Plan
from lab.vms.story import Story

pytestmark = pytest.mark.long

ROLE = "controller"
DISK = {"disk_gb": 20}
PLAN = Plan("controller1", "52:54:00:c2:00:01", "uefi", ROLE, "10.78.0.21", memory_mib=3584, hardware=DISK, cx16=True)
MEMBER = Member(PLAN.name, ROLE, "", PLAN.mac, "10.77.2.11")
NAME = unique_name("cv")
DISCOVER_SECONDS, DEPLOY_SECONDS = 3 * 3600.0, 8 * 3600.0

# Run beside the machine, in the lab's network, with the appliance as the server of names: prints what a token says.
WITH_NAMES = 'mount --bind "$0" /etc/resolv.conf && exec "$@"'
TOKEN = """\
import json, sys
from keystoneauth1 import loading, session
import yaml
cloud = yaml.safe_load(open("clouds.yaml"))["clouds"][sys.argv[1]]
auth = loading.get_plugin_loader("v3password").load_from_options(**cloud["auth"])
verify = cloud["cacert"] if sys.argv[2] == "its own CA" else True
access = auth.get_access(session.Session(auth, verify=verify, timeout=600))
print(json.dumps({
    "url": cloud["auth"]["auth_url"], "user": access.username, "project": access.project_name, "roles": access.role_names,
    "token": len(access.auth_token), "services": sorted({one["type"] for one in access.service_catalog.catalog}),
}))
"""


class Machine:
    """The installed controller, as somebody with a key sees it."""

    def __init__(self, story: Story, key: Path) -> None:
        self.story, self.key = story, key

    def says(self, *words: str) -> str:
        """What a program on it prints. Raises LabError."""
        options = ("StrictHostKeyChecking=no", "UserKnownHostsFile=/dev/null", "LogLevel=ERROR", "ConnectTimeout=60")
        argv = ["ssh", "-i", str(self.key), *(word for option in options for word in ("-o", option))]
        argv += [f"root@{MEMBER.address}", shlex.join(words)]
        return run(self.story.lab.net.command(argv)).stdout


@pytest.fixture(scope="module")
def key() -> Iterator[Path]:
    """Kept outside of pytest's own folders, which other runs clear up while this one goes on for hours."""
    with tempfile.TemporaryDirectory(prefix="oci-key-") as folder:
        run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", f"{folder}/key"])
        yield Path(folder, "key")


def deploy(story: Story) -> dict[str, Any]:
    """Bring the cluster up as an operator does, and say meanwhile what the machine is at. Raises LabError, TimeoutError."""
    ended: list[Any] = []

    def order() -> None:
        try:
            words = ("cluster", "deploy", CLUSTER, "--yes", "--wait", "--timeout", str(DEPLOY_SECONDS))
            ended.append(story.ocicli(*words, timeout=DEPLOY_SECONDS + 600))
        except Exception as error:
            ended.append(error)

    operator = threading.Thread(target=order, daemon=True)
    operator.start()
    story.follow(PLAN, deadline=DEPLOY_SECONDS)
    operator.join()
    if isinstance(ended[0], Exception):
        raise ended[0]
    answer: dict[str, Any] = ended[0]
    return answer


def tell(story: Story, watch: Stopwatch, key: Path) -> dict[str, Any]:
    """From nothing to a cluster that is deployed; how its deployment ended."""
    with watch.step("appliance and Puppet server"):
        keys = [key.with_suffix(".pub").read_text().strip()]
        arguments = f"{KERNEL_ARGS} {KERNEL_WITHOUT_CX16}"
        story.up(settings={**QUICK, "ssh_authorized_keys": keys, "kernel_args": arguments})
        story.puppet_ready()
    with watch.step("power button to report"):
        story.add(PLAN)
        story.discover(PLAN, DISCOVER_SECONDS)
    with watch.step("deployment: install, first boot, Puppet and checks"):
        file = story.lab.run_dir / "cloud.yaml"
        file.write_text(document([MEMBER]))
        story.ocicli("cluster", "apply", "--file", str(file))
        ended = deploy(story)
    story.ocicli("cluster", "credentials", CLUSTER, "--directory", str(story.lab.run_dir / "credentials"))
    return ended


@pytest.fixture(scope="module")
def cloud(request: pytest.FixtureRequest, key: Path) -> Iterator[Story]:
    """A cluster of one controller, deployed. What the steps cost is printed at the end, whether or not a test failed."""
    if os.geteuid() != 0:
        pytest.fail("the lab needs root: it makes network namespaces and mounts")
    say = lambda text: print(f"[{time.strftime('%H:%M:%S')}] {text}", flush=True)  # noqa: E731
    story = Story(NAME, say, kinds=("live", "root", of_role(ROLE)))
    # The emulator runs in the lab's network, so that it is counted there.
    watch = Stopwatch(story.lab, lambda: 0.0, say)
    try:
        story.deployment = tell(story, watch, key)  # type: ignore[attr-defined]
        story.watch = watch  # type: ignore[attr-defined]
        yield story
    finally:
        told = request.config.pluginmanager.get_plugin("terminalreporter")
        for one in watch.splits if told else ():
            told.write_line(f"virtual cloud: {one.step}: {one.seconds:.0f} s by the clock, {one.cpu_seconds:.0f} CPU s")
        for what, seconds in story.cpu.get(PLAN.name, {}).items() if told else ():
            told.write_line(f"virtual cloud: of it, {what}: {seconds:.0f} CPU s of the emulated machine")
        story.down()
    assert not [name for name in namespaces() if NAME in name]
    assert NAME not in Path("/proc/self/mounts").read_text() + run(["ps", "-eo", "args"]).stdout


@pytest.fixture(scope="module")
def machine(cloud: Story, key: Path) -> Machine:
    return Machine(cloud, key)


def test_the_deployment_is_done_and_the_machine_active(cloud: Story) -> None:
    now = cloud.show(PLAN.mac)
    assert (cloud.deployment["state"], now["state"], now["role"]) == ("done", "active", ROLE)  # type: ignore[attr-defined]
    assert now["convergence"] in ("ok", "changed")


def test_it_was_installed_from_the_image_of_its_role(cloud: Story) -> None:
    served = (cloud.lab.run_dir / "nginx-machines/access.log").read_text()
    assert f"/images/{of_role(ROLE)}.tar.zst" in served and "/images/root.tar.zst" not in served


def test_the_image_is_the_one_that_would_be_built_now(cloud: Story) -> None:
    """With what the appliance knows of roles and Puppet modules: else it would be called outdated."""
    told = json.loads(cloud.get("/v1/health"))
    assert not [check for check in told["checks"] if "image" in check["name"] and check["state"] != "ok"]


def test_one_run_of_puppet_made_it_and_installed_nothing(cloud: Story, machine: Machine) -> None:
    """Logs of packages are not in the image: what is in them was done on the machine."""
    named = ("(", "-name", "dpkg.log*", "-o", "-path", "/var/log/apt/*", ")")
    logs = machine.says("find", "/var/log", *named, "-size", "+0", "-print", "-exec", "cat", "{}", "+")
    assert logs == ""
    assert "ii" in machine.says("dpkg-query", "--show", "--showformat", "${db:Status-Abbrev}", "keystone")
    said = machine.says("journalctl", "--no-pager", "--unit", "oci-firstboot")
    assert "Applied catalog" in said
    assert not re.findall(r"File\[/var/cache/puppet/(?:lib|facts\.d)/.*", said), "the plugins were there as they should be"
    kinds = [line["kind"] for line in cloud.timeline(PLAN)]
    assert kinds.count("puppet.challenge") == 1, "a first run that fails is begun anew with another challenge"


def test_no_service_of_it_has_failed(machine: Machine) -> None:
    assert machine.says("systemctl", "--failed", "--no-legend", "--plain") == ""


def token(cloud: Story, trust: str) -> dict[str, Any]:
    """What a token says that was got by the files of `ocicli cluster credentials`. Raises LabError."""
    names = cloud.lab.run_dir / "resolv.conf"
    names.write_text(f"nameserver {cloud.lab.net.address}\n")
    folder = cloud.lab.run_dir / "credentials"
    program = [sys.executable, "-W", "ignore", "-c", TOKEN, CLUSTER, trust]
    words = ["unshare", "--mount", "sh", "-c", WITH_NAMES, str(names), "env", "-C", str(folder), *program]
    told: dict[str, Any] = json.loads(run(cloud.lab.net.command(words), timeout=1800).stdout)
    return told


def test_a_token_is_got_through_the_virtual_address_by_tls(cloud: Story, machine: Machine) -> None:
    watch: Stopwatch = cloud.watch  # type: ignore[attr-defined]
    with watch.step("token"):
        told = token(cloud, "its own CA")
    cloud.say(f"token: {told}")
    assert told["url"].startswith("https://api.lab.test") and told["token"] > 100
    assert (told["user"], told["project"]) == ("admin", "admin") and "admin" in told["roles"]
    assert {"identity", "image", "placement", "compute", "network"} <= set(told["services"])
    held = [one["local"] for link in json.loads(machine.says("ip", "-j", "addr")) for one in link["addr_info"]]
    assert FRONT in held


def test_who_does_not_trust_its_ca_gets_none(cloud: Story) -> None:
    with pytest.raises(LabError, match="CERTIFICATE_VERIFY_FAILED"):
        token(cloud, "everybody's")
