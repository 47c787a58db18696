# What the agent, the installer and the wipe share: reading orders, talking to the appliance, naming disks.
# Every path can be moved by a variable, so that the same scripts run on loop disks in a namespace.
# shellcheck shell=sh disable=SC2034
OCI_RUN=${OCI_RUN:-/run/oci}
OCI_SITE=${OCI_SITE:-$OCI_RUN/site}
OCI_TARGET=${OCI_TARGET:-$OCI_RUN/target}
OCI_BYID=${OCI_BYID:-/dev/disk/by-id}
OCI_BYPATH=${OCI_BYPATH:-/dev/disk/by-path}
OCI_SYS=${OCI_SYS:-/sys}
OCI_REBOOT=${OCI_REBOOT:-reboot}
OCI_POWEROFF=${OCI_POWEROFF:-poweroff}
WORK=$OCI_RUN/work
STOPPED=10 # exit status: the appliance said stop, or does not know this attempt any more
umask 077

STILL=${OCI_STILL:-1800} # seconds that a phase may stand still; as long as anything moves it may take any time

say() { printf 'oci: %s\n' "$*" >&2; }

# The reason is kept where the runner finds it, for the appliance and the person who reads it there.
die() {
  say "error: $*"
  [ ! -d "$WORK" ] || printf '%s\n' "$*" >"$WORK/reason"
  exit 1
}

# read_env FILE KEY...: sets those keys from KEY='value' lines as shlex.quote writes them. A file in which
# anything else stands is refused whole, so nothing of it is ever run; keys not asked for are left alone.
read_env() {
  _file=$1; shift
  _text=$(awk -v "keys=$*" '
    BEGIN { n = split(keys, k, " "); for (i = 1; i <= n; i++) want[k[i]] = 1 }
    { text = text $0 "\n" }
    END {
      q = "\047"; item = "^[A-Z][A-Z0-9_]*=(" q "[^" q "]*" q "(\"" q "\"" q "[^" q "]*" q ")*|[A-Za-z0-9_@%+=:,./-]*)\n"
      while (match(text, item)) {
        line = substr(text, 1, RLENGTH); text = substr(text, RLENGTH + 1)
        if (substr(line, 1, index(line, "=") - 1) in want) printf "%s", line
      }
      if (text != "") exit 1
    }' "$_file") || { say "error: $_file holds something that is no KEY='value' line; it was not read"; return 1; }
  for _key; do unset "$_key"; done
  eval "$_text"
}

# orders KEY...: what a step needs to know, and where to say how it goes.
orders() {
  read_env "$OCI_SITE/site.env" OCI_URL
  read_env "$WORK/orders.env" "$@"
}

# ask AUTH PATH [curl options]: one request; prints the HTTP status, the answer goes to $OCI_RUN/answer.PID.
# The bearer stays in its file: arguments and environment can be read by every process.
ask() {
  _auth=$1 _path=$2; shift 2
  _code=$(curl -sS -o "$OCI_RUN/answer.$$" -w '%{http_code}' --connect-timeout 5 -m "${ASK_SECONDS:-20}" \
    --cacert "$OCI_SITE/ca.pem" -H "@$_auth" -X POST "$@" "$OCI_URL$_path" 2>"$OCI_RUN/curl.$$") || _code=000
  echo "${_code:-000}"
}
answer() { cat "$OCI_RUN/answer.$$"; }
forget() { rm -f "$OCI_RUN/answer.$$" "$OCI_RUN/curl.$$"; }

# tell PATH SECONDS [curl options]: says it to the appliance, again and again for so many seconds if it is
# away. Ends the work when the appliance no longer wants it.
tell() {
  _to=$1 _until=$(($(date +%s) + $2)); shift 2
  while :; do
    _code=$(ask "$WORK/auth" "$_to" "$@")
    case $_code in
      2??) forget; return 0 ;;
      401 | 410) forget; say "the appliance ended this attempt (HTTP $_code on $_to)"; exit "$STOPPED" ;;
      4??) say "the appliance refused $_to: HTTP $_code"; forget; return 1 ;;
    esac
    [ "$(date +%s)" -lt "$_until" ] || { say "the appliance did not take $_to: HTTP $_code, $(tail -n 1 "$OCI_RUN/curl.$$" 2>/dev/null)"; forget; return 1; }
    sleep 2
  done
}
# An appliance that is being upgraded, or a switch that starts anew, is waited for.
phase() { tell /install/phase 1800 -d "phase=$1" ${2:+-d "percent=$2"}; }
# A percentage is worth one try only: the next one follows.
percent() { echo "$2" >"$WORK/percent"; tell /install/phase 0 -d "phase=$1" -d "percent=$2" || :; }

