load helper
# The short poll of an installed machine: what it is told it does once, and what came of it is told until it is heard.
setup() {
  common_setup
  export OCI_ETC=$T/etc OCI_CHECKS=$T/checks OCI_DPKG_LOGS=$T/dpkg.log OCI_POLL_FIRST=1 OCI_POLL_LONGEST=4 OCI_POLL_UNKNOWN=7 OCI_POLL_AGAIN=1
  mkdir -p "$OCI_ETC" "$OCI_CHECKS" "$T/lib"
  printf "OCI_URL='https://appliance.test'\nFQDN='n1.lab.test'\n" >"$OCI_ETC/oci.env"
  echo 'Authorization: Bearer poll-secret' >"$OCI_ETC/poll"; echo ca >"$OCI_ETC/ca.pem"
  cp "$LIB/firstboot/oci-poll" "$LIB/firstboot/oci-check" "$T/lib/"
  puppet_does 'echo "Puppet has converged: changed" >"$OCI_RUN/puppet.outcome"'
  printf '#!/bin/sh\nexec /usr/bin/sleep 0.02\n' >"$FAKE/bin/sleep"; chmod +x "$FAKE/bin/sleep"
  echo 1 >"$FAKE/pace"
}
# Ended before its folder goes: it may be about to write there.
teardown() { [ -z "${poll:-}" ] || { kill "$poll"; wait "$poll"; } 2>/dev/null || true; common_teardown; }

puppet_does() { printf '#!/bin/sh\necho oci-puppet "$@" >>"$FAKE/log"\n%s\n' "$1" >"$T/lib/oci-puppet"; chmod +x "$T/lib/oci-puppet"; }
check() { printf '#!/bin/sh\n%s\n' "$2" >"$OCI_CHECKS/$1"; chmod +x "$OCI_CHECKS/$1"; }
# ordered LINE: the appliance gives that order once.
ordered() { printf '200\n204\n' >"$FAKE/code.machine_poll"; printf '%s\n' "$1" >"$FAKE/answer.machine_poll"; }
start() { "$T/lib/oci-poll" >"$T/said" 2>&1 & poll=$!; }
# until_said TEXT [TIMES]: waits until the appliance was told that, 30 s at most.
until_said() {
  for _ in $(seq 300); do [ "$(grep -c "$1" "$FAKE/log")" -lt "${2:-1}" ] || return 0; /usr/bin/sleep 0.1; done
  echo "not said within 30 s: $1"; cat "$FAKE/log" "$T/said"; return 1
}

@test "a run that is ordered is done once, and what came of it is told with its checks" {
  check mariadb.synced 'exit 0'; check glance.answers 'echo "port 9292 refuses"; echo more; exit 1'
  ordered "RUN='12'"; start; until_said 'POST /machine/ended'; until_said 'POST /machine/poll' 4
  [ "$(grep -c '^oci-puppet' "$FAKE/log")" -eq 1 ]
  grep -q 'POST /machine/poll.* run=12' "$FAKE/log"; grep -q 'POST /machine/ended.* run=12 status=0' "$FAKE/log"
  grep -q 'Puppet has converged: changed' "$FAKE/bodies"
  grep -qP '^glance.answers\tport 9292 refuses$' "$FAKE/bodies"; grep -qP '^mariadb.synced\t$' "$FAKE/bodies"; ! grep -q more "$FAKE/bodies"
}

@test "checks alone start no Puppet" {
  check a.works 'exit 0'; ordered "CHECK='13'"; start; until_said 'POST /machine/ended.* run=13'
  ! grep -q '^oci-puppet' "$FAKE/log"
}

@test "a look is a dry run, after one that goes on, and looks at no checks" {
  check a.works 'touch "$FAKE/checked"'; echo 'Puppet has converged: changed' >"$OCI_RUN/puppet.outcome"
  puppet_does '[ "$(grep -c ^oci-puppet "$FAKE/log")" -gt 1 ] || exit 21; echo "Puppet was run dry" >"$OCI_RUN/look.outcome"'
  ordered "LOOK='14'"; start; until_said 'POST /machine/ended.* run=14 status=0'
  [ "$(grep -c '^oci-puppet --noop$' "$FAKE/log")" -eq 2 ]; [ ! -e "$FAKE/checked" ]
  grep -q 'Puppet was run dry' "$FAKE/bodies"; ! grep -q converged "$FAKE/bodies"
}

@test "the token is in no word that is given to a program, nor said" {
  ordered "RUN='12'"; start; until_said 'POST /machine/ended'
  ! grep -q secret "$FAKE/log" "$T/said"; grep -q '@.*/etc/poll' "$FAKE/log"
}

@test "what a run came to is told by its number, also when it is a bad one" {
  puppet_does 'echo "not everything could be applied: Error: x" >"$OCI_RUN/puppet.outcome"; exit 23'
  ordered "RUN='12'"; start; until_said 'POST /machine/ended.* status=23'; grep -q 'not everything could be applied' "$FAKE/bodies"
}

@test "a run that the timer began ends first" {
  puppet_does '[ "$(grep -c ^oci-puppet "$FAKE/log")" -gt 2 ] || exit 21'
  ordered "RUN='12'"; start; until_said 'POST /machine/ended.* status=0'; [ "$(grep -c '^oci-puppet' "$FAKE/log")" -eq 3 ]
}

