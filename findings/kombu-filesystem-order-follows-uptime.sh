#!/bin/sh
# kombu 5.5.3, filesystem transport: what was sent first is not read first when the machine was started again in between, or
# when its uptime gained a digit. The file name of a message begins with the milliseconds since boot, without leading
# zeros, and files are read in the order of their names as text: 1000001 comes before 999000.
# Shown in two time namespaces of their own, in which the machine has been up for 999 s and for 1001 s.
# Expected: first in, first out, as the name queue says; or a word about it in the documentation.
# Needs root (unshare --time).
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

room, words = Path(sys.argv[1], "messages"), sys.argv[2:]
room.mkdir(exist_ok=True)
options = {"data_folder_in": str(room), "data_folder_out": str(room), "control_folder": str(room / "control")}
with Connection("filesystem://", transport_options=options) as connection:
    queue = connection.SimpleQueue("work")
    if words:
        queue.put(words[0])
        print("sent:", words[0])
        sys.exit()
    read = [queue.get(block=False).payload for _ in range(queue.qsize())]
    print("kombu", version("kombu"), "read:", read)
    as_before = read == ["second", "first"]
print("as described" if as_before else "this has changed")
sys.exit(not as_before)
PYTHON
up=$(cut -d. -f1 /proc/uptime)
unshare --time --fork --monotonic $((999 - up)) "$room/venv/bin/python" "$room/show.py" "$room" first
unshare --time --fork --monotonic $((1001 - up)) "$room/venv/bin/python" "$room/show.py" "$room" second
"$room/venv/bin/python" "$room/show.py" "$room"
