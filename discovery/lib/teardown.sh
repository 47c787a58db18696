# Taking down what an earlier system, or a killed installer, left on a disk.
# shellcheck shell=sh disable=SC2034

unmount_target() {
  while mountpoint -q "$OCI_TARGET"; do umount -R "$OCI_TARGET" || { umount -Rl "$OCI_TARGET"; return; }; done
}

# partitions DISK: the device nodes of its partitions that the kernel knows.
partitions() { for _node in "$OCI_SYS/class/block/${1##*/}/${1##*/}"*; do [ ! -e "$_node/partition" ] || echo "/dev/${_node##*/}"; done; }
# release DEVICE: unmounts, stops swap, arrays, volumes and crypt mappings on it and on its partitions.
release() {
  for _sub in $(partitions "$1"); do release_one "$_sub"; done
  release_one "$1"
}
release_one() {
  for _holder in "$OCI_SYS/class/block/${1##*/}/holders"/*; do
    [ -e "$_holder" ] || continue
    ( release "/dev/${_holder##*/}" )
    case ${_holder##*/} in
      md*) mdadm --stop "/dev/${_holder##*/}" ;;
      dm-*) dmsetup remove --retry "$(cat "$_holder/dm/name")" ;;
    esac
  done
  if grep -q "^$1 " /proc/swaps; then swapoff "$1"; fi
  if findmnt -rno TARGET -S "$1" >/dev/null; then umount -AR "$1" || umount -Al "$1"; fi
}
# erase DEVICE: what could make any tool find an old system here again. The backup of GPT and the superblocks of
# some arrays are at the end.
erase() {
  wipefs -aqf "$1"
  _end=$(($(bytes_of "$1") / 1048576))
  dd if=/dev/zero of="$1" bs=1M count=1 conv=fsync,notrunc status=none
  [ "$_end" -lt 2 ] || dd if=/dev/zero of="$1" bs=1M seek=$((_end - 1)) count=2 conv=fsync,notrunc status=none 2>/dev/null || :
}
erase_all() {
  for _old in $(partitions "$1"); do erase "$_old"; done
  erase "$1"
  # One that was just closed, or is looked at by udev, is busy for a moment.
  for _try in 1 2 3 4 5 6 7 8 9 10; do
    [ -n "$(partitions "$1")" ] || break
    partx -d "$1" 2>/dev/null || sleep 0.5
    settle
  done
}
