"""What carries a deployment is killed once each on the way: it ends the same, and no secret is made twice."""

from __future__ import annotations

import json
import os
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator

import pytest

from lab.clouds.__main__ import tell
from lab.clouds.cloud import Cloud
from lab.clouds.stopwatch import Stopwatch
from lab.ground.process import wait_until
from lab.ground.site import unique_name
from lab.vms.showing import say

pytestmark = [pytest.mark.lab, pytest.mark.long]
STAGE_SECONDS = 3600
# What Puppet has made on the controller when each is killed: early, in the middle, and late in its run.
DATABASE, IDENTITY, COMPUTING = "var/lib/mysql/mysql", "etc/keystone/fernet-keys/0", "var/lib/mysql/nova_api"
# On the compute, in the middle.
SWITCH = "etc/openvswitch/conf.db"


class Kills(threading.Thread):
    """Kills worker, Puppet server, controller and compute of `cloud`, each when its deployment has come to a stage."""

    def __init__(self, cloud: Cloud) -> None:
        super().__init__(daemon=True)
        self.cloud, self.done, self.failed = cloud, [], None  # type: ignore[var-annotated]

    def run(self) -> None:
        """Do them all; an error is kept for `end`."""
        try:
            self._at("controller1", DATABASE, "worker", self._worker)
            self._at("controller1", IDENTITY, "Puppet server", self._puppet)
            self._at("controller1", COMPUTING, "controller", lambda: self.cloud.containers["controller1"].reset())
            self._at("compute1", SWITCH, "compute", lambda: self.cloud.containers["compute1"].reset())
        except BaseException as failed:
            self.failed = failed

    def end(self) -> None:
        """Wait for the last of them. Raises what went wrong."""
        self.join(60)
        if self.failed:
            raise self.failed
        assert not self.is_alive(), f"only {self.done} were killed"

    def _at(self, name: str, path: str, what: str, kill: Callable[[], object]) -> None:
        def there() -> bool:
            machine = self.cloud.containers.get(name)
            return bool(machine) and machine.run("test", "-e", f"/{path}", check=False).returncode == 0

        wait_until(f"{path} of {name}", there, STAGE_SECONDS, every=1)
        kill()
        self.done.append(what)
        self.cloud.say(f"killed: {what}, when {name} had /{path}")

    def _worker(self) -> None:
        self.cloud.appliance.processes["worker"].kill()
        time.sleep(5)
        self.cloud.appliance.restart("worker")

    def _puppet(self) -> None:
        self.cloud.puppet.process.kill()
        time.sleep(5)
        self.cloud.puppet.start()


@pytest.fixture(scope="module")
def cloud() -> Iterator[Cloud]:
    if os.geteuid() != 0:
        pytest.fail("the lab needs root: it makes network namespaces and mounts")
    made = Cloud(unique_name("ck"), say=say)
    kills = made.kills = Kills(made)  # type: ignore[attr-defined]
    kills.start()
    try:
        tell(made, Stopwatch(made.lab, made.cpu_seconds, made.say))
        yield made
    finally:
        made.down()


def test_each_was_killed_and_the_cloud_is_deployed_and_checked(cloud: Cloud) -> None:
    cloud.kills.end()  # type: ignore[attr-defined]
    assert cloud.kills.done == ["worker", "Puppet server", "controller", "compute"]  # type: ignore[attr-defined]
    for machine in cloud.containers.values():
        assert machine.run("/usr/lib/oci/oci-check", check=False).returncode == 0, machine.name
        assert machine.run("systemctl", "--failed", "--no-legend", "--plain").stdout == "", machine.name


def test_no_secret_and_no_certificate_was_made_twice(cloud: Cloud) -> None:
    made: Counter[str] = Counter()
    last = 0
    while page := json.loads(cloud.get(f"/v1/events?limit=1000&after={last}"))["events"]:
        made.update(one["text"] for one in page if one["kind"] in ("secret.made", "certificate.made"))
        last = max(one["id"] for one in page)
    assert len(made) > 20 and {text: times for text, times in made.items() if times > 1} == {}
