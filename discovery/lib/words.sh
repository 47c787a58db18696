# The interpreter of disk steps: lines `word arg arg` in $WORK/layout, made by the appliance (oci/render/machine/disks.py), and one
# function for each word. No other script knows a partition by its number, an array or a volume.
#   disk NAME DISK BYTES                  what is ordered: its name and its size
#   part NAME DISK NUMBER MIB TYPE GUID   MIB a number or `rest`; number 1 begins a new table; GUID `-` for any
#   raid NAME LEVEL PART...    pv PART    vg NAME PV...    lv NAME VG MIB    luks NAME PART UUID
#   fs NAME ext4|esp UUID LABEL           mount NAME PATH OPTIONS (`-` for none)
# shellcheck shell=sh disable=SC2034,SC2154
OCI_DEV=${OCI_DEV:-/dev}
LAYOUT=$WORK/layout
WORDS='disk|part|raid|pv|vg|lv|luks|fs|mount'

# column N FIELD VALUE: column N of the lines whose field FIELD is VALUE, one a line.
column() { awk -v n="$1" -v f="$2" -v v="$3" '$f "" == v "" { print $n }' "$LAYOUT"; }
disks() { column 2 1 disk; }
# node NAME: where the thing of that name is. Looked up anew each time: the disk by its name and its size.
node() {
  _found=$(awk -v v="$1" '$1 ~ /^(disk|part|raid|lv|luks)$/ && $2 "" == v "" { print $1, $2, $3, $4; exit }' "$LAYOUT")
  # shellcheck disable=SC2086
  set -- "$1" $_found
  case ${2:-} in
    disk) confirmed "$4" "$5" ;;
    part) _of=$(node "$4") || return 1; part "$_of" "$5" ;;
    raid) readlink -m "$OCI_DEV/md/$3" ;;
    lv) readlink -m "$OCI_DEV/$4/$3" ;;
    luks) readlink -m "$OCI_DEV/mapper/$3" ;;
    *) die "the layout uses '$1', which none of its lines makes; order the install again, and see the appliance's log if it stays so" ;;
  esac
}
# nodes SEPARATOR NAME...: in one line.
nodes() { _by=$1 _all=''; shift; for _one; do _at=$(node "$_one") || return 1; _all=$_all${_all:+$_by}$_at; done; echo "$_all"; }
# A node's first moment: udev may still be at it, and what lay there before belongs to nobody any more.
fresh() { settle; [ -b "$1" ] || die "$1 did not appear after it was made; see the log of this step and the kernel's"; wipefs -aqf "$1"; }
load() { modprobe -q -a "$@" 2>/dev/null || :; }

word_disk() { :; }
# Sizes are bytes, but sgdisk aligns by sectors. The kernel is told one by one, not by reading the table again: that is
# refused while anything looks at the disk.
word_part() {
  _disk=$(node "$2") _new='' _from=0 _to=+$4M _guid=$6
  if [ "$3" = 1 ]; then release "$_disk"; _new=-o _from=1M; fi
  [ "$4" != rest ] || _to=0
  [ "$_guid" != - ] || _guid=R
  strict sgdisk $_new -a $((1048576 / $(blockdev --getss "$_disk"))) -n "$3:$_from:$_to" -t "$3:$5" -c "$3:$1" -u "$3:$_guid" "$_disk"
  _part=$(part "$_disk" "$3") _tries=0
  until partx -u "$_disk" 2>/dev/null && settle && [ -b "$_part" ]; do
    _tries=$((_tries + 1))
    [ "$_tries" -lt 20 ] || die "the kernel does not see the partitions it was given on $_disk; something keeps the disk open"
    sleep 0.5
  done
  wipefs -aqf "$_part"
}
# Superblocks are at the end (1.0): who knows no arrays, as the disk finder, reads a half as what is on it. The first
# comparison of the halves waits for the installed system: it would take hours, and cover a step that stands still.
word_raid() {
  load "raid$2" md-mod
  _made=$OCI_DEV/md/$1 _name=$1 _level=$2; shift 2
  _members=$(nodes ' ' "$@")
  # shellcheck disable=SC2086
  strict mdadm --create "$_made" --run --name="$_name" --homehost=any --metadata=1.0 --bitmap=internal --level="$_level" --raid-devices=$# $_members
  fresh "$_made"
  _array=$(readlink -f "$_made")
  echo frozen 2>/dev/null >"$OCI_SYS/class/block/${_array##*/}/md/sync_action" || :
}
# LVM sees the parts of this layout and nothing else: another disk's volumes are not its business.
# shellcheck disable=SC2046
volumes() { load dm-mod; _tool=$1; shift; _seen=$(nodes , $(column 2 1 pv)); strict "$_tool" -q -y --devices "$_seen" "$@"; }
word_pv() { _of=$(node "$1"); volumes pvcreate "$_of"; }
word_vg() {
  _name=$1; shift; _members=$(nodes ' ' "$@")
  # shellcheck disable=SC2086
  volumes vgcreate "$_name" $_members
}
word_lv() {
  _made=$OCI_DEV/$2/$1
  if [ "$3" = rest ]; then volumes lvcreate -W n -n "$1" -l 100%FREE "$2"; else volumes lvcreate -W n -n "$1" -L "$3m" "$2"; fi
  fresh "$_made"
}
# The key is made here, goes to the new system with the other files, and is known to nobody else. It is all random, so there
# is nothing to be gained by making its derivation slow.
word_luks() {
  load dm-crypt
  _of=$(node "$2") _key=$WORK/files/etc/oci/keys/$1
  mkdir -p "${_key%/*}"; head -c 64 /dev/urandom >"$_key"
  strict cryptsetup -q luksFormat --type luks2 --pbkdf pbkdf2 --pbkdf-force-iterations 1000 --uuid "$3" --key-file "$_key" "$_of"
  strict cryptsetup open --key-file "$_key" "$_of" "$1"
  fresh "$OCI_DEV/mapper/$1"
}
word_fs() { _on=$(node "$1"); case $2 in esp) make_esp "$_on" "$3" "$4" ;; *) "make_$2" "$_on" "$3" "$4" ;; esac; settle; }
word_mount() {
  _at=$OCI_TARGET${2%/} _with=$3; [ "$_with" != - ] || _with=defaults
  ! mountpoint -q "$_at" || return 0
  _on=$(node "$1"); ( umask 022; mkdir -p "$_at" ); mount -o "$_with" "$_on" "$_at"
}

# lay_out WORD...: carries out the lines of these words, in the layout's order.
lay_out() {
  _wanted=" $* "
  while read -r _word _args <&9; do
    # shellcheck disable=SC2086
    case $_wanted in *" $_word "*) "word_$_word" $_args 9<&- ;; esac
  done 9<"$LAYOUT"
}
