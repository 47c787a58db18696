load helper
MARK=7c0f0a4e-6d0b-4d0e-9b3e-0123456789ab # of orders.py
setup() {
  common_setup
  need_loop
  disk d1 3000 virtio-disk1
  make_image
  echo 200 >"$FAKE/code.agent_claim"
  full_orders
}
teardown() { common_teardown; }

# A root file system of one program, so that what runs inside the new system runs here too.
make_image() {
  local r=$T/image
  mkdir -p "$r"/{bin,usr/sbin,etc,dev,proc,sys,root,boot,var/lib}
  cp "$(command -v busybox)" "$r/bin/busybox"
  for name in sh cat echo chroot mkdir cp; do ln -s busybox "$r/bin/$name"; done
  printf '#!/bin/sh\necho "grub-install $*" >>/boot/grub.log\n' >"$r/usr/sbin/grub-install"
  printf '#!/bin/sh\n[ "$*" = -e ] && cat >/etc/hash\n' >"$r/usr/sbin/chpasswd"
  chmod +x "$r"/usr/sbin/*
  head -c 3000000 /dev/urandom >"$r/payload"
  chown 12:34 "$r/payload"
  tar -C "$r" --numeric-owner -cf - . | zstd -q -3 >"$FAKE/image"
}
full_orders() { given "${1:-serial:disk1}" IMAGE_SHA256="${2:-$(sha256sum <"$FAKE/image" | cut -d' ' -f1)}" IMAGE_BYTES="$(stat -c %s "$FAKE/image")"; }
step() { "$LIB"/install.d/[0-9][0-9]-"$1"; }
empty() { cmp -s -n "${2:-8388608}" "$DISK_NODE" /dev/zero; }

@test "a whole install: phases in order, a bootable layout, every setting in its file" {
  run "$LIB/install"
  echo "$output"; cat "$WORK/log"
  [ "$(sed -n 's/^POST \/install\/phase.*phase=\([a-z]*\).*/\1/p' "$FAKE/log" | uniq | tr '\n' ' ')" = 'check teardown partition filesystems stream configure bootloader finish ' ]
  [ "$(grep -n 'POST /install/done' "$FAKE/log" | cut -d: -f1)" -lt "$(grep -n '^reboot -f' "$FAKE/log" | cut -d: -f1)" ]
  ! mountpoint -q "$OCI_TARGET"
  sgdisk -p "$DISK_NODE" | grep -q 'EF02.*bios'; sgdisk -p "$DISK_NODE" | grep -q 'EF00.*esp'
  [ "$(blkid -s PARTUUID -o value "${DISK_NODE}p2")" = "$MARK" ]; [ "$(blkid -s UUID -o value "${DISK_NODE}p3")" = "$MARK" ]
  [ "$(blkid -s TYPE -o value "${DISK_NODE}p2")" = vfat ]; [ "$(blkid -s TYPE -o value "${DISK_NODE}p3")" = ext4 ]
  mount "${DISK_NODE}p3" "$OCI_TARGET"; r=$OCI_TARGET
  cmp "$r/payload" "$T/image/payload"; [ "$(stat -c %u:%g "$r/payload")" = 12:34 ]
  grep -q "^UUID=$(blkid -s UUID -o value "${DISK_NODE}p3") / ext4" "$r/etc/fstab"
  [ "$(cat "$r/etc/hostname")" = node1 ]
  grep -q '^10.0.0.11 node1.lab.test node1$' "$r/etc/hosts"; grep -q '^10.0.0.1 puppet.lab.test' "$r/etc/hosts"
  [ "$(sed -n '/^.Match/,/^$/p' "$r/etc/systemd/network/10-oci-eno1.network" | sort | tr '\n' ' ')" = ' Kind=!* PermanentMACAddress=52:54:00:00:00:01 Type=ether [Match] ' ]
  grep -q '^PermanentMACAddress=52:54:00:00:00:01$' "$r/etc/systemd/network/10-oci-eno1.network"; grep -q '^Address=10.0.0.11/24$' "$r/etc/systemd/network/10-oci-eno1.network"
  grep -q '^nameserver 10.0.0.2$' "$r/etc/resolv.conf"; grep -q '^server 10.0.0.1 iburst' "$r/etc/chrony/chrony.conf"
  [ "$(wc -l <"$r/root/.ssh/authorized_keys")" -eq 2 ]
  [ "$(cat "$r/etc/hash")" = 'root:$6$salt$hash' ]
  grep -q '^certname = node1.lab.test' "$r/etc/puppet/puppet.conf"
  [ "$(stat -c %a "$r/etc/oci")" = 700 ]; [ "$(stat -c %a "$r/etc/oci/auth")" = 600 ]; grep -q install-secret "$r/etc/oci/auth"
  grep -q "grub-install --target=i386-pc.*$DISK_NODE" "$r/boot/grub.log"; grep -q 'x86_64-efi.*--removable --no-nvram' "$r/boot/grub.log"
  grep -q 'quiet console=ttyS0' "$r/boot/grub/grub.cfg"
  [ ! -s "$r/etc/machine-id" ]; [ "$(stat -c %a "$r/etc/hosts" "$r/root/.ssh/authorized_keys" "$r/root/.ssh" "$r/etc" | tr '\n' ' ')" = '644 600 700 755 ' ]
  umount "$r"
  ! grep -q install-secret "$FAKE/log" "$WORK/log"
  ! grep -q 'salt.hash' "$FAKE/log" "$WORK/log"
}

