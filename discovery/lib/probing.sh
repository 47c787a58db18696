# Running the probes into a directory, and telling whether what they said is new.
# shellcheck shell=sh disable=SC2034
PROBES=${OCI_PROBES:-${0%/*}/probes}
PROBE_SECONDS=${OCI_PROBE_SECONDS:-120}

# One after the other, since all at once take twice as long on one processor; but none keeps the next waiting for more
# than two seconds, and one that fails, hangs or babbles spoils nothing but its own part. A process that waits for a
# dead disk cannot even be killed; it is not waited for either.
probe() {
  rm -rf "$1"; mkdir -p "$1"; mkfifo "$1/said.fifo"
  exec 3<>"$1/said.fifo"
  _until=$(($(up) + PROBE_SECONDS))
  while sleep 1; echo tick; [ "$(up)" -lt "$_until" ]; do :; done >&3 &
  _ticker=$!
  for _probe in "$PROBES"/*; do
    _name=${_probe##*/}
    (
      ulimit -f 2048 # blocks of 512 bytes: an endless output ends at 1 MiB
      timeout -k 2 "$((PROBE_SECONDS - 5))" "$_probe" >"$1/$_name" 2>"$1/$_name.all" </dev/null 3>&-
      printf %s $? >"$1/$_name.exit"; echo ended >&3
    ) &
    _ticks=0
    until [ -s "$1/$_name.exit" ] || [ "$_ticks" -ge 2 ]; do read -r _word <&3; [ "$_word" != tick ] || _ticks=$((_ticks + 1)); done
  done 2>/dev/null
  for _probe in "$PROBES"/*; do
    _name=${_probe##*/}
    until [ -s "$1/$_name.exit" ] || [ "$(up)" -ge "$_until" ]; do read -r _word <&3; done
    [ -s "$1/$_name.exit" ] || printf 124 >"$1/$_name.exit"
    : >"$1/$_name.err"; [ ! -s "$1/$_name.all" ] || head -c 16384 "$1/$_name.all" >"$1/$_name.err"
  done
  kill "$_ticker" 2>/dev/null; exec 3>&-
  rm -f "$1"/*.all "$1/said.fifo"
}
hash_of() {
  (
    cd "$1" && set --
    for _part in *; do case $_part in *.* | clock) ;; *) set -- "$@" "$_part" ;; esac; done
    sha256sum "$@" | sha256sum | cut -d' ' -f1
  )
}
