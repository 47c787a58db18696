"""What an appliance promised by its answers, held against what it stored; and disks held against zeros."""

from __future__ import annotations

import os
from collections import Counter
from pathlib import Path
from typing import Any

from sqlalchemy import func, select

from oci.app import Appliance
from oci.db import tables
from oci.db.tables import Event as Event

# What an answer with 2xx promises: (word of the request) -> the kind of event that must be there.
PROMISES = {
    "/boot/script": "boot.script",
    "/boot/site.cpio": "boot.site",
    "/agent/claim": "install.claimed",
    "/install/failed": "install.failed",
    "/firstboot/ready": "puppet.challenge",
    "/puppet-ca/v1/certificate_request": "puppet.signed",
    "/puppet/v3/report": "puppet.report",
}


def last_event(made: Appliance) -> int:
    """Number of the newest event; 0 when there is none."""
    with made.make_session() as db:
        return db.scalar(select(tables.Event.id).order_by(tables.Event.id.desc()).limit(1)) or 0


def events(made: Appliance, machine: int, since: int = 0) -> list[Event]:
    """A machine's events after the one numbered `since`, oldest first."""
    wanted = select(tables.Event).where(tables.Event.id > since, tables.Event.machine_id == machine)
    with made.make_session() as db:
        return list(db.scalars(wanted.order_by(tables.Event.id)))


def newest_work(made: Appliance, machine: int) -> tables.Work | None:
    """A machine's last order, such as to install or to wipe."""
    wanted = select(tables.Work).where(tables.Work.machine_id == machine)
    with made.make_session() as db:
        return db.scalars(wanted.order_by(tables.Work.id.desc())).first()


def runs(made: Appliance, machine: int, since: float) -> int:
    """How many Puppet runs of a machine were kept that ended since a moment."""
    wanted = select(func.count()).select_from(tables.Run).where(tables.Run.machine_id == machine, tables.Run.at >= since)
    with made.make_session() as db:
        return db.scalar(wanted) or 0


def gaps(made: Appliance) -> list[int]:
    """Numbers that no event has: what was recorded once is there for ever."""
    with made.make_session() as db:
        ids = list(db.scalars(select(tables.Event.id).order_by(tables.Event.id)))
    return sorted(set(range(1, ids[-1] + 1)) - set(ids)) if ids else []


def lost(wire: list[tuple[int, str]], events: list[Any], runs: int) -> list[str]:
    """Answers with 2xx on the wire that have no event; for reports of Puppet, whose number of kept `runs` is smaller."""
    stored: Counter[Any] = Counter(event.kind for event in events)
    stored["puppet.report"] = runs  # one that ended as the one before is a run and no event
    stored.update((event.kind, event.data.get("phase")) for event in events)
    promised: Counter[Any] = Counter()
    phase = ""
    for status, asked in wire:
        if not 200 <= status < 300:
            continue
        promised.update(kind for word, kind in PROMISES.items() if word in asked)
        if "/agent/claim" in asked:
            phase = ""
        name = next((w.removeprefix("phase=") for w in asked.split() if w.startswith("phase=")), "")
        if "/install/phase" in asked and name != phase:
            phase = name
            promised[("install.phase", name)] += 1
    return [f"{count} answers but {stored[key]} events of {key}" for key, count in promised.items() if stored[key] < count]


def holds_data(image: Path) -> bool:
    """Whether any byte of a disk image is not zero."""
    with image.open("rb") as file:
        at, size = 0, image.stat().st_size
        while at < size:
            try:
                at = os.lseek(file.fileno(), at, os.SEEK_DATA)
            except OSError:
                return False
            file.seek(at)
            block = file.read(1 << 20)
            if block.count(0) != len(block):
                return True
            at += len(block)
    return False