@test "every step can run twice" {
  for name in check check teardown teardown partition partition filesystems filesystems stream stream configure configure bootloader bootloader finish finish; do
    run step "$name"
    echo "$name: $output"; [ "$status" -eq 0 ]
  done
  mount "${DISK_NODE}p3" "$OCI_TARGET"; cmp "$OCI_TARGET/payload" "$T/image/payload"
}

@test "a disk of another size, a missing and an ambiguous one are not touched" {
  full_orders; sed -i 's/^\(disk disk1 .*\) [0-9]*$/\1 999/' "$WORK/layout"
  run "$LIB/install"; [ "$status" -eq 1 ]; grep -q 'not the 999 that were reported' "$FAKE/bodies"
  full_orders serial:other
  run "$LIB/install"; [ "$status" -eq 1 ]; grep -q 'no disk of this machine is named serial:other' "$FAKE/bodies"
  ln -s /dev/loop-control "$OCI_BYID/x" 2>/dev/null || true
  first=$DISK_NODE; disk d2 16 ata-Z_disk1
  DISK_NODE=$first; full_orders
  run "$LIB/install"; [ "$status" -eq 1 ]; grep -q 'means more than one disk' "$FAKE/bodies"
  empty
  [ "$(grep -c 'POST /install/failed' "$FAKE/log")" -eq 3 ]
  ! grep -q '^reboot' "$FAKE/log"
}

@test "the old system is torn down: mounted, used as swap, or only signatures" {
  sgdisk -n 1:0:+64M -n 2:0:+64M -n 3:0:+64M "$DISK_NODE" >/dev/null; partx -u "$DISK_NODE"
  mkfs.ext4 -q "${DISK_NODE}p1"; mkswap -q "${DISK_NODE}p2"
  # An LVM label and an md superblock (1.0, at the end) as wipefs knows them.
  printf 'LABELONE\1\0\0\0\0\0\0\0\0\0\0\0\40\0\0\0LVM2 001' | dd of="${DISK_NODE}p3" bs=512 seek=1 conv=notrunc status=none
  mkdir -p "$T/old"; mount "${DISK_NODE}p1" "$T/old"; mkdir "$T/old/deep"; mount -t tmpfs none "$T/old/deep"
  swapon "${DISK_NODE}p2" || true
  run step teardown
  echo "$output"; [ "$status" -eq 0 ]
  ! mountpoint -q "$T/old"; ! grep -q "${DISK_NODE}p2" /proc/swaps
  [ -z "$(wipefs -n "$DISK_NODE")" ]; [ ! -e "${DISK_NODE}p1" ]
  empty 1 1048576
  cmp -s -n 1048576 -i "$((3000 * 1048576 - 1048576)):0" "$DISK_NODE" /dev/zero
  cmp -s -n 512 -i $((1048576 + 2 * 67108864 + 512)):0 "$DISK_NODE" /dev/zero
}

