# Talking to the appliance: requests, phases, the log.
# shellcheck shell=sh disable=SC2034

# ask AUTH PATH [curl options]: one request; prints the HTTP status, the answer goes to $OCI_RUN/answer.PID.
# The bearer stays in its file: arguments and environment can be read by every process.
ask() {
  _auth=$1 _path=$2; shift 2
  _code=$(curl -sS -o "$OCI_RUN/answer.$$" -w '%{http_code}' --connect-timeout 5 -m "${ASK_SECONDS:-20}" \
    --cacert "$OCI_SITE/ca.pem" -H "@$_auth" -X POST "$@" "$OCI_URL$_path" 2>"$OCI_RUN/curl.$$") || _code=000
  echo "${_code:-000}"
}
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

# failed REASON-FILE: the log first, so that it is there when a person reads the reason.
failed() {
  rest_of_log 30
  tell /install/failed 1800 --data-urlencode "phase@$WORK/phase" --data-urlencode "reason@$1" || :
}
