load helper
setup() {
  common_setup
  export OCI_PROBES=$T/probes OCI_PROBE_SECONDS=8
  mkdir -p "$OCI_PROBES"
  rm -rf "$WORK"
  probe good 'echo fact'
}
teardown() { common_teardown; }
probe() { printf '#!/bin/sh\n%s\n' "$2" >"$OCI_PROBES/$1"; chmod +x "$OCI_PROBES/$1"; }
# The agent never ends by itself: reboot, which the fake appliance orders, ends it here.
agent() { timeout 60 "$LIB/agent" >"$T/out" 2>&1 || true; }

@test "a probe that fails, hangs, babbles or is missing spoils only its own part" {
  probe fails 'echo half; echo why >&2; exit 7'
  probe hangs 'echo before; sleep 600'
  probe deaf 'trap "" TERM; while :; do sleep 1; done'
  probe babbles 'exec cat /dev/zero'
  probe shouts 'head -c 100000 /dev/zero | tr "\0" x >&2'
  probe binary 'printf "\377\376\000"'
  echo 'not a program' >"$OCI_PROBES/noexec"
  run timeout 120 "$LIB/agent" probe "$T/report" # the deadline of this test, not of the agent
  [ "$status" -eq 0 ]
  [ "$(cat "$T/report/good")" = fact ]; [ "$(cat "$T/report/good.exit")" = 0 ]
  [ "$(cat "$T/report/fails")" = half ]; [ "$(cat "$T/report/fails.err")" = why ]; [ "$(cat "$T/report/fails.exit")" = 7 ]
  [ "$(cat "$T/report/hangs")" = before ]; [ "$(cat "$T/report/hangs.exit")" = 124 ]
  [ "$(cat "$T/report/deaf.exit")" -ne 0 ]
  [ "$(stat -c %s "$T/report/babbles")" -le 1048576 ]; [ "$(cat "$T/report/babbles.exit")" -ne 0 ]
  [ "$(stat -c %s "$T/report/shouts.err")" -le 16384 ]
  [ "$(stat -c %s "$T/report/binary")" -eq 3 ]
  [ "$(cat "$T/report/noexec.exit")" -eq 126 ]
}

@test "the next probe runs while one hangs, and does not wait for its end" {
  export OCI_PROBE_SECONDS=30
  probe a-hangs "echo \$\$ >$T/hanging; exec sleep 600"; probe b-late "kill -0 \$(cat $T/hanging) && echo meanwhile"
  "$LIB/agent" probe "$T/report"
  [ "$(cat "$T/report/a-hangs.exit")" = 124 ]; [ "$(cat "$T/report/b-late.exit")" = 0 ]
  [ "$(cat "$T/report/b-late")" = meanwhile ]
}

@test "all real probes end, whatever this machine has" {
  unset OCI_PROBES; export OCI_PROBE_SECONDS=20
  "$LIB/agent" probe "$T/report"
  for name in "$LIB"/probes/*; do [ -s "$T/report/${name##*/}.exit" ]; done
  [ "$(cat "$T/report/firmware")" = bios ] || [ "$(cat "$T/report/firmware")" = efi ]
  python3 -c 'import json,sys; json.load(open(sys.argv[1]+"/lsblk")); json.load(open(sys.argv[1]+"/ip"))' "$T/report"
}

@test "the report is sent when it changed and not otherwise; the clock is no change" {
  probe clock 'date +%s%N'
  printf "ACTION='wait'\nHEARTBEAT='1'\n" >"$FAKE/answer.agent_heartbeat"
  echo 200 >"$FAKE/code.agent_report"; echo 200 >"$FAKE/code.agent_heartbeat"
  ( sleep 4; printf "ACTION='report'\n" >"$FAKE/answer.agent_heartbeat"; sleep 3; printf "ACTION='reboot'\n" >"$FAKE/answer.agent_heartbeat" ) &
  agent
  [ "$(sed -n 's/.*POST \/agent\/heartbeat.*hash=\([^ ]*\).*/\1/p' "$FAKE/log" | sort -u | wc -l)" -eq 1 ]
  grep -q 'good.exit=<' "$FAKE/log"
  [ "$(grep -c 'POST /agent/report' "$FAKE/log")" -ge 2 ]
  grep -q '^reboot -f' "$FAKE/log"
  ! grep -q boot-secret "$FAKE/log" "$T/out"
}

@test "a boot that the appliance does not know any more ends in a reboot" {
  echo 401 >"$FAKE/code.agent_heartbeat"
  agent
  [ "$(grep -c 'POST /agent/heartbeat' "$FAKE/log")" -eq 3 ]
  grep -q '^reboot -f' "$FAKE/log"
}

@test "an answer that is no list of lines is not run" {
  echo "ACTION='reboot'; touch $T/pwned" >"$FAKE/answer.agent_heartbeat"; echo 200 >"$FAKE/code.agent_heartbeat"
  timeout 5 "$LIB/agent" >"$T/out" 2>&1 || true
  [ ! -e "$T/pwned" ]; ! grep -q '^reboot' "$FAKE/log"
}

@test "orders are claimed once, kept private, and the agent goes on after a failed install" {
  printf "ACTION='install'\n" >"$FAKE/answer.agent_heartbeat"; echo 200 >"$FAKE/code.agent_heartbeat"
  given serial:none TOKEN=order-secret DISK_BYTES=3000000000 IMAGE_URL=; cp "$T/orders.cpio" "$FAKE/answer.agent_claim"; rm -rf "$WORK"
  printf '200\n409\n' >"$FAKE/code.agent_claim"
  ( sleep 6; printf "ACTION='poweroff'\n" >"$FAKE/answer.agent_heartbeat" ) &
  agent
  [ "$(grep -c 'POST /install/failed' "$FAKE/log")" -eq 1 ]
  grep -q 'check' "$FAKE/bodies"; grep -q 'the orders lack IMAGE_URL' "$FAKE/bodies"
  grep -q '^poweroff -f' "$FAKE/log"
  ! grep -q order-secret "$FAKE/log" "$T/out"
  [ ! -e "$WORK" ]
}

@test "what a killed agent left running is ended and told before anything else" {
  mkdir -p "$WORK"; echo 'Authorization: Bearer x' >"$WORK/auth"; echo stream >"$WORK/phase"
  setsid sleep 300 & left=$!
  sleep 0.3; echo "$left" >"$WORK/session"
  echo 401 >"$FAKE/code.agent_heartbeat"
  agent
  ! kill -0 "$left" 2>/dev/null || [ "$(cut -d' ' -f3 "/proc/$left/stat")" = Z ]
  grep -q 'POST /install/failed' "$FAKE/log"; grep -q 'was killed' "$FAKE/bodies"
  [ "$(grep -n 'install/failed' "$FAKE/log" | cut -d: -f1)" -lt "$(grep -n 'agent/heartbeat' "$FAKE/log" | head -1 | cut -d: -f1)" ]
}
