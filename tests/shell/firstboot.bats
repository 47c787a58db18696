load helper
setup() {
  common_setup
  export OCI_ETC=$T/etc OCI_PUPPET_ETC=$T/puppet OCI_PUPPET_SSL=$T/ssl
  mkdir -p "$OCI_ETC" "$OCI_PUPPET_ETC" "$OCI_PUPPET_SSL"; echo old >"$OCI_PUPPET_SSL/old"
  printf "OCI_URL='https://appliance.test'\nFQDN='n1.lab.test'\n" >"$OCI_ETC/oci.env"
  echo 'Authorization: Bearer boot-secret' >"$OCI_ETC/auth"; echo ca >"$OCI_ETC/ca.pem"
  printf '#!/bin/sh\necho systemctl "$@" >>"$FAKE/log"\n' >"$FAKE/bin/systemctl"
  printf '#!/bin/sh\necho puppet "$@" >>"$FAKE/log"\n' >"$FAKE/bin/puppet"
  printf 'cat "$OCI_PUPPET_ETC/csr_attributes.yaml" >>"$FAKE/csr"; stat -c %%a "$OCI_PUPPET_ETC/csr_attributes.yaml" >>"$FAKE/mode"; [ ! -e "$OCI_PUPPET_SSL/old" ] || echo stale >>"$FAKE/log"\nread -r code <"$FAKE/puppet.codes"; sed -i 1d "$FAKE/puppet.codes"; exit "$code"\n' >>"$FAKE/bin/puppet"
  printf '#!/bin/sh\nexec /usr/bin/sleep 0.05\n' >"$FAKE/bin/sleep"
  export OCI_PUPPET_STATE=$T/state OCI_DPKG_LOGS=$T/dpkg.log OCI_ARCHIVES=$T/archives
  mkdir -p "$OCI_PUPPET_STATE"
  chmod +x "$FAKE"/bin/*
  echo 200 >"$FAKE/code.firstboot_ready"
  printf "CHALLENGE='secret-challenge'\nCERTNAME='n1.lab.test'\nPOLL='secret-poll'\n" >"$FAKE/answer.firstboot_ready"
}
teardown() { common_teardown; }
firstboot() { timeout 30 "$LIB/firstboot/oci-firstboot"; }

@test "asks for a challenge, runs Puppet, forgets the token and steps back" {
  echo 2 >"$FAKE/puppet.codes"
  run firstboot; echo "$output"; [ "$status" -eq 0 ]
  grep -q '1.2.840.113549.1.9.7: "secret-challenge"' "$FAKE/csr"; [ "$(cat "$FAKE/mode")" = 600 ]
  [ ! -e "$OCI_PUPPET_ETC/csr_attributes.yaml" ]; [ ! -e "$OCI_ETC/auth" ]
  ! grep -q stale "$FAKE/log"
  grep -q 'systemctl.*disable oci-firstboot' "$FAKE/log"; grep -q 'systemctl.*enable oci-puppet.timer oci-poll.service' "$FAKE/log"
  [ "$(cat "$OCI_ETC/poll")" = 'Authorization: Bearer secret-poll' ]; [ "$(stat -c %a "$OCI_ETC/poll")" = 600 ]; grep -q 'restart oci-poll.service' "$FAKE/log"
  [ "$(sed -n 's/^POST \/install\/phase.*phase=\([a-z]*\).*/\1/p' "$FAKE/log" | tr '\n' ' ')" = 'firstboot network puppet ' ]
  ! grep -q 'secret' "$FAKE/log"; [[ $output != *secret* ]]
}

@test "a failed run is tried again with a new challenge until Puppet has converged" {
  printf '1\n4\n6\n0\n' >"$FAKE/puppet.codes"
  run firstboot; [ "$status" -eq 0 ]
  [ "$(grep -c 'POST /firstboot/ready' "$FAKE/log")" -eq 4 ]; [ "$(grep -c '^puppet agent' "$FAKE/log")" -eq 4 ]
}

@test "an appliance that is away, broken or babbling is asked again" {
  printf '000\n000\n204\n' >"$FAKE/code.install_phase"; printf '503\n200\n' >"$FAKE/code.firstboot_ready"; echo 0 >"$FAKE/puppet.codes"
  run firstboot; [ "$status" -eq 0 ]
}

@test "a challenge that could be more than text is not used" {
  printf "CHALLENGE='x\" y'\n" >"$FAKE/answer.firstboot_ready"
  printf '200\n410\n' >"$FAKE/code.firstboot_ready"; echo 0 >"$FAKE/puppet.codes"
  run firstboot; [ "$status" -eq 0 ]; ! grep -q '^puppet' "$FAKE/log"
}

@test "an attempt that is over leaves no token behind and starts nothing" {
  echo 410 >"$FAKE/code.firstboot_ready"
  echo 'Authorization: Bearer old' >"$OCI_ETC/poll"
  run firstboot; [ "$status" -eq 0 ]; [ ! -e "$OCI_ETC/auth" ]; [ ! -e "$OCI_ETC/poll" ]; ! grep -q 'enable oci-puppet' "$FAKE/log"
}

@test "a failed run is told with its reason, and what is at work meanwhile is told too" {
  printf '1\n0\n' >"$FAKE/puppet.codes"
  sed -i '2i echo "Error: Could not retrieve catalog from remote server"; [ ! -e "$FAKE/go" ] || rm "$FAKE/go"; /usr/bin/sleep 1' "$FAKE/bin/puppet"
  run firstboot; echo "$output"; cat "$FAKE/log"; [ "$status" -eq 0 ]
  grep -q 'POST /install/failed.* phase=puppet reason=no catalogue was applied (status 1): Error: Could not retrieve catalog' "$FAKE/log"
  grep -q 'POST /install/alive.* doing=Error: Could not retrieve catalog' "$FAKE/log"
}

@test "the beat ends with first boot, also when that is killed" {
  printf '0\n' >"$FAKE/puppet.codes"; sed -i '2i /usr/bin/sleep 300' "$FAKE/bin/puppet"
  "$LIB/firstboot/oci-firstboot" >/dev/null & first=$!
  for _ in $(seq 200); do ! grep -q '^puppet agent\|install/alive' "$FAKE/log" || break; /usr/bin/sleep 0.1; done
  kill -9 $first; wait $first || true
  /usr/bin/sleep 1; before=$(grep -c install/alive "$FAKE/log"); /usr/bin/sleep 1
  [ "$(grep -c install/alive "$FAKE/log")" -eq "$before" ]
  for pid in $(grep -lz "FAKE=$FAKE" /proc/[0-9]*/environ 2>/dev/null | cut -d/ -f3); do
    grep -qs 'oci-puppet\|puppet agent\|bin/puppet' "/proc/$pid/cmdline" && kill -9 "$pid"
    [ "$(tr '\0' ' ' <"/proc/$pid/cmdline" 2>/dev/null)" != '/usr/bin/sleep 300 ' ] || kill -9 "$pid"
  done || true
}

@test "a power cut right after the last report does not leave the machine without Puppet" {
  echo 410 >"$FAKE/code.firstboot_ready"; echo 'this install has ended well; there is nothing more to say' >"$FAKE/answer.firstboot_ready"
  run firstboot; [ "$status" -eq 0 ]; [ ! -e "$OCI_ETC/auth" ]; grep -q 'enable oci-puppet.timer' "$FAKE/log"; ! grep -q '^puppet' "$FAKE/log"
}
