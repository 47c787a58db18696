# A shell command that prints the first of `members` where somebody listens at `port`, and ends with 1 when nobody does. It is
# for a port that is opened by those only who are whole members of their cluster. A machine that is away is waited for: who is
# taken for absent on a busy one would be left out for good.
function profile::answer(Array[String[1], 1] $members, Stdlib::Port $port) >> String[1] {
  $ask = "/usr/bin/timeout 60 /usr/bin/bash -c \"</dev/tcp/\${one}/${port}\" 2>/dev/null"

  "(for one in ${members.join(' ')}; do if ${ask}; then echo \"\${one}\"; exit 0; fi; done; exit 1)"
}
