"""Celery: jobs and the periodic tick. Started with `celery -A oci.worker worker --beat`.

Messages only wake a worker, which then claims rows until none may begin: so there need be no more messages than threads,
however many jobs wait. Every job is a row with a lease, and the tick finds what no message announced.
"""

from __future__ import annotations

import contextlib
import logging
import os
import socket
import time
import uuid
from functools import cache, lru_cache
from pathlib import Path
from queue import Empty
from typing import TYPE_CHECKING, Any

from celery import Celery
from celery.signals import worker_init, worker_ready
from kombu.transport import filesystem
from kombu.utils.json import dumps, loads

from oci import config as configuration
from oci.records.path import clock_turns
from oci.services.activity import health, jobs, lost_workers, site_troubles, tick
from oci.services.cloud import checks
from oci.services.deploy import deployments, looks

if TYPE_CHECKING:
    from oci.app import Appliance
    from oci.context import Ctx

log = logging.getLogger("oci.worker")
HOLD_JOBS = (jobs, checks)
"""Modules that say what is to be done for a kind of job: `RUN` of oci.records.activity.leases."""
WORKER = "OCI_WORKER"
LOOK_SECONDS, DRIFT_SECONDS = 20, 60
MOST_MESSAGES = 16
"""With so many unread messages nobody needs another to be woken."""
TURN_SECONDS = 5
"""After this long a thread lets other messages go first; the tick is one of them."""
# They tell of every task that it came, began, ended or came too late: 50,000 lines a day of which none says anything.
for _name in ("celery.worker.strategy", "celery.worker.request", "celery.app.trace", "celery.beat"):
    logging.getLogger(_name).setLevel(logging.WARNING)


class Channel(filesystem.Channel):  # type: ignore[misc]
    """Messages as files that appear whole. Kombu's own are written in place: whoever reads one too early, or
    finds what a killed writer left, gets no JSON, and the worker ends."""

    def _write(self, path: Path, value: Any) -> None:
        new = self.control_folder / f"{uuid.uuid4()}.new"
        new.write_text(dumps(value))
        new.replace(path)

    def _put(self, queue: str, payload: Any, **_kwargs: Any) -> None:
        self._write(Path(self.data_folder_out, f"{time.monotonic_ns():020}_{uuid.uuid4()}.{queue}.msg"), payload)

    def _waiting(self, queue: str) -> list[Path]:
        """The messages of `queue`, oldest first. Kombu's own look takes those of `rack1.work` for `work` as well."""
        return sorted(
            path
            for path in Path(self.data_folder_in).glob(f"*.{queue}.msg")
            if path.name.partition(".")[2] == f"{queue}.msg"
        )

    def _size(self, queue: str) -> int:
        return len(self._waiting(queue))

    def _purge(self, queue: str) -> int:
        found = self._waiting(queue)
        for path in found:
            path.unlink(missing_ok=True)
        return len(found)

    def _get(self, queue: str) -> Any:
        for path in self._waiting(queue):
            with contextlib.suppress(FileNotFoundError, ValueError):
                text = path.read_text()
                path.unlink()  # one reader succeeds, and the message is that one's
                return loads(text)
        raise Empty

    def _queue_bind(self, exchange: str, routing_key: str, pattern: str, queue: str) -> None:
        known = [list(row) for row in self.get_table(exchange)]
        row = [routing_key or "", pattern or "", queue or ""]
        if row not in known:
            self._write(self.control_folder / f"{exchange}.exchange", [row, *known])


class Transport(filesystem.Transport):  # type: ignore[misc]
    """Celery's embedded broker: a directory."""

    Channel = Channel


def _celery() -> Celery:
    app = Celery("oci")
    try:
        config = configuration.load()
    except configuration.BadSetting:
        return app  # imported by a tool that starts no worker
    folder = Path(config.run_dir, "broker")
    for part in ("in", "control"):
        (folder / part).mkdir(parents=True, exist_ok=True, mode=0o700)
    app.conf.update(
        broker_url="filesystem://",
        broker_transport="oci.worker:Transport",
        broker_transport_options={
            "data_folder_in": str(folder / "in"),
            "data_folder_out": str(folder / "in"),
            "control_folder": str(folder / "control"),
        },
        broker_connection_retry_on_startup=True,
        task_ignore_result=True,
        worker_hijack_root_logger=False,
        beat_schedule={
            "tick": {"task": "oci.tick", "schedule": config.tick_seconds, "options": {"expires": config.tick_seconds}},
            "look": {"task": "oci.look", "schedule": LOOK_SECONDS, "options": {"expires": LOOK_SECONDS}},
            "drift": {"task": "oci.drift", "schedule": DRIFT_SECONDS, "options": {"expires": DRIFT_SECONDS}},
        },
        beat_schedule_filename=str(Path(config.run_dir, "beat")),
        timezone="UTC",
    )
    return app


