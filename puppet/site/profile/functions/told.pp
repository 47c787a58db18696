# How a run knows that a program was told what `file` says: by the sum of the text, kept under a name in the state of the
# ground. Not by times: a clock that was ahead once would hide every change until it is that late again.
#
# `is`: a shell command that ends with 0 when it was told this very text; `remember`: one that writes down that it was.
function profile::told(Stdlib::Absolutepath $file, String[1] $name) >> Hash[String[1], String[1]] {
  $stamp = "${profile::ground::state}/${name}"
  $commands = {
    'is'       => "/usr/bin/sha256sum --status --check ${stamp} 2>/dev/null",
    'remember' => "/usr/bin/sha256sum ${file} > ${stamp}",
  }

  $commands
}
