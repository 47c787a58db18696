# Tools that make partitions and file systems, taken at their word and looked at.
# shellcheck shell=sh disable=SC2034

# strict COMMAND...: a tool that makes a disk and warns has not made one: some firmware will not read it, whatever the exit
# status says. Left out is what is known to do no harm: partitions are told to the kernel one by one afterwards, and the
# last blocks of a file system may be too few for a group.
strict() {
  _rc=0; _said=$("$@" 2>&1) || _rc=$?
  [ -z "$_said" ] || printf '%s\n' "$_said"
  [ "$_rc" = 0 ] || die "$1 ended with status $_rc: $(printf '%s\n' "$_said" | tail -n 1)"
  _warned=$(printf '%s\n' "$_said" | grep -iE 'warning|caution|problem' | grep -vE 'kernel is still using the old partition table|[0-9]+ blocks unused' | head -n 1)
  [ -z "$_warned" ] || die "$1 warned, and what it made is not used: $_warned"
}
number_at() { od -An -v -j "$2" -N "$3" -t "u$3" "$1" | tr -d ' '; }
# clusters_of DEVICE: how many clusters its FAT file system has, by its own boot sector; nothing when it is no FAT32.
# Fields and formula: Microsoft's FAT32 File System Specification 1.03, "Boot Sector and BPB" and "FAT Type Determination".
clusters_of() {
  [ "$(number_at "$1" 17 2)$(number_at "$1" 22 2)$(number_at "$1" 510 2)" = 0043605 ] || return 0
  echo $((($(number_at "$1" 32 4) - $(number_at "$1" 14 2) - $(number_at "$1" 16 1) * $(number_at "$1" 36 4)) / $(number_at "$1" 13 1)))
}
# make_esp DEVICE UUID LABEL: clusters of 4096 bytes whatever the sectors are, so that the size alone decides how many there are.
# Firmware tells FAT16 from FAT32 by that number, not by what the tool was asked for.
make_esp() {
  _sector=$(blockdev --getss "$1")
  strict mkfs.vfat -F 32 -S "$_sector" -s $((4096 / _sector)) -i "$(echo "$2" | tr -d -)" -n "$3" "$1"
  _clusters=$(clusters_of "$1")
  [ "${_clusters:-0}" -ge 65525 ] || die "the EFI system partition $1 has ${_clusters:-no} clusters of FAT32 where firmware wants 65525; it has $(bytes_of "$1") bytes in sectors of $_sector"
}
# make_ext4 DEVICE UUID LABEL. The kernel fills the inode tables in the background of the first days.
make_ext4() { strict mkfs.ext4 -q -F -L "$3" -U "$2" -E lazy_itable_init=1,lazy_journal_init=1 "$1"; }