celery = _celery()


@lru_cache(maxsize=1)
def _tell_troubles(_roles: tuple[str, ...], _troubles: tuple[str, ...]) -> int:
    """Once for each start of the worker, which is once for each change of the settings; and when a role file changes what
    roles there are, or what is wrong with them."""
    return site_troubles.tell(_ctx())


@cache
def _appliance() -> Appliance:
    from oci.app import appliance

    return appliance()


def _ctx() -> Ctx:
    from oci.app import APPLIANCE

    return _appliance().ctx(APPLIANCE)


def _owner() -> str:
    """Another for each lease: threads of one process are told apart as well."""
    return f"{socket.gethostname()[:30]}:{os.getpid()}:{uuid.uuid4().hex[:12]}"


def is_lost(owner: str) -> bool:
    """Whether `owner` was a process of this host that is gone. Of other hosts nothing is known."""
    host, _, rest = owner.partition(":")
    pid = rest.partition(":")[0]
    return host == socket.gethostname()[:30] and pid.isdigit() and not Path("/proc", pid).exists()


@celery.task(name="oci.work")
def work() -> None:
    """Do jobs until none may begin; after TURN_SECONDS others have their turn first."""
    until = time.monotonic() + TURN_SECONDS
    while _worked():
        if time.monotonic() > until:
            wake()
            return


def _worked() -> bool:
    """Whether there was a job to do. A defect in one is logged, and keeps no other from being done."""
    try:
        return jobs.run_next(_ctx(), _owner())
    except Exception:
        log.exception("a job ended by a defect; it is tried again")
        return True


def wake(times: int = 1) -> None:
    """Wake up to `times` threads of the worker, unless enough messages wait for them already."""
    waiting = sum(1 for _ in Path(celery.conf.broker_transport_options["data_folder_in"]).iterdir())
    for _ in range(min(times, MOST_MESSAGES - waiting)):
        work.delay()


@worker_init.connect
def _named(**_signal: Any) -> None:
    """Give this worker a name that its processes inherit."""
    os.environ[WORKER] = uuid.uuid4().hex


def woke(mark: Path, worker: str) -> bool:
    """Whether the worker called `worker` ticks for the first time; its processes share the file `mark`."""
    if mark.exists() and mark.read_text() == worker:
        return False
    mark.write_text(worker)
    return True


def clock_was_set(mark: Path, ahead: float) -> bool:
    """Whether the clock was set since the last look, which the processes of the worker share in the file `mark`.

    `ahead` is by how many seconds it is ahead of a clock that nobody sets. A host that was suspended counts as well.
    """
    before = ahead
    with contextlib.suppress(FileNotFoundError, ValueError):
        before = float(mark.read_text())
    mark.write_text(repr(ahead))
    return clock_turns.was_set(before, ahead)


@celery.task(name="oci.tick")
def run_tick() -> None:
    """One tick: deadlines, silence, DHCP, deployments, and jobs that no message announced."""
    ctx = _ctx()
    folder = ctx.config.path("run_dir", "broker")
    turned = clock_was_set(folder / "clock", time.time() - time.monotonic())
    if begins := woke(folder / "worker", os.environ.get(WORKER, "")):
        lost_workers.free(_ctx(), is_lost)
    if begins or turned:
        tick.woke(ctx)
        deployments.woke(_ctx())
    if told := tick.dhcp(_ctx()):
        log.warning("%s", told)
    tick.machines(_ctx())
    deployments.advance(_ctx())
    wake(len(jobs.due(_ctx(), MOST_MESSAGES)))
    _tell_troubles(tuple(ctx.outside.roles), ctx.outside.troubles)


@celery.task(name="oci.look")
def run_look() -> None:
    """Look at the appliance itself: what is outside of it can take seconds, for which no tick must wait."""
    health.look(_ctx())


@celery.task(name="oci.drift")
def run_drift() -> None:
    """Order the looks for drift that are due: not in each tick, since that looks through all installed machines."""
    looks.advance(_ctx())


@worker_ready.connect
def _begin(**_signal: Any) -> None:
    """Do the first round now: who has just started the appliance waits for it."""
    run_tick.delay()
    run_look.delay()


def poke(_job_id: int) -> None:
    """Tell a worker that a job is waiting."""
    wake()
