load helper
setup() {
  common_setup
  need_loop
  disk d1 300
  head -c $((300 * 1048576)) /dev/urandom >"$T/d1.img"
}
teardown() { common_teardown; }
zeros() { cmp -s -n "$(stat -c %s "$1")" "$1" /dev/zero; }

@test "discard and zero leave nothing that could be read from outside" {
  for method in discard zero; do
    head -c $((300 * 1048576)) /dev/urandom | dd of="$DISK_NODE" bs=1M conv=fsync status=none
    orders DISKS serial:d1 METHOD "$method"
    : >"$FAKE/log"
    run "$LIB/wipe"
    echo "$output"; cat "$WORK/log"; [ "$status" -eq 0 ]
    sync; zeros "$T/d1.img"
    [ "$(sed -n 's/^POST \/install\/phase.*phase=\([a-z]*\).*/\1/p' "$FAKE/log" | uniq | tr '\n' ' ')" = 'check teardown wipe verify ' ]
    tail -n 1 "$FAKE/log" | grep -q 'POST /install/wiped'
  done
}

@test "several disks are wiped, mounted ones too" {
  first=$DISK_NODE; disk d2 64; mkfs.ext4 -q "$DISK_NODE"; mkdir "$T/m"; mount "$DISK_NODE" "$T/m"
  orders DISKS 'serial:d1 serial:d2' METHOD zero
  run "$LIB/wipe"; [ "$status" -eq 0 ]
  sync; zeros "$T/d1.img"; zeros "$T/d2.img"; ! mountpoint -q "$T/m"
}

@test "a disk that keeps its data after a discard is overwritten; one that can't be is not called wiped" {
  printf '#!/bin/sh\nfor a; do [ "$a" != -z ] || exit 1; done; exit 0\n' >"$FAKE/bin/blkdiscard"; chmod +x "$FAKE/bin/blkdiscard"
  orders DISKS serial:d1 METHOD discard
  run "$LIB/wipe"; [ "$status" -eq 0 ]; sync; zeros "$T/d1.img"
  head -c 4194304 /dev/urandom >"$T/part"; dd if="$T/part" of="$DISK_NODE" bs=1M seek=100 conv=fsync,notrunc status=none
  printf '#!/bin/sh\nexit 0\n' >"$FAKE/bin/blkdiscard"
  orders DISKS serial:d1 METHOD zero; : >"$FAKE/log"
  run "$LIB/wipe"; [ "$status" -eq 1 ]
  grep -q 'POST /install/failed' "$FAKE/log"; ! grep -q 'POST /install/wiped' "$FAKE/log"; grep -q 'still holds data near byte' "$FAKE/bodies"
}

@test "no disk, an unknown disk or an unknown method wipes nothing" {
  for set in "DISKS= METHOD=zero" "DISKS=serial:zzz METHOD=zero" "DISKS=serial:d1 METHOD=shred" "DISKS=serial:d1;id METHOD=zero"; do
    printf "%s='%s'\n" DISKS "$(echo "${set#DISKS=}" | sed 's/ METHOD.*//')" METHOD "${set##*=}" >"$WORK/orders.env"
    run "$LIB/wipe"; [ "$status" -eq 1 ]
  done
  ! zeros "$T/d1.img"; [ "$(grep -c 'POST /install/failed' "$FAKE/log")" -eq 4 ]
}

@test "a stop in the middle ends the wipe and does not call it done" {
  printf '204\n204\n410\n' >"$FAKE/code.install_phase"
  orders DISKS serial:d1 METHOD zero
  run "$LIB/wipe"; [ "$status" -eq 10 ]; ! grep -q wiped "$FAKE/log"
}
