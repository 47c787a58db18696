# The beat: says that a machine at work goes on, and ends a step in which nothing moves.
# shellcheck shell=sh disable=SC2034,SC2154
STILL=${OCI_STILL:-1800} # seconds that a phase may stand still; as long as anything moves it may take any time

# disk_megabytes: read from disks, and written to or discarded on them, since the live system started.
disk_megabytes() {
  awk '$3 !~ /^(ram|zram|sr)/ { if ($3 !~ /^loop/) read += $6; written += $10 + $17 }
    END { printf "%.0f MB read, %.0f MB written\n", read / 2048, written / 2048 }' /proc/diskstats
}
# doing: what the work is at, in words that are others whenever it moves.
doing() { printf '%s (%s)\n' "$(tail -n 1 "$WORK/log" 2>/dev/null | cut -c 1-120)" "$(disk_megabytes)"; }

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
