"""`make cloud`: a cloud of one controller and one compute in containers, for a person. `--stop` ends one that runs."""

from __future__ import annotations

import argparse
import sys

from lab.clouds.cloud import CLUSTER, Cloud
from lab.clouds.stopwatch import Stopwatch
from lab.ground.wires.net import labs_dir
from lab.vms.showing import Showing, say

CLOUD = Showing("cloud")


def tell(cloud: Cloud, watch: Stopwatch, port: int = 0) -> None:
    """From nothing to a cloud that is checked. Raises LabError, TimeoutError."""
    with watch.step("appliance and Puppet server"):
        cloud.up(port=port)
        say(f"sign in as admin with the password {cloud.appliance.passwords['admin']}")
        cloud.puppet_ready()
    with watch.step("machines"):
        cloud.declare()
        for member in cloud.members:
            cloud.start(member)
            say(f"{member.name} is up")
    with watch.step("deployment"):
        cloud.deploy()
    say("at rest, before any guest:")
    cloud.rest()
    with watch.step("check"):
        cloud.check()
    say("at rest, after a guest came and went:")
    cloud.rest()
    total = watch.total
    say(f"from nothing to a checked cloud: {total.seconds:.0f} s by the clock, {total.cpu_seconds:.0f} CPU s")


def _address(cloud: Cloud) -> None:
    ca, appliance = cloud.appliance.ca, cloud.appliance
    cloud.ocicli("cluster", "credentials", CLUSTER, "--directory", str(cloud.lab.run_dir / "credentials"))
    given = cloud.ocicli("cluster", "credentials", CLUSTER)
    say(f"OCI's dashboard: {appliance.url}   sign-in: admin / {appliance.passwords['admin']}")
    say(f"ocicli: export OCI_URL={appliance.url} OCI_TOKEN_FILE={cloud.token} OCI_CACERT={ca}")
    say(f"Horizon: {given['dashboard']} ({cloud.front})   sign-in: {given['username']}, domain Default")
    say(f"its password, and clouds.yaml for the client: {cloud.lab.run_dir}/credentials")
    say(f"the cloud is in the lab's network; a shell there: ip netns exec {cloud.lab.net.namespace} bash")


def main(argv: list[str] | None = None) -> int:
    """Make the cloud and keep it, or stop it; 0 when it did what it shall."""
    parser = argparse.ArgumentParser(prog="lab.clouds", description=__doc__)
    parser.add_argument("--stop", action="store_true", help="stop a running cloud and clear up")
    parser.add_argument("--once", action="store_true", help="stop by itself once the cloud is checked")
    parser.add_argument("--port", type=int, default=8443, help="port of the dashboard on 127.0.0.1")
    options = parser.parse_args(argv)
    if options.stop:
        return CLOUD.stop()
    cloud = Cloud(CLOUD.name, say=say)
    watch = Stopwatch(cloud.lab, cloud.cpu_seconds, say)

    def run() -> None:
        say("preparing; the first time on a machine this builds an image and layers of packages")
        try:
            tell(cloud, watch, options.port)
        finally:
            watch.keep(labs_dir() / f"{CLOUD.name}-times.json")
        say(f"times: {labs_dir() / f'{CLOUD.name}-times.json'}")
        _address(cloud)

    return CLOUD.show(run, cloud.down, options.once)


if __name__ == "__main__":
    sys.exit(main())
