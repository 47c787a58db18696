# What every service of OpenStack on this machine is told of its cloud.
#
# api: name of the front; address: this machine's own; memcached, rabbits: hosts as they stand in a URL; first: whether this
# member does what is done once, such as making tables; workers: processes of each service.
type Profile::Cloud = Struct[{
  api       => Pattern[/\A[a-z0-9.-]+\z/],
  region    => Pattern[/\A[A-Za-z][A-Za-z0-9_-]*\z/],
  address   => Profile::Address,
  memcached => Array[String[1]],
  rabbits   => Array[String[1]],
  first     => Boolean,
  workers   => Integer[1],
  debug     => Boolean,
}]