up() { read -r _up _ </proc/uptime; echo "${_up%%.*}"; }
# disk_megabytes: read from disks, and written to or discarded on them, since the live system started.
disk_megabytes() {
  awk '$3 !~ /^(ram|zram|sr)/ { if ($3 !~ /^loop/) read += $6; written += $10 + $17 }
    END { printf "%.0f MB read, %.0f MB written\n", read / 2048, written / 2048 }' /proc/diskstats
}
# doing: what the work is at, in words that are others whenever it moves.
doing() { printf '%s (%s)\n' "$(tail -n 1 "$WORK/log" 2>/dev/null | cut -c 1-120)" "$(disk_megabytes)"; }

# new_log: puts what the appliance has not got of the log into $WORK/log.new, and where it begins into $_at.
new_log() {
  _at=$(cat "$WORK/log.sent" 2>/dev/null) || _at=0
  tail -c "+$((_at + 1))" "$WORK/log" 2>/dev/null | head -c 65536 >"$WORK/log.new"
  [ -s "$WORK/log.new" ]
}
sent_log() { echo "$((_at + $(stat -c %s "$WORK/log.new")))" >"$WORK/log.sent"; }
rest_of_log() {
  for _ in 1 2 3 4 5 6 7 8; do
    new_log || return 0
    tell "/install/log?at=$_at" "$1" -H 'Content-Type: text/plain' --data-binary "@$WORK/log.new" || return 0
    sent_log
  done
}

# mutter PATH [curl options]: one request of the beat, which must not touch the answers of the work.
mutter() {
  _to=$1; shift
  curl -sS -o /dev/null -w '%{http_code}' --connect-timeout 5 -m 20 --cacert "$OCI_SITE/ca.pem" -H "@$WORK/auth" -X POST "$@" "$OCI_URL$_to" 2>/dev/null
}
# halt FILE WORDS: ends the step that runs; the beat then says no more, so that what cannot even be killed is not covered by it.
halt() {
  echo "$2" >"$WORK/$1"
  kill -TERM "$(cat "$WORK/step")" 2>/dev/null
  exit 0
}
# beat WORK-PID: says every few seconds what the work is at, and sends its log as it grows. A process of its own, so that
# no step can keep it from speaking. It ends with the work, whose child it is, and it ends a step that stands still.
beat() {
  _moved=$(up) _was=''
  while read -r _ _ _ _parent _ </proc/self/stat && [ "$_parent" = "$1" ]; do
    _doing=$(doing)
    _code=$(mutter /install/alive --data-urlencode "doing=$_doing") || :
    case $_code in 401 | 410) halt stopped "the appliance ended this attempt (HTTP $_code)" ;; esac
    if new_log; then case $(mutter "/install/log?at=$_at" -H 'Content-Type: text/plain' --data-binary "@$WORK/log.new") in 2??) sent_log ;; esac; fi
    _is="$_doing $(cat "$WORK/phase" "$WORK/percent" 2>/dev/null) $(du -sk "$WORK" 2>/dev/null)"
    [ "$_is" = "$_was" ] || _moved=$(up) _was=$_is
    [ "$(($(up) - _moved))" -lt "$STILL" ] || halt reason "nothing moved for $STILL seconds, no log, no disk, so it was stopped; look at the disk and at the end of the log"
    sleep "${OCI_HEARTBEAT:-5}"; sleep "${OCI_HEARTBEAT:-5}" # a word every ten seconds is enough, and starting curl is work
  done
}

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
# make_esp DEVICE: clusters of 4096 bytes whatever the sectors are, so that the size alone decides how many there are.
# Firmware tells FAT16 from FAT32 by that number, not by what the tool was asked for. Boot scripts know the label.
make_esp() {
  _sector=$(blockdev --getss "$1")
  strict mkfs.vfat -F 32 -S "$_sector" -s $((4096 / _sector)) -n OCI-ESP "$1"
  _clusters=$(clusters_of "$1")
  [ "${_clusters:-0}" -ge 65525 ] || die "the EFI system partition $1 has ${_clusters:-no} clusters of FAT32 where firmware wants 65525; it has $(bytes_of "$1") bytes in sectors of $_sector"
}
# make_root DEVICE UUID. The kernel fills the inode tables in the background of the first days.
make_root() { strict mkfs.ext4 -q -F -L oci-root -U "$2" -E lazy_itable_init=1,lazy_journal_init=1 "$1"; }

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

