"""The embedded broker: a directory in which each queue finds its own messages, oldest first."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from kombu import Connection

from oci import worker


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[Connection]:
    for part in ("in", "control"):
        (tmp_path / part).mkdir()
    options = {
        "data_folder_in": str(tmp_path / "in"),
        "data_folder_out": str(tmp_path / "in"),
        "control_folder": str(tmp_path / "control"),
    }
    with Connection("filesystem://", transport="oci.worker:Transport", transport_options=options) as connection:
        yield connection


def test_a_queue_takes_only_what_was_sent_to_it(broker: Connection) -> None:
    work, racks = broker.SimpleQueue("work"), broker.SimpleQueue("rack1.work")
    racks.put("for rack1")
    assert (work.qsize(), racks.qsize()) == (0, 1)
    with pytest.raises(work.Empty):
        work.get(block=False)
    assert work.clear() == 0
    assert racks.get(block=False).payload == "for rack1"


def test_what_was_sent_first_is_read_first(broker: Connection) -> None:
    queue = broker.SimpleQueue("ordered")  # names of its own: kombu remembers bindings for the whole process
    for number in range(12):
        queue.put(number)
    read = []
    for _ in range(12):
        message = queue.get(block=False)
        message.ack()
        read.append(message.payload)
    assert read == list(range(12))


def test_waking_the_worker_leaves_no_more_messages_than_it_has_use_for(tmp_path: Path, monkeypatch: Any) -> None:
    sent: list[Path] = []

    def delay() -> None:
        sent.append(tmp_path / f"{len(sent)}.celery.msg")
        sent[-1].write_text("{}")

    monkeypatch.setattr(worker.work, "delay", delay)
    monkeypatch.setitem(worker.celery.conf, "broker_transport_options", {"data_folder_in": str(tmp_path)})
    for job in range(300):
        worker.poke(job)
    worker.wake(300)
    assert len(sent) == worker.MOST_MESSAGES
    sent[0].unlink()
    worker.poke(1)
    assert len(sent) == worker.MOST_MESSAGES + 1, "what was read makes room for another"