@test "that it has ended is told until the appliance has taken it" {
  printf '000\n502\n204\n' >"$FAKE/code.machine_ended"
  ordered "RUN='12'"; start; until_said 'POST /machine/ended' 3; until_said 'POST /machine/poll' 4
  [ "$(grep -c 'POST /machine/ended' "$FAKE/log")" -eq 3 ]; [ "$(grep -c '^oci-puppet' "$FAKE/log")" -eq 1 ]
}

@test "one that was killed in its run does it again when it is told once more" {
  puppet_does '[ ! -e "$FAKE/again" ] || exit 0; touch "$FAKE/again"; echo $$ >"$FAKE/pid"; exec /usr/bin/sleep 300'
  ordered "RUN='12'"; start; until_said '^oci-puppet'; kill -9 "$poll"; wait "$poll" || true
  for _ in $(seq 100); do [ ! -s "$FAKE/pid" ] || break; /usr/bin/sleep 0.1; done; kill -9 "$(cat "$FAKE/pid")"
  ! grep -q 'POST /machine/ended' "$FAKE/log"
  ordered "RUN='12'"; start; until_said 'POST /machine/ended.* run=12 status=0'; [ "$(grep -c '^oci-puppet' "$FAKE/log")" -eq 2 ]
}

@test "an appliance that wants to hear no more of an order is not told for ever" {
  echo 409 >"$FAKE/code.machine_ended"
  ordered "RUN='12'"; start; until_said 'POST /machine/poll' 5; [ "$(grep -c 'POST /machine/ended' "$FAKE/log")" -eq 1 ]
}

@test "with the appliance switched off it goes on asking, less and less often, and says so once" {
  rm "$FAKE/pace"; echo 000 >"$FAKE/code.machine_poll"
  printf '#!/bin/sh\necho sleep "$1" >>"$FAKE/log"\nexec /usr/bin/sleep 0.02\n' >"$FAKE/bin/sleep"
  start; until_said 'POST /machine/poll' 8
  [ "$(sed -n 's/^sleep //p' "$FAKE/log" | head -n 4 | tr '\n' ' ')" = '2 4 4 4 ' ]; [ "$(grep -c 'gives no orders' "$T/said")" -eq 1 ]
  echo 204 >"$FAKE/code.machine_poll"; echo 3 >"$FAKE/pace"; until_said '^sleep 3' 2; grep -q 'answers again' "$T/said"
}

@test "a token that opens nothing is used seldom, and starts nothing" {
  printf '#!/bin/sh\necho sleep "$1" >>"$FAKE/log"\nexec /usr/bin/sleep 0.02\n' >"$FAKE/bin/sleep"
  echo 401 >"$FAKE/code.machine_poll"; start; until_said '^sleep 7' 3; ! grep -q '^oci-puppet' "$FAKE/log"
}

@test "what is no plain number is no order" {
  for line in "RUN='1;reboot'" "RUN=''" "RUN='\$(id)'" "RUN='123456789012'" 'RUN=12' "STOP='1'"; do
    : >"$FAKE/log"; ordered "$line"; start; until_said 'POST /machine/poll' 3; kill "$poll"; wait "$poll" || true
    ! grep -q 'oci-puppet\|machine/ended' "$FAKE/log"
  done
}

@test "without a token or an address it says what is missing" {
  rm "$OCI_ETC/poll"; run "$T/lib/oci-poll"; [ "$status" -eq 1 ]; [[ $output == *'asks for no orders'* ]]
}

@test "checks: each says its name and why not; what is none is left out; all run whatever one does" {
  check a.works 'exit 0'; check b.red 'echo; printf "the \033[31mport\033[0m is shut\n"; exit 3'; check c.mute 'exit 4'
  check 'd bad' 'exit 1'; echo text >"$OCI_CHECKS/e.text"; check f.reads 'read x; [ -z "$x" ]'
  run "$T/lib/oci-check"; echo "$output"; [ "$status" -eq 1 ]
  [ "$(printf '%s\n' "$output" | cut -f1 | tr '\n' ' ')" = 'a.works b.red c.mute f.reads ' ]
  [[ $output == *$'b.red\tthe [31mport[0m is shut'* ]]; [[ $output == *$'c.mute\tit ended with status 4'* ]]; [[ $output == *$'f.reads\t' ]]
}

@test "checks: one that does not end is ended, one that writes without end is stopped" {
  check a.hangs 'echo "asking the queue"; exec /usr/bin/sleep 60'; check b.floods 'exec yes'; check c.works 'exit 0'
  OCI_CHECK_LIMIT=1 run "$T/lib/oci-check"; echo "$output"; [ "$status" -eq 1 ]
  [[ $output == *$'a.hangs\tit did not end within 1 s; it said: asking the queue'* ]]; [[ $output == *$'b.floods\ty'* ]]; [[ $output == *$'c.works\t' ]]
}

@test "checks: one may make a large file, and what one left running does not hold up the others for long" {
  check a.large "truncate -s 1G '$BATS_TEST_TMPDIR/large'"; check b.leaves '/usr/bin/sleep 600 & echo "$!" >"$OCI_CHECKS/../left"; exit 0'
  check c.works 'exit 0'
  OCI_CHECK_LIMIT=1 run "$T/lib/oci-check"; kill "$(cat "$OCI_CHECKS/../left")"; echo "$output"; [ "$status" -eq 0 ]
  [ "$output" = $'a.large\t\nb.leaves\t\nc.works\t' ]
}

@test "checks: a machine without any is well" {
  rmdir "$OCI_CHECKS"; run "$T/lib/oci-check"; [ "$status" -eq 0 ]; [ -z "$output" ]
}
