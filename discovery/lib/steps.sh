# One whole attempt: its steps in order, in a session of its own, and what is told of its end.
# shellcheck shell=sh disable=SC2034

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
