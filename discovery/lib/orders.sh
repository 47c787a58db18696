# Where things are, and reading what the appliance says. Every script begins with this.
# Every path can be moved by a variable, so that the same scripts run on loop disks in a namespace.
# shellcheck shell=sh disable=SC2034
OCI_RUN=${OCI_RUN:-/run/oci}
OCI_SITE=${OCI_SITE:-$OCI_RUN/site}
OCI_TARGET=${OCI_TARGET:-$OCI_RUN/target}
OCI_SYS=${OCI_SYS:-/sys}
OCI_REBOOT=${OCI_REBOOT:-reboot}
OCI_POWEROFF=${OCI_POWEROFF:-poweroff}
WORK=$OCI_RUN/work
STOPPED=10 # exit status: the appliance said stop, or does not know this attempt any more
umask 077

# Seconds since the start: the time of day may be set meanwhile.
up() { read -r _up _ </proc/uptime; echo "${_up%%.*}"; }
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
