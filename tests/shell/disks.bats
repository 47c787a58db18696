# Disks of every sector size, the tools that make them, and names that look like numbers.
load helper
MARK=7c0f0a4e-6d0b-4d0e-9b3e-0123456789ab
setup() { common_setup; need_loop; echo 204 >"$FAKE/code.install_phase"; }
teardown() { common_teardown; }
step() { "$LIB"/install.d/[0-9][0-9]-"$1"; }
ordered() { DISK_NODES=("$DISK_NODE"); given serial:disk1; }
warns() { printf '#!/bin/sh\necho "%s"\n' "$2" >"$FAKE/bin/$1"; chmod +x "$FAKE/bin/$1"; }

@test "partitions and file systems on sectors of 512 and of 4096 bytes, with nothing on them and with an old table" {
  for sector in 512 4096; do
    disk "d$sector" 3000 "virtio-x${sector}_disk1" "$sector"; ordered
    for _ in 1 2; do
      run step partition; echo "$sector: $output"; [ "$status" -eq 0 ]
      run step filesystems; echo "$sector: $output"; [ "$status" -eq 0 ]
    done
    [ "$(sgdisk -v "$DISK_NODE" | grep -c 'No problems found')" -eq 1 ]
    # In bytes: what must be aligned to a mebibyte is, and the EFI system partition is as large on both.
    for n in 1 2 3; do [ $(($(cat "/sys/class/block/${DISK_NODE##*/}p$n/start") * 512 % 1048576)) -eq 0 ]; done
    [ "$(blockdev --getsize64 "${DISK_NODE}p1")" -eq 1048576 ]; [ "$(blockdev --getsize64 "${DISK_NODE}p2")" -eq 536870912 ]
    [ "$(blkid -p -s VERSION -o value "${DISK_NODE}p2")" = FAT32 ]; [ "$(lib "clusters_of ${DISK_NODE}p2")" -ge 65525 ]
    [ "$(blkid -s PARTUUID -o value "${DISK_NODE}p2")" = "$MARK" ]; [ "$(blkid -s UUID -o value "${DISK_NODE}p3")" = "$MARK" ]
    [ "$(findmnt -no SOURCE "$OCI_TARGET")" = "${DISK_NODE}p3" ]; umount -R "$OCI_TARGET"
    rm "$OCI_BYID"/*
  done
}

@test "an EFI system partition has clusters enough for FAT32 on every sector size that mkfs.vfat knows" {
  printf '#!/bin/sh\n[ "$1" != --getss ] || { cat "$FAKE/sector"; exit; }\nexec %s "$@"\n' "$(command -v blockdev)" >"$FAKE/bin/blockdev"
  chmod +x "$FAKE/bin/blockdev"
  for sector in 512 1024 2048 4096; do
    echo $sector >"$FAKE/sector"; rm -f "$T/esp"; truncate -s 512M "$T/esp"
    run lib "bytes_of() { stat -c %s \"\$1\"; }; make_esp $T/esp 5EF9-7CE9 OCI-ESP"; echo "$sector: $output"; [ "$status" -eq 0 ]
    # The one place that says it, and another program's reading of the same file system.
    [ "$(lib "clusters_of $T/esp")" -ge 65525 ]; [ "$(blkid -p -s VERSION -o value "$T/esp")" = FAT32 ]
  done
}

@test "an EFI system partition with too few clusters is refused, though mkfs.vfat ends well" {
  printf '#!/bin/sh\n[ "$1" != --getss ] || { echo 4096; exit; }\nexec %s "$@"\n' "$(command -v blockdev)" >"$FAKE/bin/blockdev"
  chmod +x "$FAKE/bin/blockdev"
  truncate -s 256M "$T/esp"
  run lib "bytes_of() { stat -c %s \"\$1\"; }; make_esp $T/esp 5EF9-7CE9 OCI-ESP"; echo "$output"
  [ "$status" -eq 1 ]; [[ $(cat "$WORK/reason") == *'mkfs.vfat warned'*'umber of clusters'* ]]
  # And when the tool says nothing, what it wrote is looked at.
  mkfs=$(command -v mkfs.vfat); printf '#!/bin/sh\n%s "$@" >/dev/null 2>&1\n' "$mkfs" >"$FAKE/bin/mkfs.vfat"; chmod +x "$FAKE/bin/mkfs.vfat"
  run lib "bytes_of() { stat -c %s \"\$1\"; }; make_esp $T/esp 5EF9-7CE9 OCI-ESP"; echo "$output"
  [ "$status" -eq 1 ]; [[ $(cat "$WORK/reason") == *'clusters of FAT32 where firmware wants 65525'* ]]
}

@test "FAT16 is not taken for FAT32" {
  truncate -s 100M "$T/esp"; mkfs.vfat -F 16 "$T/esp" >/dev/null
  [ -z "$(lib "clusters_of $T/esp")" ]
  truncate -s 1M "$T/none"; [ -z "$(lib "clusters_of $T/none")" ]
}

@test "a tool that warns or fails has made nothing; what does no harm is let through" {
  for said in 'WARNING: Number of clusters for 32 bit FAT is less then suggested minimum.' 'tool: warning: this is bad' 'Caution! Secondary header was placed beyond the disk' 'Warning, had trouble writing out superblocks.'; do
    warns tool "$said"
    run lib 'strict tool a b'; [ "$status" -eq 1 ]; [[ $(cat "$WORK/reason") == "tool warned"*"$said" ]]
  done
  for said in 'The operation has completed successfully.' 'Warning: The kernel is still using the old partition table.' 'warning: 96 blocks unused.' ''; do
    warns tool "$said"
    run lib 'strict tool a b'; echo "$output"; [ "$status" -eq 0 ]; [ "$output" = "$said" ]
  done
  printf '#!/bin/sh\necho "no such disk" >&2; exit 3\n' >"$FAKE/bin/tool"
  run lib 'strict tool'; [ "$status" -eq 1 ]; [[ $(cat "$WORK/reason") == 'tool ended with status 3: no such disk' ]]
}

@test "each tool that makes a disk is heeded when it warns" {
  disk d1 3000 virtio-disk1; ordered
  for pair in partition:sgdisk filesystems:mkfs.ext4 filesystems:mkfs.vfat; do
    step partition; warns "${pair#*:}" 'warning: it will not boot'
    run step "${pair%:*}"; echo "$pair $output"; rm "$FAKE/bin/${pair#*:}"
    [ "$status" -eq 1 ]; [[ $(cat "$WORK/reason") == "${pair#*:} warned"* ]]
  done
}

# Two disks whose serials, or WWNs, a program could take for one number; as lsblk would print them.
twins() {
  printf '#!/bin/sh\ncase "$*" in *NAME,*) echo "%s %s"; echo "%s %s" ;; *%s*) echo "%s" ;; *%s*) echo "%s" ;; esac\n' \
    "$A" "$1" "$B" "$2" "$A" "$1" "$B" "$2" >"$FAKE/bin/lsblk"
  chmod +x "$FAKE/bin/lsblk"
}

@test "names are compared as text, whatever the awk: long numbers, leading zeros, exponents, hexadecimal" {
  truncate -s 16M "$T/a.img" "$T/b.img"
  A=$(losetup -f --show "$T/a.img"); B=$(losetup -f --show "$T/b.img"); LOOPS+=("$A" "$B")
  tried=0
  for awk in mawk gawk original-awk 'busybox awk'; do
    command -v "${awk%% *}" >/dev/null || continue
    tried=$((tried + 1))
    printf '#!/bin/sh\nexec %s "$@"\n' "$awk" >"$FAKE/bin/awk"; chmod +x "$FAKE/bin/awk"
    for pair in '20211209113800000016 20211209113800000017' '123 0000000000000123' '1E10 10000000000' '0x5000c500a1b2c3d4 0x5000c500a1b2c3d5' \
      '0x10 16' '1.0 1' '+1 1' '12e3 12000' 'inf INF' 'nan NaN' '0x1p4 16' '.5 0.5' '-0 0' 'S6XNNG0T S6XNNG0U' '1e400 2e400'; do
      twins ${pair% *} ${pair#* }
      for key in serial wwn; do
        run lib "disk_of $key:${pair% *}"; echo "$awk: $key:${pair% *}: $output"; [ "$output" = "$A" ]
        run lib "disk_of $key:${pair#* }"; echo "$awk: $key:${pair#* }: $output"; [ "$output" = "$B" ]
      done
    done
  done
  [ "$tried" -ge 1 ]
}
