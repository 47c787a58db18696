# What the probe `disks` says is on each disk and partition, where udev and lsblk say nothing.
load helper
setup() {
  common_setup; need_loop
  export OCI_SYS=$T/sys
  echo 204 >"$FAKE/code.install_phase"
}
teardown() { common_teardown; }
probe() { timeout 300 "$LIB/probes/disks"; } # the deadline of this test, not of the probe
# shown: the last disk and its partitions, as the kernel shows those of the machine.
shown() {
  for sys in /sys/class/block/"${DISK_NODE#/dev/}"*; do
    mkdir -p "$OCI_SYS/class/block/${sys##*/}"; cp "$sys/size" "$OCI_SYS/class/block/${sys##*/}/size"
    if [ -e "$sys/partition" ]; then cp "$sys/partition" "$OCI_SYS/class/block/${sys##*/}/partition"; else mkdir "$OCI_SYS/class/block/${sys##*/}/device"; fi
  done
}
# put FILE OFFSET FORMAT: writes some bytes. ZFS tells a pool by uberblocks, each of which begins with a magic number.
put() { printf "$3" | dd of="$1" bs=1 seek="$2" conv=notrunc status=none; }
zfs_label() { for at in 0 262144; do for n in $(seq 0 31); do put "$1" $((at + 131072 + n * 1024)) '\014\261\272\000\000\000\000\000'; done; done; }
holds() { printf '%s\n' "$output" | sed -n "s,^holds ${1#/dev/} ,,p" | sed 's, *$,,'; }

@test "two signatures, of which lsblk tells neither: an old ZFS label and ext4, an old label and swap" {
  disk both 300; both=$DISK_NODE; mkfs.ext4 -q "$both"; zfs_label "$both"; shown
  disk swap 300; swap=$DISK_NODE; mkswap "$swap" >/dev/null; zfs_label "$swap"; shown
  disk none 300; none=$DISK_NODE; shown
  sync; rc=0; blkid -p "$both" || rc=$?; [ "$rc" -eq 8 ]
  run probe; echo "$output"; [ "$status" -eq 0 ]
  [ "$(holds "$both")" = 'ext4 zfs_member' ]; [ "$(holds "$swap")" = 'swap zfs_member' ]; [ "$(holds "$none")" = '' ]
  [[ $output == *"holds ${none#/dev/}"* ]]; [[ $output != *unread* ]]
  first=$output; run probe; [ "$output" = "$first" ]
}

@test "what an install makes is told as that, and as nothing else" {
  disk d1 3000 virtio-x_disk1; zfs_label "$DISK_NODE"
  given serial:disk1
  "$LIB/install.d/"[0-9][0-9]-teardown; OCI_SYS=/sys "$LIB/install.d/"[0-9][0-9]-partition; OCI_SYS=/sys "$LIB/install.d/"[0-9][0-9]-filesystems; umount -R "$OCI_TARGET"; shown
  run probe; echo "$output"; [ "$status" -eq 0 ]
  [ "$(holds "$DISK_NODE")" = 'PMBR gpt' ]; [ "$(holds "${DISK_NODE}p1")" = '' ]
  [ "$(holds "${DISK_NODE}p2")" = vfat ]; [ "$(holds "${DISK_NODE}p3")" = ext4 ]; [[ $output != *unread* ]]
}

@test "a disk that cannot be read, is gone or hangs is told, and keeps no other from being looked at" {
  disk slow 300; slow=$DISK_NODE; shown
  disk bad 300; bad=$DISK_NODE; shown
  disk good 300; mkswap "$DISK_NODE" >/dev/null; shown
  mkdir -p "$OCI_SYS/class/block/gone/device" "$OCI_SYS/class/block/cciss!c0d9/device" "$OCI_SYS/class/block/sr0/device" "$OCI_SYS/class/block/dm-0"
  printf '#!/bin/sh\nfor last; do :; done\n[ "$last" != %s ] || exec sleep 600\n[ "$last" != %s ] || { echo "Input/output error" >&2; exit 1; }\nexec %s "$@"\n' "$slow" "$bad" "$(command -v tail)" >"$FAKE/bin/tail"
  chmod +x "$FAKE/bin/tail"
  OCI_DISK_SECONDS=15 run probe; echo "$output"; [ "$status" -eq 0 ]
  [ "$(holds "$DISK_NODE")" = swap ]
  for name in "${slow#/dev/}" "${bad#/dev/}" gone cciss/c0d9; do [ "$(printf '%s\n' "$output" | grep -cx "unread $name")" -eq 1 ]; done
  [[ $output != *sr0* ]]; [[ $output != *dm-0* ]]
}
