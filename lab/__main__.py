"""`python3 -m lab list`, `python3 -m lab down NAME`: see which labs there are, and clear one away."""

from __future__ import annotations

import argparse
import sys

from lab.ground.process import LabError
from lab.ground.site import all_labs
from lab.vms.rack import Rack


def main(argv: list[str] | None = None) -> int:
    """Run one command; 0 when it worked."""
    parser = argparse.ArgumentParser(prog="lab", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("list", help="name the labs with their processes and machines")
    down = commands.add_parser("down", help="stop and remove a lab, also after a crash")
    down.add_argument("name", nargs="+")
    options = parser.parse_args(argv)
    for name in all_labs() if options.command == "list" else options.name:
        lab = Rack(name)
        if options.command == "down":
            lab.down()
            continue
        alive = [process.name for process in lab.processes() if process.alive()]
        try:
            on = " ".join(machine.name for machine in lab.machines() if machine.running()) or "none"
        except LabError as error:
            on = f"not known, {error}"
        print(f"{name}: processes {' '.join(alive) or 'none'}; machines on: {on}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
