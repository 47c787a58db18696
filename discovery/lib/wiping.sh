# What the steps of a wipe share: one disk after the other, whatever becomes of each.
# shellcheck shell=sh disable=SC2034

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
