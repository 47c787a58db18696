# The virtual router of one virtual address: the prefix length of its network, its number, and the addresses of this member
# and of the others on that network.
type Profile::Router = Struct[{
  prefix => Integer[0, 128],
  id     => Integer[1, 255],
  own    => Profile::Address,
  peers  => Array[Profile::Address],
}]
