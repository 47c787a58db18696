"""CPU seconds of single things that people or machines wait for; printed, never a reason to fail.

What must hold whatever the host is a test of counts or ratios; this is for comparing two versions on one host.
"""

from __future__ import annotations

import json
import resource
import subprocess
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

from oci.domain.hardware import PROBES, Probe, parse
from oci.domain.hardware.text import MAX_BYTES
from oci.records.people import passwords

ROUNDS = 10
PIECES = (b" ", b"\n", b'"\\', b"[", b"a:", b"### a\n", b"lldp.a.", b"00:00.0 ", b" -> ", b"LINK ", b"\xff")


def best(call: Callable[[], object]) -> float:
    """The fastest of some rounds: the others measure what else the host does."""
    found = []
    for _ in range(ROUNDS):
        before = time.process_time()
        call()
        found.append(time.process_time() - before)
    return min(found)


def children(*words: str) -> float:
    """CPU seconds of ocicli with `words`, the fastest of some rounds."""
    found = []
    for _ in range(ROUNDS):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        subprocess.run(
            [sys.executable, "-m", "oci.client.cli", *words],
            capture_output=True,
            check=False,
            timeout=60,
            cwd=Path(__file__).resolve().parents[2],
        )
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        found.append(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
    return min(found)


def report() -> dict[str, Probe]:
    """60 kB, as of a machine with 26 disks."""
    rows = [{"name": f"sd{n}", "type": "disk", "size": 1 << 40, "serial": f"S{n}", "padding": "x" * 2200} for n in range(26)]
    return {"lsblk": Probe(json.dumps({"blockdevices": rows}).encode())}


def filled(piece: bytes) -> dict[str, Probe]:
    """A megabyte of one piece in every probe: where a pattern backtracks this is many times what others cost."""
    return dict.fromkeys(PROBES, Probe(piece * (MAX_BYTES // len(piece))))


def main() -> int:
    """Print the table."""
    kept, sent, longest = (
        passwords.hashed("a long password"),
        report(),
        Probe(b"Handle 0x1, DMI type 17\n" * (MAX_BYTES // 24)),
    )
    measured = {
        "ocicli machine assign --help": children("machine", "assign", "--help"),
        "parsing a report of 60 kB": best(lambda: parse(sent)),
        "parsing a megabyte in each probe": best(lambda: parse(dict.fromkeys(PROBES, longest))),
        **{f"parsing a megabyte of {piece!r}": best(partial(parse, filled(piece))) for piece in PIECES},
        "a wrong password": best(lambda: passwords.matches(kept, "wrong")),
        "an unknown name": best(lambda: passwords.matches("", "wrong")),
    }
    for what, seconds in measured.items():
        print(f"{what:36} {seconds:8.4f} CPU s")
    return 0


if __name__ == "__main__":
    sys.exit(main())