@test "a cut stream goes on where it stopped" {
  printf '100000\n1500000\nall\n' >"$FAKE/cuts"
  step partition; step filesystems
  run step stream
  echo "$output"; [ "$status" -eq 0 ]
  [ "$(sed -n 's/^GET image //p' "$FAKE/log" | tr '\n' ' ')" = '0 100000 1500000 ' ]
  mount "${DISK_NODE}p3" "$OCI_TARGET" 2>/dev/null || true
  cmp "$OCI_TARGET/payload" "$T/image/payload"
}

@test "a server that is away for a while is waited for" {
  printf '100000\naway\naway\n502\nall\n' >"$FAKE/cuts"
  step partition; step filesystems
  run step stream
  echo "$output"; [ "$status" -eq 0 ]; cmp "$OCI_TARGET/payload" "$T/image/payload"
}

@test "a server without ranges is asked for all again" {
  printf '1500000\nall\n' >"$FAKE/cuts"; : >"$FAKE/no-ranges"
  step partition; step filesystems
  run step stream
  echo "$output"; [ "$status" -eq 0 ]; [ "$(sed -n 's/^GET image //p' "$FAKE/log" | tr '\n' ' ')" = '0 1500000 0 ' ]
  cmp "$OCI_TARGET/payload" "$T/image/payload"
}

@test "an image with another hash, a spoilt one and a missing one are refused after three tries" {
  step partition; step filesystems
  full_orders serial:disk1 "$(printf %064d 0)"
  run step stream; echo "$output"; [ "$status" -eq 1 ]; [[ $output != *Illegal* ]]; [[ $(cat "$WORK/reason") == *SHA-256* ]]; [ "$(grep -c 'GET image 0' "$FAKE/log")" -eq 3 ]
  full_orders; printf x | dd of="$FAKE/image" bs=1 seek=1000000 conv=notrunc status=none
  run step stream; [ "$status" -eq 1 ]
  echo 404 >"$FAKE/cuts"; : >"$FAKE/log"
  run step stream; [ "$status" -eq 1 ]; [[ $(cat "$WORK/reason") == *'could not be streamed'*'appliance.test/image'* ]]
}

@test "the appliance's stop ends the install cleanly, also in the middle of the stream" {
  echo 410 >"$FAKE/code.install_phase"
  run "$LIB/install"; [ "$status" -eq 10 ]; empty
  echo hang >"$FAKE/cuts"
  printf '204\n204\n204\n204\n204\n410\n' >"$FAKE/code.install_phase"
  run timeout 60 "$LIB/install"; echo "$output"; [ "$status" -eq 10 ]
  ! mountpoint -q "$OCI_TARGET"
  ! grep -q 'POST /install/failed' "$FAKE/log"; ! grep -q '^reboot' "$FAKE/log"
  for pid in $(pgrep -f "sleep 300" || true); do ! grep -qs "$T" "/proc/$pid/environ"; done
}

@test "after a kill in the middle of any step, the next attempt succeeds" {
  for name in teardown partition filesystems stream configure bootloader; do
    rm -rf "$T/lib"; cp -r "$LIB" "$T/lib"
    # The step does its work and then hangs: the kill comes when everything is mounted and busy.
    for file in "$T"/lib/install.d/*-"$name"; do [ "$name" != stream ] || sed -i 's/; exit 0; fi/; touch "$WORK\/hung"; sleep 300; fi/' "$file"; printf 'touch "$WORK/hung"; sleep 300\n' >>"$file"; done
    setsid "$T/lib/install" >/dev/null 2>&1 & victim=$!
    for _ in $(seq 1200); do [ ! -e "$WORK/hung" ] || break; sleep 0.1; done
    [ -e "$WORK/hung" ] || { cat "$WORK/log" "$WORK/reason"; false; }
    session=$(cat "$WORK/session")
    for stat in /proc/[0-9]*/stat; do
      [ "$(sed 's/.*) //' "$stat" 2>/dev/null | cut -d' ' -f4)" != "$session" ] || kill -9 "$(echo "$stat" | cut -d/ -f3)" 2>/dev/null || true
    done
    wait "$victim" 2>/dev/null || true
    rm -f "$WORK"/hung "$WORK"/streamed
  done
  : >"$FAKE/log"
  run "$LIB/install"
  echo "$output"; cat "$WORK/log"; cat "$FAKE/log";
  grep -q 'POST /install/done' "$FAKE/log"; grep -q '^reboot -f' "$FAKE/log"
}
