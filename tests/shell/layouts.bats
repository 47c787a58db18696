# Each word of a disk step, and the layouts that are made of them. This machine need not have arrays, volumes or encryption:
# stand-ins write down how the real tools are called, and give what is made of a partition a device node of its own.
load helper
MARK=7c0f0a4e-6d0b-4d0e-9b3e-0123456789ab # of orders.py
setup() {
  common_setup; need_loop
  export OCI_DEV=$T/dev
  mkdir -p "$OCI_DEV/md" "$OCI_DEV/mapper"
  echo 204 >"$FAKE/code.install_phase"
  # made NODE PART: a stand-in for what is made of a partition: the same bytes, as another device.
  printf '#!/bin/sh\nmkdir -p "${1%%/*}"; loop=$(losetup -f --show "$2"); echo "$loop" >>"$FAKE/loops"; ln -sfn "$loop" "$1"\n' >"$FAKE/bin/made"
  tool mdadm 'case " $* " in *" --create "*) made "$2" "$(echo "$*" | sed "s/.*--raid-devices=[0-9]* //; s/ .*//")" ;; esac'
  tool pvcreate 'for last; do :; done; echo "$last" >"$FAKE/pv"'
  tool vgcreate ''
  tool lvcreate 'for last; do :; done; made "$OCI_DEV/$last/var" "$(cat "$FAKE/pv")"'
  tool cryptsetup 'case " $* " in *" open "*) made "$OCI_DEV/mapper/$5" "$4" ;; esac'
  tool modprobe ''
}
# What stopping an array does: a stand-in is no holder that the kernel shows.
undone() {
  umount -R "$OCI_TARGET" 2>/dev/null || true
  [ ! -e "$FAKE/loops" ] || while read -r loop; do losetup -d "$loop" || true; done <"$FAKE/loops"
  rm -rf "$FAKE/loops" "$OCI_DEV"/md/*
}
teardown() { undone; common_teardown; }
tool() { printf '#!/bin/sh\n[ "${0##*/}" = modprobe ] || echo "${0##*/} $*" >>"$FAKE/log"\n%s\n' "$2" >"$FAKE/bin/$1"; chmod +x "$FAKE/bin"/*; }
step() { "$LIB"/install.d/[0-9][0-9]-"$1"; }
# layout LINE...: steps by hand, of the first disk; and one word alone.
layout() { { echo "disk disk1 serial:disk1 $(blockdev --getsize64 "$DISK_NODE")"; printf '%s\n' "$@"; } >"$WORK/layout"; }
word() { lib "lay_out $1"; }
two_disks() { disk d1 5000 virtio-disk1; ONE=$DISK_NODE; disk d2 "${1:-5000}" virtio-disk2; TWO=$DISK_NODE; given serial:disk1 serial:disk2 LAYOUT=mirror; }
called() { sed -n "s/^$1 //p" "$FAKE/log"; }

@test "part: number, size, type, GUID and label are the ones that were ordered; number 1 begins a new table" {
  disk d1 100 virtio-disk1; sgdisk -n 1:0:+10M -n 2:0:+10M -n 7:0:0 "$DISK_NODE" >/dev/null; partx -u "$DISK_NODE"
  layout 'part one disk1 1 8 EF02 -' "part two disk1 2 16 EF00 $MARK" 'part three disk1 3 rest 8304 -'
  run word part; echo "$output"; [ "$status" -eq 0 ]
  [ "$(sgdisk -p "$DISK_NODE" | awk '$1 ~ /^[0-9]+$/ { print $1, $6, $7 }' | tr '\n' ' ')" = '1 EF02 one 2 EF00 two 3 8304 three ' ]
  [ "$(blockdev --getsize64 "${DISK_NODE}p1")" -eq 8388608 ]; [ "$(blockdev --getsize64 "${DISK_NODE}p2")" -eq 16777216 ]
  [ "$(blkid -p -s PART_ENTRY_UUID -o value "${DISK_NODE}p2")" = "$MARK" ]; [ ! -e "${DISK_NODE}p7" ]
  [ "$(($(cat "/sys/class/block/${DISK_NODE##*/}p1/start") * 512))" -eq 1048576 ]
}

@test "part: what an older system left where a partition begins is not found in the new one" {
  disk d1 100 virtio-disk1; layout 'part one disk1 1 50 8300 -'; word part
  mkfs.ext4 -q "${DISK_NODE}p1"; run word part; [ "$status" -eq 0 ]; [ -z "$(wipefs -n "${DISK_NODE}p1")" ]
}

@test "raid: halves with their superblock at the end, of no host, and with the comparison left to the installed system" {
  two_disks; step partition; undone; : >"$FAKE/log"
  run word raid
  echo "$output"; [ "$status" -eq 0 ]
  [ "$(called mdadm)" = "--create $OCI_DEV/md/root7c0f0a4e --run --name=root7c0f0a4e --homehost=any --metadata=1.0 --bitmap=internal --level=1 --raid-devices=2 ${ONE}p3 ${TWO}p3" ]
}

@test "pv, vg, lv: LVM sees the parts of this layout and no other disk" {
  disk d1 40000 virtio-disk1; given serial:disk1 LAYOUT=lvm
  run step partition; echo "$output"; [ "$status" -eq 0 ]
  [ "$(called pvcreate)" = "-q -y --devices ${DISK_NODE}p4 ${DISK_NODE}p4" ]
  [ "$(called vgcreate)" = "-q -y --devices ${DISK_NODE}p4 oci7c0f0a4e ${DISK_NODE}p4" ]
  [ "$(called lvcreate)" = "-q -y --devices ${DISK_NODE}p4 -W n -n var -l 100%FREE oci7c0f0a4e" ]
  undone; layout 'part lvm disk1 1 rest 8E00 -' 'pv lvm' 'vg g lvm' 'lv var g 2048'; : >"$FAKE/log"; word part; word 'pv vg lv'
  [ "$(called lvcreate)" = "-q -y --devices ${DISK_NODE}p1 -W n -n var -L 2048m g" ]
}

@test "luks: the key is random, private, in no argument, and goes to the new system" {
  disk d1 100 virtio-disk1; layout 'part data disk1 1 rest 8309 -' "luks secret data $MARK"
  run word 'part luks'; echo "$output"; [ "$status" -eq 0 ]
  key=$WORK/files/etc/oci/keys/secret; [ "$(stat -c '%s %a' "$key")" = '64 600' ]
  called cryptsetup | grep -q -- "^-q luksFormat --type luks2 .*--uuid $MARK --key-file $key ${DISK_NODE}p1$"
  called cryptsetup | grep -q -- "^open --key-file $key ${DISK_NODE}p1 secret$"
  first=$(sha256sum <"$key"); word luks; [ "$first" != "$(sha256sum <"$key")" ]
}

@test "fs and mount: the UUIDs and labels that fstab was made of, at their place below the target, once" {
  disk d1 700 virtio-disk1
  layout "part esp disk1 1 512 EF00 $MARK" 'part root disk1 2 rest 8304 -' "fs root ext4 $MARK oci-root" 'fs esp esp 5EF9-7CE9 OCI-ESP' 'mount root / noatime' 'mount esp /boot/efi -'
  word part; run word fs; echo "$output"; [ "$status" -eq 0 ]
  [ "$(blkid -p -s UUID -o value "${DISK_NODE}p1")" = 5EF9-7CE9 ]; [ "$(blkid -p -s LABEL -o value "${DISK_NODE}p1")" = OCI-ESP ]
  [ "$(blkid -p -s UUID -o value "${DISK_NODE}p2")" = "$MARK" ]; [ "$(blkid -p -s LABEL -o value "${DISK_NODE}p2")" = oci-root ]
  word mount; word mount
  [ "$(findmnt -rno TARGET | grep -c "^$OCI_TARGET")" -eq 2 ]; findmnt -no OPTIONS "$OCI_TARGET" | grep -q noatime
  [ "$(stat -c %a "$OCI_TARGET/boot")" = 755 ]
}

@test "mirror: both disks alike, an EFI system partition on each, one file system on the array, a boot loader for each" {
  two_disks 5500
  for _ in 1 2; do
    undone
    for name in check teardown partition filesystems; do run step "$name"; echo "$name: $output"; [ "$status" -eq 0 ]; done
  done
  for node in "$ONE" "$TWO"; do
    [ "$(sgdisk -p "$node" | awk '$1 ~ /^[0-9]+$/ { print $6 }' | tr '\n' ' ')" = 'EF02 EF00 FD00 ' ]
    [ "$(blkid -p -s PART_ENTRY_UUID -o value "${node}p2")" = "$MARK" ]; [ "$(blkid -p -s VERSION -o value "${node}p2")" = FAT32 ]
  done
  [ "$(blockdev --getsize64 "${ONE}p3")" -eq "$(blockdev --getsize64 "${TWO}p3")" ]
  [ "$(blkid -p -s UUID -o value "$(readlink -f "$OCI_DEV/md/root7c0f0a4e")")" = "$MARK" ]
  findmnt -no SOURCE "$OCI_TARGET" | grep -qx "$(readlink -f "$OCI_DEV/md/root7c0f0a4e")"
  mountpoint -q "$OCI_TARGET/boot/efi"; mountpoint -q "$OCI_TARGET/boot/efi2"
  mkdir -p "$OCI_TARGET"/{bin,dev,proc,sys,usr/sbin}; cp "$(command -v busybox)" "$OCI_TARGET/bin/busybox"; ln -s busybox "$OCI_TARGET/bin/sh"
  printf '#!/bin/sh\necho "$*" >>/grub.log\n' >"$OCI_TARGET/usr/sbin/grub-install"; chmod +x "$OCI_TARGET/usr/sbin/grub-install"
  run step bootloader; echo "$output"; [ "$status" -eq 0 ]
  [ "$(awk '{ print $1, $NF }' "$OCI_TARGET/grub.log" | grep i386-pc | tr '\n' ' ')" = "--target=i386-pc $ONE --target=i386-pc $TWO " ]
  [ "$(grep -o 'efi-directory=[^ ]*' "$OCI_TARGET/grub.log" | tr '\n' ' ')" = 'efi-directory=/boot/efi efi-directory=/boot/efi2 ' ]
}

@test "mirror: when one of the disks is not the one that was ordered, neither is written" {
  two_disks; sed -i 's/^\(disk disk2 .*\) [0-9]*$/\1 999/' "$WORK/layout"
  for name in check teardown partition; do
    run step "$name"; echo "$name: $output"; [ "$status" -ne 0 ]; [[ $(cat "$WORK/reason") == *'not the 999 that were reported'* ]]
    for node in "$ONE" "$TWO"; do cmp -s -n 8388608 "$node" /dev/zero; done
  done
}

@test "lvm: the system on a plain partition, /var on the volume" {
  disk d1 40000 virtio-disk1; given serial:disk1 LAYOUT=lvm
  for name in check teardown partition filesystems; do run step "$name"; echo "$name: $output"; [ "$status" -eq 0 ]; done
  findmnt -no SOURCE "$OCI_TARGET" | grep -qx "${DISK_NODE}p3"
  findmnt -no SOURCE "$OCI_TARGET/var" | grep -qx "$(readlink -f "$OCI_DEV/oci7c0f0a4e/var")"
  grep -q "^UUID=$(blkid -p -s UUID -o value "$(readlink -f "$OCI_DEV/oci7c0f0a4e/var")") /var ext4" "$WORK/files/etc/fstab"
}

@test "a tool that warns, or makes nothing, has made no array and no volume" {
  two_disks; step partition; tool mdadm 'echo "mdadm: Warning: this will not boot"'
  run word raid; [ "$status" -ne 0 ]; [[ $(cat "$WORK/reason") == *'mdadm warned'* ]]
  undone; tool mdadm ''
  run word raid; [ "$status" -ne 0 ]; [[ $(cat "$WORK/reason") == *'did not appear after it was made'* ]]
}

@test "a line that this live image does not know, a name that nothing makes, and no layout at all: nothing is written" {
  disk d1 3000 virtio-disk1
  for line in 'zpool tank disk1' 'part root disk1 1 rest 8304 $(touch /pwned)' 'part root disk1 1 rest 8304 *' 'mount'; do
    given serial:disk1; echo "$line" >>"$WORK/layout"
    run step check; [ "$status" -ne 0 ]; [[ $(cat "$WORK/reason") == *"which this live image does not know"* ]]
  done
  given serial:disk1; echo 'mount data /srv -' >>"$WORK/layout"
  run step check; [ "$status" -ne 0 ]; [[ $(cat "$WORK/reason") == *"uses 'data', which none of its lines makes"* ]]
  given serial:disk1; rm "$WORK/layout"
  run step check; [ "$status" -ne 0 ]; [[ $(cat "$WORK/reason") == *'lack the layout'* ]]
  cmp -s -n 8388608 "$DISK_NODE" /dev/zero; [ ! -e /pwned ]
}
