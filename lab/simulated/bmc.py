"""The management controller of one simulated machine: `python3 -m lab.simulated.bmc`, driven by real ipmitool."""

from __future__ import annotations

import argparse
import json
import sys
import time
from pathlib import Path

from lab.simulated.machine import SimulatedMachine
from lab.vms.controllers.bmc import Controller


def main() -> int:
    """Serve until killed."""
    parser = argparse.ArgumentParser(prog="lab.simulated.bmc", description=__doc__)
    parser.add_argument("--machine", type=Path, required=True, help="directory of the saved machine")
    parser.add_argument("--address", required=True, help="address to listen on")
    parser.add_argument("--credentials", type=Path, required=True, help="private JSON file: user, password")
    options = parser.parse_args()
    machine = SimulatedMachine.load(options.machine)
    controller = Controller(machine, json.loads(options.credentials.read_text()), options.address)
    print(f"{time.time():.3f} {machine.name}: listening at {options.address}", flush=True)
    controller.serve()
    return 0


if __name__ == "__main__":
    sys.exit(main())
