load helper
setup() { common_setup; }
teardown() { common_teardown; }

@test "read_env reads what shlex.quote writes, newlines and quotes included" {
  python3 - >"$T/env" <<'PY'
import shlex
for key, value in {"A": "plain", "B": "two\nlines", "C": "it's \"$(touch /pwned)\" `id` \\ ; & |", "D": "", "E": "'", "F": "ünï"}.items():
    print(f"{key}={shlex.quote(value)}")
PY
  run lib "read_env $T/env A B C D E F; printf '%s|' \"\$A\" \"\$B\" \"\$C\" \"\$D\" \"\$E\" \"\$F\""
  echo "$output"; [ "$status" -eq 0 ]
  [ "$output" = $'plain|two\nlines|it\'s "$(touch /pwned)" `id` \\ ; & |||\'|ünï|' ]
}

@test "read_env refuses a file with anything else in it, and runs none of it" {
  for line in "touch $T/pwned" "A=\$(touch $T/pwned)" "A=\"\$(touch $T/pwned)\"" "A='x'; touch $T/pwned" "A='x' touch $T/pwned" \
    "A='x'\$(touch $T/pwned)" "a='x'" "A='unfinished" "A='x'\"y\"" "A=\`touch $T/pwned\`" " A='x'" "A='x'#" "A+='x'" "1A='x'" "A=x y"; do
    printf "GOOD='1'\n%s\n" "$line" >"$T/env"
    run lib "read_env $T/env GOOD A || echo refused; echo \"<\${GOOD:-}>\""
    [[ $output == *refused* && $output == *"<>"* ]] || { echo "accepted: $line: $output"; false; }
    [ ! -e "$T/pwned" ]
  done
}

@test "read_env sets nothing that was not asked for" {
  printf "PATH='/nowhere'\nLD_PRELOAD='/x'\nIFS='a'\nA='1'\n" >"$T/env"
  run lib "read_env $T/env A; echo \$A; command -v ls"
  [ "$status" -eq 0 ]; [ "${lines[0]}" = 1 ]; [[ ${lines[1]} == */ls ]]
}

@test "read_env forgets the values of an earlier file" {
  printf "A='1'\n" >"$T/one"; printf "B='2'\n" >"$T/two"
  run lib "read_env $T/one A B; read_env $T/two A B; echo \"\${A:-none} \$B\""
  [ "$output" = 'none 2' ]
}

@test "the bearer is only ever named by its file" {
  lib "OCI_URL=https://appliance.test; phase check 0"
  grep -q 'POST /install/phase' "$FAKE/log"
  ! grep -q install-secret "$FAKE/log"
}

@test "tell asks again while the appliance is away, and ends with 10 when it is told to stop" {
  printf '000\n502\n204\n' >"$FAKE/code.install_phase"
  run lib "OCI_URL=https://appliance.test; phase check"
  [ "$status" -eq 0 ]; [ "$(grep -c 'POST /install/phase' "$FAKE/log")" -eq 3 ]
  for code in 410 401; do
    echo "$code" >"$FAKE/code.install_phase"
    run lib "OCI_URL=https://appliance.test; phase check"
    [ "$status" -eq 10 ]
  done
}

@test "a percentage that does not arrive stops nothing" {
  echo 000 >"$FAKE/code.install_phase"
  run lib "OCI_URL=https://appliance.test; percent stream 5"
  [ "$status" -eq 0 ]
}

@test "a disk is found by wwn, serial and path, and its size is confirmed" {
  need_loop
  disk d1 64 wwn-0x5000c500a1b2c3d4
  ln -s "$DISK_NODE" "$OCI_BYID/ata-MODEL_X_SER-1"; ln -s "$DISK_NODE" "$OCI_BYPATH/pci-0000:00:1f.2-ata-1"
  for name in wwn:0x5000c500a1b2c3d4 serial:SER-1 path:pci-0000:00:1f.2-ata-1; do
    run lib "confirmed $name $((64 * 1048576))"
    [ "$status" -eq 0 ]; [ "$output" = "$DISK_NODE" ]
  done
  run lib "confirmed serial:SER-1 12345"
  [ "$status" -ne 0 ]; [[ $output == *"has 67108864 bytes, not the 12345"* ]]
}

@test "a missing, ambiguous, unnamed or hostile disk name is refused with a reason" {
  need_loop
  run lib 'disk_of serial:none'; [ "$status" -ne 0 ]; [[ $output == *"no disk of this machine is named serial:none"* ]]
  disk d1 16 ata-A_SAME; disk d2 16 ata-B_SAME
  run lib 'disk_of serial:SAME'; [ "$status" -ne 0 ]; [[ $output == *"more than one disk"* ]]
  run lib 'disk_of /dev/sda'; [ "$status" -ne 0 ]
  run lib 'disk_of sda'; [ "$status" -ne 0 ]; [[ $output == *"not named as"* ]]
  run lib "disk_of 'serial:*'"; [ "$status" -ne 0 ]; [[ $output == *"characters"* ]]
  run lib "disk_of 'path:../../sda'"; [ "$status" -ne 0 ]
  run lib "disk_of serial:"; [ "$status" -ne 0 ]
  [ "$(cat "$WORK/reason")" != '' ]
}

@test "a partition is never taken for a disk" {
  need_loop
  disk d1 64
  sgdisk -n 1:0:0 "$DISK_NODE" >/dev/null; partx -u "$DISK_NODE"; [ -b "${DISK_NODE}p1" ]
  ln -s "${DISK_NODE}p1" "$OCI_BYID/virtio-only-part1"
  run lib 'disk_of serial:part1'; [ "$status" -ne 0 ]
}

@test "what was read from and written to disks is counted in whole megabytes, however large" {
  run lib disk_megabytes; echo "$output"
  [ "$status" -eq 0 ]; [[ $output =~ ^[0-9]+\ MB\ read,\ [0-9]+\ MB\ written$ ]]
}
