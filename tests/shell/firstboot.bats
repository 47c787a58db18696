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
  printf '#!/bin/sh\n' >"$FAKE/bin/sleep"
  chmod +x "$FAKE"/bin/*
  echo 200 >"$FAKE/code.firstboot_ready"
  printf "CHALLENGE='secret-challenge'\nCERTNAME='n1.lab.test'\n" >"$FAKE/answer.firstboot_ready"
}
teardown() { common_teardown; }
firstboot() { timeout 30 "$LIB/firstboot/oci-firstboot"; }

@test "asks for a challenge, runs Puppet, forgets the token and steps back" {
  echo 2 >"$FAKE/puppet.codes"
  run firstboot; echo "$output"; [ "$status" -eq 0 ]
  grep -q '1.2.840.113549.1.9.7: "secret-challenge"' "$FAKE/csr"; [ "$(cat "$FAKE/mode")" = 600 ]
  [ ! -e "$OCI_PUPPET_ETC/csr_attributes.yaml" ]; [ ! -e "$OCI_ETC/auth" ]
  ! grep -q stale "$FAKE/log"
  grep -q 'systemctl.*disable oci-firstboot' "$FAKE/log"; grep -q 'systemctl.*enable puppet' "$FAKE/log"
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
  run firstboot; [ "$status" -eq 0 ]; [ ! -e "$OCI_ETC/auth" ]; ! grep -q 'enable puppet' "$FAKE/log"
}
