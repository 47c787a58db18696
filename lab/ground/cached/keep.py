"""`python3 -m lab.ground.cached.keep PROGRAM ...`: run a program, and start it again whenever it ends.

What a service manager does on a real site for the DHCP server, which is told to end when its
configuration has changed.
"""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from types import FrameType

QUICK_SECONDS, PAUSE_SECONDS = 2.0, 1.0


def keep(argv: list[str]) -> int:
    """Run `argv` for ever; returns when this process was told to end, after the program did."""
    stopping = False
    child: subprocess.Popen[bytes] | None = None

    def stop(_signal: int, _frame: FrameType | None) -> None:
        nonlocal stopping
        stopping = True
        if child is not None:
            child.terminate()

    signal.signal(signal.SIGTERM, stop)
    while not stopping:
        began = time.monotonic()
        child = subprocess.Popen(argv)
        if stopping:  # told to end while it was being started
            child.terminate()
        status = child.wait()
        print(f"{time.time():.3f} {argv[0]} ended with {status}", flush=True)
        if not stopping and time.monotonic() - began < QUICK_SECONDS and status:
            time.sleep(PAUSE_SECONDS)
    return 0


if __name__ == "__main__":
    sys.exit(keep(sys.argv[1:]))
