#!/bin/sh
# pyghmi 1.5.70: its client cannot sign in to a controller made of its own class Bmc. With the right name and password the
# constructor of Command ends with struct.error ("pack expected 32 items for packing (got 20)"): the client reckons with a
# hash of 32 bytes, and the controller answers with one of 20. ipmitool with cipher suite 3 signs in.
# Expected: both ends of one library agree on a cipher suite, or a refusal in words.
# Both on 127.0.0.1.
set -eu
room=$(mktemp -d)
server=
trap '[ -z "$server" ] || kill "$server"; rm -rf "$room"' EXIT
python3 -m venv "$room/venv"
"$room/venv/bin/pip" install -q --disable-pip-version-check 'pyghmi==1.5.70'
cat >"$room/controller.py" <<'PYTHON'
import sys

from pyghmi.ipmi.bmc import Bmc
from pyghmi.ipmi.private.session import Session

class Controller(Bmc):
    def get_power_state(self):
        return "off"


Controller({"admin": "password"}, port=int(sys.argv[1]), address="127.0.0.1")
print("serves", flush=True)
while True:
    Session.wait_for_rsp(10)
PYTHON
cat >"$room/client.py" <<'PYTHON'
import struct
import sys
from importlib.metadata import version

from pyghmi.ipmi.command import Command

print("pyghmi", version("pyghmi"))
try:
    client = Command("127.0.0.1", "admin", "password", port=int(sys.argv[1]), keepalive=False)
    print("signed in; power:", client.get_power())
except struct.error as error:
    print("struct.error:", error)
    print("as described")
    sys.exit()
print("this has changed")
sys.exit(1)
PYTHON
port=$("$room/venv/bin/python" -c 'import socket; s = socket.socket(type=socket.SOCK_DGRAM); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
"$room/venv/bin/python" "$room/controller.py" "$port" >"$room/said" 2>&1 &
server=$!
tries=0
until grep -q serves "$room/said"; do
  tries=$((tries + 1))
  [ "$tries" -lt 120 ] || { echo 'the controller did not start within a minute'; cat "$room/said"; exit 1; }
  sleep 0.5
done
timeout 120 "$room/venv/bin/python" "$room/client.py" "$port"
