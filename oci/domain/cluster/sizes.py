"""How much of a machine the services of OpenStack take: processes and caches, by its memory and cores."""

from __future__ import annotations

GIB, MIB = 1024**3, 1024**2

PROCESSES = ((192, 8), (96, 6), (48, 4), (24, 3), (12, 2), (0, 1))
"""(memory in GiB, at least; processes of each service). Debian starts eight of each, whatever the machine is. One process of
each service of a controller is 2.7 GB in all, and each further one 1.2 GB (measured with 2025.1): so at most a third of the
memory is theirs, and of a small machine what cannot be less."""

LEAST_POOL, MOST_POOL, POOL_PART = 128, 8192, 16
"""MiB that the database keeps in memory: at least, at most, and which part of the machine's."""


def processes(memory_bytes: int, cores: int, wanted: int = 0) -> int:
    """Processes of each service on a machine: `wanted`, when somebody says so; else by PROCESSES, and not more than cores.

    A machine whose memory was never reported (0) is taken for a small one, one whose cores were not for one with enough.
    """
    if wanted:
        return wanted
    by_memory = next(number for least, number in PROCESSES if memory_bytes >= least * GIB)
    return min(by_memory, cores) if cores else by_memory


def database_pool(memory_bytes: int) -> int:
    """MiB of memory for the database's own cache."""
    return max(LEAST_POOL, min(MOST_POOL, memory_bytes // POOL_PART // MIB))