# confirmed DISK BYTES: the device node of an ordered disk, if it still is the disk that was ordered.
confirmed() {
  _disk=$(disk_of "$1") || return 1
  _size=$(bytes_of "$_disk") || die "the disk $1 ($_disk) cannot be opened; it may be broken, see the kernel log"
  [ "$_size" = "$2" ] || die "the disk $1 ($_disk) has $_size bytes, not the $2 that were reported when it was chosen; nothing was written, assign the machine again"
  echo "$_disk"
}

# each_disk: runs this step of a wipe once for every disk that its check found. One that fails keeps no other from being
# wiped: `leave` notes it with the reason, and the last step tells.
each_disk() {
  while read -r _name _dev; do
    ! cut -f1 "$WORK/left" 2>/dev/null | grep -qxF "$_name" || continue
    _rc=0; "$0" "$_name" "$_dev" </dev/null || _rc=$?
    case $_rc in 0) ;; "$STOPPED") exit "$STOPPED" ;; *) leave "$_name" "$_dev" ;; esac
  done <"$WORK/disks"
}
leave() {
  [ -s "$WORK/reason" ] || echo "the disk $1 (${2:-}) failed: $(tail -n 1 "$WORK/log" 2>/dev/null)" >"$WORK/reason"
  printf '%s\t%s\n' "$1" "$(head -n 1 "$WORK/reason")" >>"$WORK/left"; rm -f "$WORK/reason"
}

# end_session SID: ends what a session left running, but not the caller. Names are never used for that. Once more
# while some are found, for one may just have started another.
end_session() {
  for _ in 1 2 3; do
    # A process's name may hold blanks and brackets: the fields are counted from the last bracket.
    _left=$(cat /proc/[0-9]*/stat 2>/dev/null | awk -v "sid=$1" -v "me=$$" '
      { pid = $1; sub(/.*\) /, ""); if ($4 == sid && $1 != "Z" && pid != me && pid ~ /^[0-9]+$/) print pid }')
    [ -n "$_left" ] || return 0
    for _pid in $_left; do kill -9 "$_pid" 2>/dev/null || :; done
  done
}

# run_phases KIND STEP...: the scripts KIND.d/NN-STEP in order; the beat ends one that stands still.
run_phases() {
  _kind=$1; shift
  for PHASE; do
    echo "$PHASE" >"$WORK/phase"; rm -f "$WORK/reason"
    say "phase $PHASE"
    phase "$PHASE" 0 || { echo 'the appliance did not answer for half an hour' >"$WORK/reason"; return 1; }
    _rc=0
    # No limit of its own: timeout passes on what the beat says, to all that the step has started.
    timeout -k 10 0 "${0%/*}/$_kind.d"/[0-9][0-9]-"$PHASE" </dev/null >>"$WORK/log" 2>&1 & echo $! >"$WORK/step"
    wait $! || _rc=$?
    rm -f "$WORK/step"
    [ ! -e "$WORK/stopped" ] || { say "$(cat "$WORK/stopped")"; return "$STOPPED"; }
    [ "$_rc" = 0 ] || return "$_rc"
  done
}

# failed REASON-FILE: the log first, so that it is there when a person reads the reason.
failed() {
  rest_of_log 30
  tell /install/failed 1800 --data-urlencode "phase@$WORK/phase" --data-urlencode "reason@$1" || :
}

# work KIND STEP...: one whole attempt, in a session of its own so that nothing of it can stay behind.
work() {
  read_env "$OCI_SITE/site.env" OCI_URL OCI_HEARTBEAT || exit 1
  rm -f "$WORK/stopped" "$WORK/log.sent" "$WORK/percent"
  echo $$ >"$WORK/session"; : >"$WORK/log"
  ( set +e; beat $$ ) </dev/null >/dev/null 2>&1 &
  _rc=0
  ( run_phases "$@" ) || _rc=$?
  end_session $$
  unmount_target >>"$WORK/log" 2>&1 || :
  case $_rc in
    0) ( rest_of_log 10 ) || : ;;
    "$STOPPED") ;;
    *)
      [ -s "$WORK/reason" ] || echo "it ended with status $_rc: $(tail -n 1 "$WORK/log")" >"$WORK/reason"
      say "failed in $(cat "$WORK/phase"): $(cat "$WORK/reason")"
      failed "$WORK/reason"
      ;;
  esac
  rm -f "$WORK/session"
  return "$_rc"
}
unmount_target() {
  while mountpoint -q "$OCI_TARGET"; do umount -R "$OCI_TARGET" || { umount -Rl "$OCI_TARGET"; return; }; done
}
