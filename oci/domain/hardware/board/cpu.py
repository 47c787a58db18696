"""Probe `cpu`: `lscpu -J`, flat or as a tree, or plain `lscpu`."""

from __future__ import annotations

from collections.abc import Iterator

from oci.domain.hardware import document, fillers
from oci.domain.hardware.inventory import Cpu
from oci.domain.hardware.text import MAX_NUMBER, clean, facts, integer

MAX_FIELDS = 1000


def parse(text: str) -> Cpu:
    """The processors, or a blank record, also when lscpu spoke another language than English.

    Never raises.
    """
    found: dict[str, str] = {}
    for key, value in _fields(text):
        found.setdefault(key, value)
    # Where the firmware tells no sockets, as on ARM, lscpu counts clusters.
    sockets = _count(found, "Socket(s)")
    cores = sockets * _count(found, "Core(s) per socket") or (
        _count(found, "Cluster(s)") * _count(found, "Core(s) per cluster")
    )
    return Cpu(
        model=fillers.name(clean(found.get("Model name", ""))),
        sockets=sockets,
        cores=min(cores, MAX_NUMBER),
        threads=_count(found, "CPU(s)"),
        arch=fillers.name(clean(found.get("Architecture", ""))),
    )


def _count(found: dict[str, str], key: str) -> int:
    return integer(found.get(key)) or 0


def _fields(text: str) -> Iterator[tuple[str, str]]:
    try:
        tree = document.member(document.load(text), "lscpu")
    except document.NotJSON:
        yield from facts(text)
        return
    waiting, read = [tree], 0
    while waiting and read < MAX_FIELDS:
        for row in document.rows(waiting.pop(0)):
            read += 1
            yield clean(row.get("field")).removesuffix(":"), clean(row.get("data"))
            waiting.append(row.get("children"))
