#!/bin/sh
# pyghmi 1.5.70, a controller made of its class Bmc: what set_boot_device returns is dropped, and the client hears success.
# What power_on returns is sent as the completion code, so the same refusal there reaches the client as an error.
# Expected: a boot device that could not be set is told as power verbs are.
# The client is ipmitool 1.8.19 of Debian 13. Needs mmdebstrap and root; takes the Debian mirror from apt's configuration.
set -eu
room=$(mktemp -d)
server=
trap '[ -z "$server" ] || kill "$server"; rm -rf "$room"' EXIT
mirror=$(apt-get indextargets --format '$(SITE)' 'Created-By: Packages' | grep '/debian/*$' | head -n 1)
mmdebstrap --quiet --variant=extract --hook-dir=/usr/share/mmdebstrap/hooks/merged-usr --include=ipmitool trixie \
  "$room/root" "$mirror" 2>/dev/null
python3 -m venv "$room/venv"
"$room/venv/bin/pip" install -q --disable-pip-version-check 'pyghmi==1.5.70'
cat >"$room/controller.py" <<'PYTHON'
import sys

from pyghmi.ipmi.bmc import Bmc
from pyghmi.ipmi.private.session import Session

REFUSED = 0xD5  # "command not supported in present state", IPMI 2.0 table 5-2


class Controller(Bmc):
    def get_power_state(self):
        return "off"

    def power_on(self):
        return REFUSED

    def set_boot_device(self, device):
        return REFUSED


Controller({"admin": "password"}, port=int(sys.argv[1]), address="127.0.0.1")
print("serves", flush=True)
while True:
    Session.wait_for_rsp(10)
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
ask() { chroot "$room/root" ipmitool -I lanplus -C 3 -H 127.0.0.1 -p "$port" -U admin -P password "$@" 2>&1; }
chroot "$room/root" ipmitool -V
power=0
ask chassis power on || power=$?
said=$(ask chassis bootdev pxe)
echo "$said"
echo "exit status of the refused power on: $power"
if [ "$power:$said" = '1:Set Boot Device to pxe' ]; then echo 'as described'; else echo 'this has changed'; exit 1; fi
