"""`make demo`: the main job in front of a person, on virtual machines. `--stop` ends one that runs."""

from __future__ import annotations

import argparse
import os
import signal
import sys
import time
from pathlib import Path

from lab.ground.process import LabError, started_at, wait_until
from lab.ground.wires.net import labs_dir
from lab.vms.plan import BIOS, UEFI, WIRED
from lab.vms.rack import Rack
from lab.vms.story import Story

NAME = "demo"


class Stopped(Exception):
    """Somebody asked the demo to stop."""


def _say(text: str) -> None:
    print(f"[{time.strftime('%H:%M:%S')}] {text}", flush=True)


PLANS = (BIOS, UEFI)


def _new_story() -> Story:
    return Story(NAME, _say, WIRED.networks, roles=WIRED.roles)


def _run(story: Story, port: int, once: bool) -> None:
    story.up(port=port)
    _say(f"sign in as admin with the password {story.appliance.passwords['admin']}")
    story.cluster(*WIRED.orders)
    for plan in PLANS:
        story.add(plan)
        story.ocicli("machine", "power", plan.mac, "--power", "on")
        _say(f"{plan.name}: powered on through its management controller")
    for plan in PLANS:
        story.discover(plan)
        story.assign(plan)
    story.ocicli("machine", "cabling", UEFI.mac, *WIRED.cabling)
    story.puppet_ready()
    for plan in PLANS:
        story.install(plan)
    story.follow(*PLANS)
    for plan in PLANS:
        _say(f"{plan.name}: active, {len(story.timeline(plan))} lines in its timeline")
    minutes = (time.monotonic() - story.began) / 60
    _say(f"both machines are active after {minutes:.1f} minutes")
    _say(f"dashboard: {story.appliance.url}   sign-in: admin / {story.appliance.passwords['admin']}")
    _say(f"ocicli: export OCI_URL={story.appliance.url} OCI_TOKEN_FILE={story.token} OCI_CACERT={story.appliance.ca}")
    if not once:
        _say("the lab keeps running; Ctrl-C here, or `make demo-stop` elsewhere, stops it")
        while True:
            signal.pause()


def _note() -> Path:
    """Where a demo says that it runs: beside its lab, whose own directory comes and goes."""
    return labs_dir() / f"{NAME}.pid"


def _running() -> tuple[int, str] | None:
    """The process of the demo that runs, and when it began; None when none does."""
    try:
        pid, stamp = _note().read_text().split()
    except (OSError, ValueError):
        return None
    return (int(pid), stamp) if started_at(int(pid)) == stamp else None


def _stop() -> int:
    running = _running()
    if running is None:
        Rack(NAME).down()
        print("no demo runs; what one may have left is cleared away")
        return 0
    pid, stamp = running
    os.kill(pid, signal.SIGTERM)
    wait_until("the demo to stop", lambda: started_at(pid) != stamp, 120)
    Rack(NAME).down()
    print("the demo is stopped")
    return 0


def main(argv: list[str] | None = None) -> int:
    """Run the demo, or stop it; 0 when it did what it shall."""
    parser = argparse.ArgumentParser(prog="lab.vms.demo", description=__doc__)
    parser.add_argument("--stop", action="store_true", help="stop a running demo and clear up")
    parser.add_argument("--once", action="store_true", help="stop by itself once both machines are active")
    parser.add_argument("--port", type=int, default=8443, help="port of the dashboard on 127.0.0.1")
    options = parser.parse_args(argv)
    if options.stop:
        return _stop()
    if os.geteuid() != 0:
        print("the demo makes network namespaces and mounts; run it as root", file=sys.stderr)
        return 1

    if running := _running():
        print(f"a demo runs already, as process {running[0]}; stop it with `make demo-stop`", file=sys.stderr)
        return 1
    _note().parent.mkdir(parents=True, exist_ok=True)
    _note().write_text(f"{os.getpid()} {started_at(os.getpid())}\n")

    def stop(_number: int, _frame: object) -> None:
        raise Stopped

    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, stop)
    story = _new_story()
    try:
        story.say("preparing; the first time on a machine this builds images")
        _run(story, options.port, options.once)
    except Stopped:
        _say("stopping")
    except (LabError, TimeoutError) as error:
        _say(f"the demo failed: {error}")
        return 1
    finally:
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            signal.signal(number, signal.SIG_IGN)
        story.down()
        _note().unlink(missing_ok=True)
        _say("everything is stopped and removed")
    return 0


if __name__ == "__main__":
    sys.exit(main())
