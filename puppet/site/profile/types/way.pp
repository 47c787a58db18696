# How one service is reached through the front: its port on each member, and how a request is told to be for it: by its path,
# or by an expression of HAProxy (`when`). `health` is asked to see whether a member is well; `keep`: it is asked with its path;
# `alone`: the others are asked only when the first is away.
type Profile::Way = Struct[{
  port    => Stdlib::Port,
  path    => Pattern[/\A(\/[a-z]+)?\z/],
  when    => String,
  health  => Pattern[/\A\/\S*\z/],
  keep    => Boolean,
  alone   => Boolean,
  members => Hash[String[1], Profile::Address, 1],
}]
