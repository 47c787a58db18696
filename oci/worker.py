"""Celery: jobs and the periodic tick. Started with `celery -A oci.worker worker --beat`.

Messages are only a shortcut: every job is a row with a lease, and the tick finds what no message announced.
"""

from __future__ import annotations

import logging
import os
import socket
from functools import cache
from pathlib import Path

from celery import Celery

from oci import config as configuration
from oci.ports import OutsideError
from oci.services import jobs, tick

log = logging.getLogger("oci.worker")


def _celery() -> Celery:
    app = Celery("oci")
    try:
        config = configuration.load()
    except configuration.BadSetting:
        return app  # imported by a tool that starts no worker
    folder = Path(config.run_dir, "broker")
    for part in ("in", "processed"):
        (folder / part).mkdir(parents=True, exist_ok=True, mode=0o700)
    app.conf.update(
        broker_url="filesystem://",
        broker_transport_options={"data_folder_in": str(folder / "in"), "data_folder_out": str(folder / "in"),
                                  "store_processed": False},
        broker_connection_retry_on_startup=True,
        task_ignore_result=True,
        worker_hijack_root_logger=False,
        beat_schedule={"tick": {"task": "oci.tick", "schedule": config.tick_seconds,
                                "options": {"expires": config.tick_seconds}}},
        beat_schedule_filename=str(Path(config.run_dir, "beat")),
        timezone="UTC",
    )
    return app


celery = _celery()


@cache
def _appliance():  # type: ignore[no-untyped-def]
    from oci.app import appliance
    return appliance()


def _ctx():  # type: ignore[no-untyped-def]
    from oci.app import APPLIANCE
    return _appliance().ctx(APPLIANCE)


def _owner() -> str:
    return f"{socket.gethostname()[:40]}:{os.getpid()}"


@celery.task(name="oci.run_job")
def run_job(job_id: int) -> None:
    """Do one job, unless somebody else does."""
    jobs.run(_ctx(), job_id, _owner())


@celery.task(name="oci.tick")
def run_tick() -> None:
    """One tick: deadlines, silence, DHCP, and jobs that no message announced."""
    try:
        tick.dhcp(_ctx())
    except OutsideError as problem:
        log.error("%s", problem)
    tick.machines(_ctx())
    for job_id in jobs.due(_ctx()):
        run_job.delay(job_id)


def poke(job_id: int) -> None:
    """Tell a worker that a job is waiting."""
    run_job.delay(job_id)
