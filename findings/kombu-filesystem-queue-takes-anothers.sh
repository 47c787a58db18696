#!/bin/sh
# kombu 5.5.3, filesystem transport: a queue takes the messages of every queue whose name ends in a dot and its own name.
# A message that was sent to `rack1.work` is given to whoever reads the queue `work`, and counted in its length;
# afterwards `rack1.work` is empty. Names with dots are what Celery's own documentation routes by.
# Expected: a queue holds what was sent to it.
set -eu
room=$(mktemp -d)
trap 'rm -rf "$room"' EXIT
python3 -m venv "$room/venv"
"$room/venv/bin/pip" install -q --disable-pip-version-check 'kombu==5.5.3'
cat >"$room/show.py" <<'PYTHON'
import sys
from importlib.metadata import version
from pathlib import Path

from kombu import Connection

room = Path(sys.argv[1], "messages")
room.mkdir()
options = {"data_folder_in": str(room), "data_folder_out": str(room), "control_folder": str(room / "control")}
print("kombu", version("kombu"))
with Connection("filesystem://", transport_options=options) as connection:
    racks, work = connection.SimpleQueue("rack1.work"), connection.SimpleQueue("work")
    racks.put("for rack1")
    length = work.qsize()
    message = work.get(block=False)
    message.ack()
    left = racks.qsize()
    print(f"sent to rack1.work; length of work: {length}; work was given: {message.payload!r}; left in rack1.work: {left}")
    as_before = (length, message.payload, left) == (1, "for rack1", 0)
print("as described" if as_before else "this has changed")
sys.exit(not as_before)
PYTHON
"$room/venv/bin/python" "$room/show.py" "$room"
