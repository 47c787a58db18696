# From the name under which a disk was ordered to its device node.
# shellcheck shell=sh disable=SC2034
OCI_BYID=${OCI_BYID:-/dev/disk/by-id}
OCI_BYPATH=${OCI_BYPATH:-/dev/disk/by-path}

# disk_of NAME: the device node of wwn:..., serial:... or path:...; exactly one whole disk must have the name.
disk_of() {
  _value=${1#*:}
  case $1 in
    *[!A-Za-z0-9._:+@=,-]* | *:) die "the disk name '$1' has characters that no disk name has; assign the machine again" ;;
    wwn:*) _found=$(links_to "$OCI_BYID/wwn-$_value" "$OCI_BYID/nvme-$_value"; listed WWN "$_value") ;;
    serial:*)
      _found=$(listed SERIAL "$_value")
      # Links hold model and serial in one word; what lsblk knows to be another serial is another disk.
      [ -n "$_found" ] || _found=$(links_to "$OCI_BYID"/*[-_]"$_value" "$OCI_BYID"/nvme-*_"$_value"_[0-9] |
        while read -r _dev; do case $(lsblk -dnro SERIAL "$_dev" 2>/dev/null) in "" | "$_value") echo "$_dev" ;; esac; done)
      ;;
    path:*) _found=$(links_to "$OCI_BYPATH/$_value") ;;
    *) die "the disk '$1' is not named as wwn:, serial: or path:; assign the machine again" ;;
  esac
  _found=$(printf '%s\n' "$_found" | sed '/^$/d' | sort -u)
  case $(printf '%s\n' "$_found" | grep -c .) in
    0) die "no disk of this machine is named $1; was it taken out or replaced? Wait for the next report and assign again" ;;
    1) printf '%s\n' "$_found" ;;
    *) die "the name $1 means more than one disk ($(echo "$_found" | tr '\n' ' ')); choose the disk by its path" ;;
  esac
}
links_to() { for _link; do [ ! -b "$_link" ] || whole "$(readlink -f "$_link")"; done; }
# With something joined to them, no awk takes them for numbers: 0123 is not 123, and long ones are not rounded.
listed() { lsblk -dnpro "NAME,$1" 2>/dev/null | awk -v "v=$2" '("=" $2) == ("=" v) { print $1 }' | while read -r _dev; do whole "$_dev"; done; }
whole() { [ -e "$OCI_SYS/class/block/${1##*/}/partition" ] || printf '%s\n' "$1"; }

bytes_of() { blockdev --getsize64 "$1"; }
# Whoever names a disk sda1 or nvme0n1 decides how its partitions are called.
part() { case $1 in *[0-9]) echo "$1p$2" ;; *) echo "$1$2" ;; esac; }
# udev may be busy with the disk, and a kernel told of new partitions while one is open keeps the old ones.
settle() { if command -v udevadm >/dev/null; then udevadm settle --timeout=30 || :; fi; }

# confirmed DISK BYTES: the device node of an ordered disk, if it still is the disk that was ordered.
confirmed() {
  _disk=$(disk_of "$1") || return 1
  _size=$(bytes_of "$_disk") || die "the disk $1 ($_disk) cannot be opened; it may be broken, see the kernel log"
  [ "$_size" = "$2" ] || die "the disk $1 ($_disk) has $_size bytes, not the $2 that were reported when it was chosen; nothing was written, assign the machine again"
  echo "$_disk"
}
