"""`python3 -m lab.containers COMMAND`: layers and container machines by hand.

`build control` makes the layers of a kind of machine. `up LAB ctl1=control cmp1=compute` makes a lab with a mirror, and
starts machines in it. `run LAB ctl1 WORDS`, `power LAB ctl1 off` (or crash, on, reset), `journal LAB ctl1` and
`list LAB` reach them, and `down LAB` removes it all.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from lab.containers.layers import layers
from lab.containers.machine import ContainerMachine, machines
from lab.containers.packages import LAYERS
from lab.ground.cached.mirror import SUITE, offer_mirror
from lab.ground.process import LabError, run
from lab.ground.site import Lab, all_labs
from lab.ground.wires.switch import PROVISIONING, Port

MIB = 1 << 20


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; 0 when it worked."""
    options = _parser().parse_args(argv)
    try:
        return _COMMANDS[options.command](options) or 0
    except (LabError, TimeoutError) as error:
        print(f"lab.containers: {error}", file=sys.stderr)
        return 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="lab.containers", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    build = commands.add_parser("build", help="make layers that are not there yet")
    build.add_argument("layer", nargs="*", choices=[*LAYERS, []], help="all of them when none is named")
    up = commands.add_parser("up", help="make a lab, or add to one, and start machines")
    up.add_argument("lab")
    up.add_argument("machine", nargs="+", help="NAME or NAME=LAYER")
    up.add_argument("--tagged", type=int, nargs="*", default=[], metavar="VLAN", help="further networks of each machine")
    for name, text in (("list", "what there is and what it takes"), ("down", "remove a lab")):
        commands.add_parser(name, help=text).add_argument("lab")
    for name, text in (("run", "run a command"), ("power", "switch"), ("journal", "the end of the journal")):
        command = commands.add_parser(name, help=text)
        command.add_argument("lab")
        command.add_argument("machine")
        if name == "run":
            command.add_argument("words", nargs=argparse.REMAINDER, help="a shell when there are none")
        if name == "power":
            command.add_argument("power", choices=["on", "off", "crash", "reset"])
    return parser


def _build(options: argparse.Namespace) -> None:
    for name in options.layer or LAYERS:
        began = time.monotonic()
        top = layers(name)[-1]
        print(f"{name}: {top}, {_size(top) / MIB:.0f} MiB, {time.monotonic() - began:.0f} s", flush=True)


def _size(folder: Path) -> int:
    return int(run(["du", "-s", "--block-size=1", str(folder)]).stdout.split()[0])


def _up(options: argparse.Namespace) -> None:
    lab = Lab(options.lab)
    url = _site(lab)
    there = len(machines(lab))
    for number, word in enumerate(options.machine, there + 1):
        name, _, layer = word.partition("=")
        port = Port(PROVISIONING, tuple(options.tagged))
        cards = [("eth0", f"{lab.net.server.network[512 + number]}/{lab.net.server.network.prefixlen}")]
        cards += [(f"eth0.{vlan}", f"10.79.{vlan % 256}.{number}/24") for vlan in options.tagged]
        mac = f"52:54:00:c0:00:{number:02x}"
        machine = ContainerMachine(name, lab.name, mac, layer or "base", port=port, addresses=tuple(cards)).save()
        machine.write("etc/apt/sources.list.d/lab.list", f"deb {url} {SUITE} main\n")
        machine.start()
        machine.wait_up()
        print(f"{name} is up, at {' '.join(address for _card, address in cards)}", flush=True)


def _site(lab: Lab) -> str:
    """The lab with its mirror, made when it is not there; returns the mirror's URL in it."""
    if lab.name not in all_labs():
        lab.up()
    return offer_mirror(lab.net.namespace, lab.net.address, lab.run_dir)


def _machine(options: argparse.Namespace) -> ContainerMachine:
    for machine in machines(Lab(options.lab)):
        if machine.name == options.machine:
            return machine
    raise LabError(f"the lab {options.lab} has no machine {options.machine}; `list {options.lab}` tells which it has")


def _list(options: argparse.Namespace) -> None:
    for machine in machines(Lab(options.lab)):
        usage = machine.usage()
        print(
            f"{machine.name}: {'on' if machine.running() else 'off'}, {usage.processes / MIB:.0f} MiB in processes, "
            f"{usage.cached / MIB:.0f} MiB of files in memory, {usage.cpu_seconds:.1f} CPU s"
        )


def _down(options: argparse.Namespace) -> None:
    Lab(options.lab).down()


def _run(options: argparse.Namespace) -> int:
    return subprocess.run(_machine(options).command(*(options.words or ["bash"])), check=False).returncode


def _power(options: argparse.Namespace) -> None:
    machine = _machine(options)
    if options.power == "off":
        machine.soft_off()
        machine.wait_off()
    elif options.power == "crash":
        machine.kill()
    else:
        machine.start() if options.power == "on" else machine.reset()
        machine.wait_up()


def _journal(options: argparse.Namespace) -> None:
    print(_machine(options).journal(), end="")


_COMMANDS = {"build": _build, "up": _up, "list": _list, "down": _down, "run": _run, "power": _power, "journal": _journal}

if __name__ == "__main__":
    sys.exit(main())
