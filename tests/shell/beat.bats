load helper
# A machine at work says so, whatever its step does; one whose work is dead or stands still does not.
setup() {
  common_setup
  cp -r "$LIB" "$T/lib"; rm -f "$T"/lib/wipe.d/*
  # Disks of the machine that runs the tests are none of this work's.
  sed -i 's|^disk_megabytes() {|disk_megabytes() { cat "$FAKE/disks"; return;|' "$T/lib/lib/beat.sh"
  echo '0 MB read, 0 MB written' >"$FAKE/disks"
  export OCI_STILL=600
}
teardown() { common_teardown; }

step() { printf '#!/bin/sh\n%s\n' "$2" >"$T/lib/wipe.d/$1"; chmod +x "$T/lib/wipe.d/$1"; }
work() { printf '#!/bin/sh\nset -eu\nfor part in "%s"/lib/*.sh; do . "$part"; done\n[ "$(cut -d" " -f6 /proc/self/stat)" = $$ ] || exec setsid -w "$0" "$@"\nwork wipe "$@" || exit\n' "$T/lib" >"$T/lib/worker"; chmod +x "$T/lib/worker"; }
gone() { case $(sed 's/.*) //' "/proc/$1/stat" 2>/dev/null) in '' | Z*) ;; *) return 1 ;; esac; }
beats() { grep -c 'POST /install/alive' "$FAKE/log"; }
until_beats() { for _ in $(seq 300); do [ "$(beats)" -lt "$1" ] || return 0; sleep 0.1; done; cat "$FAKE/log"; return 1; }
running() { for stat in /proc/[0-9]*/stat; do [ "$(sed 's/.*) //' "$stat" 2>/dev/null | cut -d' ' -f4)" != "$1" ] || echo "${stat}"; done; }

@test "while a step says nothing, the work says that it goes on and what it is at" {
  work; step 10-check 'echo looking at the disk; until [ -e "$FAKE/go" ]; do sleep 0.2; done'
  "$T/lib/worker" check & worker=$!
  until_beats 3; touch "$FAKE/go"
  wait $worker
  grep -q 'doing=looking at the disk (0 MB read, 0 MB written)' "$FAKE/log"
  ! grep -q install-secret "$FAKE/log"
}

@test "the log is sent while it grows, each byte once, and whole in the end" {
  work; step 10-check 'echo "line 1"; until [ "$(grep -c "POST /install/log" "$FAKE/log")" -ge 2 ]; do sleep 0.2; done; for n in 2 3 4 5 6 7 8; do echo "line $n"; sleep 0.4; done'
  echo 000 >"$FAKE/code.install_log?at=0"   # the first answer is lost
  printf '000\n204\n' >"$FAKE/code.install_log?at=0"
  "$T/lib/worker" check
  [ "$(grep -c 'POST /install/log' "$FAKE/log")" -ge 3 ]
  [ "$(grep -c '^line 8$' "$FAKE/bodies")" -eq 1 ]; [ "$(grep -c '^line 1$' "$FAKE/bodies")" -eq 2 ]
  [ "$(cat "$WORK/log.sent")" -eq "$(stat -c %s "$WORK/log")" ]
}

@test "the beat ends when its work is killed" {
  work; step 10-check 'sleep 300'
  "$T/lib/worker" check & worker=$!
  until_beats 2
  session=$(cat "$WORK/session")
  kill -9 "$session"; wait $worker || true
  sleep 2; before=$(beats); sleep 3
  [ "$(beats)" -eq "$before" ]
  for stat in $(running "$session"); do kill -9 "$(echo "$stat" | cut -d/ -f3)"; done
}

@test "a step that stands still is ended, told as such, and not covered by a beat" {
  work; step 10-check 'echo started; sleep 300'
  OCI_STILL=3 run timeout 60 "$T/lib/worker" check
  echo "$output"; [ "$status" -ne 0 ]
  grep -q 'POST /install/failed' "$FAKE/log"; grep -q 'nothing moved for 3 seconds' "$FAKE/bodies"
  [ "$(grep -n 'POST /install/alive' "$FAKE/log" | tail -n 1 | cut -d: -f1)" -lt "$(grep -n 'POST /install/failed' "$FAKE/log" | cut -d: -f1)" ]
}

@test "a step that writes to a disk or to its log moves, however long it takes" {
  work; step 10-check 'n=0; while [ $n -lt 8 ]; do n=$((n + 1)); echo "0 MB read, $n MB written" >"$FAKE/disks"; sleep 1; done'
  OCI_STILL=4 run timeout 60 "$T/lib/worker" check
  echo "$output"; [ "$status" -eq 0 ]
  step 10-check 'for n in 1 2 3 4 5 6 7 8; do echo "$n"; sleep 1; done'
  OCI_STILL=4 run timeout 60 "$T/lib/worker" check
  echo "$output"; [ "$status" -eq 0 ]
}

@test "the appliance's stop ends a step that asks nothing, with all that it started" {
  work; step 10-check 'sleep 300 & echo $! >"$FAKE/child"; wait'
  printf '204\n410\n' >"$FAKE/code.install_alive"
  run timeout 60 "$T/lib/worker" check
  echo "$output"; [ "$status" -eq 10 ]; gone "$(cat "$FAKE/child")"
  ! grep -q 'POST /install/failed' "$FAKE/log"
}

@test "an appliance that is away stops nothing" {
  work; step 10-check 'sleep 4'
  echo 000 >"$FAKE/code.install_alive"
  run timeout 60 "$T/lib/worker" check
  echo "$output"; [ "$status" -eq 0 ]
}
