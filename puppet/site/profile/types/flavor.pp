# A flavor: its id in Nova, virtual CPUs, MiB of memory, GiB of disk.
type Profile::Flavor = Struct[{
  id    => Pattern[/\A[0-9a-f-]{36}\z/],
  vcpus => Integer[1],
  ram   => Integer[1],
  disk  => Integer[0],
}]
