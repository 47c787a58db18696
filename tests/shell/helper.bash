# What the bats files share: a private run directory, a fake appliance behind a fake curl, disks made of files.
ROOT=$(cd "$BATS_TEST_DIRNAME/../.." && pwd)
LIB=$ROOT/discovery

common_setup() {
  T=$(mktemp -d "${BATS_TMPDIR:-/tmp}/oci-shell.XXXXXX")
  export OCI_RUN=$T/run OCI_TARGET=$T/target OCI_BYID=$T/by-id OCI_BYPATH=$T/by-path FAKE=$T/fake
  export WORK=$OCI_RUN/work
  mkdir -p "$WORK" "$OCI_RUN/site" "$OCI_TARGET" "$OCI_BYID" "$OCI_BYPATH" "$FAKE/bin"
  printf "OCI_URL='https://appliance.test'\nOCI_HTTP='http://appliance.test'\nOCI_BOOT='b1'\nOCI_HEARTBEAT='1'\n" >"$OCI_RUN/site/site.env"
  echo 'Authorization: Bearer boot-secret' >"$OCI_RUN/site/auth"
  echo 'Authorization: Bearer install-secret' >"$WORK/auth"
  echo 'a certificate' >"$OCI_RUN/site/ca.pem"
  cp "$BATS_TEST_DIRNAME/fake-curl" "$FAKE/bin/curl"
  for name in reboot poweroff; do
    printf '#!/bin/sh\necho %s "$@" >>"$FAKE/log"\nkill -TERM "$PPID"\n' "$name" >"$FAKE/bin/$name"
    chmod +x "$FAKE/bin/$name"
  done
  # A kernel without FAT can't mount the ESP; what is put there is the boot loader's business, not this suite's.
  printf '#!/bin/sh\nfor last; do :; done\ncase $last in */boot/efi*) set -- -t tmpfs esp "$last" ;; esac\nexec %s "$@"\n' "$(command -v mount)" >"$FAKE/bin/mount"
  chmod +x "$FAKE/bin/mount"
  : >"$FAKE/log"
  export PATH=$FAKE/bin:$PATH
  LOOPS=() DISK_NODES=()
}

common_teardown() {
  umount -AR "$OCI_TARGET" 2>/dev/null || umount -Rl "$OCI_TARGET" 2>/dev/null || true
  for loop in "${LOOPS[@]}"; do
    for mounted in $(findmnt -rno TARGET -S "$loop") $(for p in "$loop"p*; do findmnt -rno TARGET -S "$p"; done 2>/dev/null); do umount -l "$mounted"; done
    partx -d "$loop" 2>/dev/null || true
    losetup -d "$loop" 2>/dev/null || true
  done
  rm -rf "$T"
}

# disk NAME MEGABYTES [LINK [SECTOR]]: a loop disk, its device in $DISK_NODE, and links as udev would make them.
disk() {
  truncate -s "${2}M" "$T/$1.img"
  DISK_NODE=$(losetup -fP -b "${4:-512}" --show "$T/$1.img")
  LOOPS+=("$DISK_NODE"); DISK_NODES+=("$DISK_NODE")
  ln -s "$DISK_NODE" "$OCI_BYID/${3:-virtio-$1}"
}

orders() { printf "%s='%s'\n" "$@" >"$WORK/orders.env"; }

# given DISK... [KEY=VALUE...]: the orders of an install onto disks of those names, as the appliance makes them. The disks'
# sizes are asked of $DISK_NODES, or are those of DISK_BYTES='...'.
given() {
  local names=() facts=() sizes=''
  for word; do case $word in *=*) facts+=("$word") ;; *) names+=("$word") ;; esac; done
  for node in "${DISK_NODES[@]:0:${#names[@]}}"; do sizes="$sizes $(/usr/sbin/blockdev --getsize64 "$node")"; done
  rm -rf "$WORK/files" "$WORK/layout" "$WORK/orders.env"
  python3 "$BATS_TEST_DIRNAME/orders.py" DISK="${names[*]}" DISK_BYTES="${sizes# }" "${facts[@]}" >"$T/orders.cpio"
  ( umask 077; mkdir -p "$WORK"; cd "$WORK" && busybox cpio -idu <"$T/orders.cpio" )
}

# In a shell of its own, as the scripts do; with every part of the library that the live system has.
lib() { sh -euc 'for part in "$0"/lib/*.sh; do [ "${part##*/}" = cards.sh ] || . "$part"; done; '"$*" "$LIB"; }

need_loop() { [ "$(id -u)" = 0 ] && losetup -f >/dev/null 2>&1 || skip 'loop devices need root'; }
