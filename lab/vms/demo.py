"""`make demo`: the main job in front of a person, on virtual machines. `--stop` ends one that runs."""

from __future__ import annotations

import argparse
import sys
import time

from lab.vms.plan import BIOS, UEFI, WIRED
from lab.vms.showing import Showing, say
from lab.vms.story import Story

DEMO = Showing("demo")
PLANS = (BIOS, UEFI)


def _new_story() -> Story:
    return Story(DEMO.name, say, WIRED.networks, roles=WIRED.roles)


def _tell(story: Story, port: int) -> None:
    story.say("preparing; the first time on a machine this builds images")
    story.up(port=port)
    say(f"sign in as admin with the password {story.appliance.passwords['admin']}")
    story.cluster(*WIRED.orders)
    for plan in PLANS:
        story.add(plan)
        story.ocicli("machine", "power", plan.mac, "--power", "on")
        say(f"{plan.name}: powered on through its management controller")
    for plan in PLANS:
        story.discover(plan)
        story.assign(plan)
    story.ocicli("machine", "cabling", UEFI.mac, *WIRED.cabling)
    story.puppet_ready()
    for plan in PLANS:
        story.install(plan)
    story.follow(*PLANS)
    for plan in PLANS:
        say(f"{plan.name}: active, {len(story.timeline(plan))} lines in its timeline")
    minutes = (time.monotonic() - story.began) / 60
    say(f"both machines are active after {minutes:.1f} minutes")
    say(f"dashboard: {story.appliance.url}   sign-in: admin / {story.appliance.passwords['admin']}")
    say(f"ocicli: export OCI_URL={story.appliance.url} OCI_TOKEN_FILE={story.token} OCI_CACERT={story.appliance.ca}")


def main(argv: list[str] | None = None) -> int:
    """Run the demo, or stop it; 0 when it did what it shall."""
    parser = argparse.ArgumentParser(prog="lab.vms.demo", description=__doc__)
    parser.add_argument("--stop", action="store_true", help="stop a running demo and clear up")
    parser.add_argument("--once", action="store_true", help="stop by itself once both machines are active")
    parser.add_argument("--port", type=int, default=8443, help="port of the dashboard on 127.0.0.1")
    options = parser.parse_args(argv)
    if options.stop:
        return DEMO.stop()
    story = _new_story()
    return DEMO.show(lambda: _tell(story, options.port), story.down, options.once)


if __name__ == "__main__":
    sys.exit(main())
