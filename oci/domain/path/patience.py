"""How long work may take: counted from its last progress, and in all.

A deadline is there so that nothing waits for ever; it never ends what moves. All times are seconds.
"""

from __future__ import annotations

from oci.domain.path.works import WORKS

# A hard disk that writes slower than this (bytes per second) is called stuck: sustained writing of a shingled disk is
# about 30 MB/s, a usual one does 100 to 250 MB/s.
SLOW_DISK = 25_000_000


def still_seconds(kind: str, seconds: float, disk_bytes: int) -> float:
    """How long work of `kind` may stand still; `seconds` is the setting.

    A wipe tells whole percents, so that one of them has to fit in: a hundredth of `disk_bytes` on slow disks.
    """
    return seconds + (disk_bytes / 100 / SLOW_DISK if WORKS[kind].limits.every_byte else 0)


def whole_seconds(kind: str, seconds: float, disk_bytes: int) -> float:
    """How long work of `kind` may take in all, however much moves: a wipe writes `disk_bytes` one after the other."""
    return seconds + (disk_bytes / SLOW_DISK if WORKS[kind].limits.every_byte else 0)


def deadline(began: float, moved: float, still: float, whole: float, failed: float | None = None) -> float:
    """When work that began at `began` and last moved at `moved` is given up.

    What failed once at `failed` and tries again by itself does not gain time by trying: it has `still` from then on.
    """
    last = moved if failed is None else min(moved, failed)
    return min(last + still, began + whole)
