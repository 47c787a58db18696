# A disk that cannot be wiped keeps no other from it, and is told by name.
load helper
setup() {
  common_setup
  need_loop
  disk d1 8; FIRST=$DISK_NODE
  disk d2 8; SECOND=$DISK_NODE
  for n in 1 2; do head -c 8388608 /dev/urandom >"$T/d$n.img"; done
}
teardown() { blockdev --setrw "$FIRST" 2>/dev/null || true; common_teardown; }
zeros() { cmp -s -n "$(stat -c %s "$1")" "$1" /dev/zero; }
dirty() { if zeros "$1"; then return 1; fi; }
refused() { ! grep -q 'POST /install/wiped' "$FAKE/log" && grep -q 'POST /install/failed' "$FAKE/log"; }

@test "a read-only disk is told, and the other is wiped" {
  blockdev --setro "$FIRST"
  orders DISKS 'serial:d1 serial:d2' METHOD zero
  run "$LIB/wipe"; [ "$status" -eq 1 ]
  sync; zeros "$T/d2.img"; dirty "$T/d1.img"
  refused; grep -q '1 of the disks were not wiped.*serial:d1 .*read-only' "$FAKE/bodies"
}

@test "a disk that is gone is told, and the other is wiped" {
  orders DISKS 'serial:gone serial:d2' METHOD zero
  run "$LIB/wipe"; [ "$status" -eq 1 ]; sync; zeros "$T/d2.img"; refused; grep -q 'serial:gone' "$FAKE/bodies"
}

@test "a disk that breaks in the middle is told, and the other is wiped" {
  printf '#!/bin/sh\nfor last; do :; done\n[ "$last" != %s ] || exit 1\nexec %s "$@"\n' "$FIRST" "$(command -v blkdiscard)" >"$FAKE/bin/blkdiscard"
  printf '#!/bin/sh\ncase "$*" in *of=%s*seek_bytes*) exit 1 ;; esac\nexec %s "$@"\n' "$FIRST" "$(command -v dd)" >"$FAKE/bin/dd"
  chmod +x "$FAKE/bin/blkdiscard" "$FAKE/bin/dd"
  orders DISKS 'serial:d1 serial:d2' METHOD zero
  run "$LIB/wipe"; [ "$status" -eq 1 ]; sync; zeros "$T/d2.img"; refused
  grep -q 'could not be overwritten at byte' "$FAKE/bodies"
}

@test "a name of this boot counts together with its size" {
  orders DISKS "kernel:${FIRST#/dev/}=8388608" METHOD zero
  run "$LIB/wipe"; [ "$status" -eq 0 ]; sync; zeros "$T/d1.img"; dirty "$T/d2.img"
  orders DISKS "kernel:${SECOND#/dev/}=8388609 kernel:no_such=1 kernel:../etc=1" METHOD zero; : >"$FAKE/log"
  run "$LIB/wipe"; [ "$status" -eq 1 ]; sync; dirty "$T/d2.img"; refused
}

@test "one unit along several paths is wiped along one that answers; an ambiguous name without that word is not" {
  real=$(command -v lsblk)
  printf '#!/bin/sh\ncase "$*" in *NAME,WWN*) printf "/dev/no_path 0x5000c9\\n%s 0x5000c9\\n%s 0x5000c9\\n" ;; *) exec %s "$@" ;; esac\n' "$FIRST" "$SECOND" "$real" >"$FAKE/bin/lsblk"
  chmod +x "$FAKE/bin/lsblk"
  orders DISKS wwn:0x5000c9 METHOD zero
  run "$LIB/wipe"; [ "$status" -eq 1 ]; sync; dirty "$T/d1.img"; dirty "$T/d2.img"
  orders DISKS wwn:0x5000c9 UNITS wwn:0x5000c9 METHOD zero; : >"$FAKE/log"
  run "$LIB/wipe"; [ "$status" -eq 0 ]; sync; zeros "$T/d1.img"; dirty "$T/d2.img"
  grep -q 'POST /install/wiped' "$FAKE/log"
}
