# A network outside of the cloud: where it is, who leads on, which addresses servers have (first and last of each range), by which
# tag it is carried (0: none), and its largest packet.
type Profile::Outside = Struct[{
  cidr    => String[1],
  gateway => String,
  pools   => Array[Tuple[Profile::Address, Profile::Address], 1],
  vlan    => Integer[0, 4094],
  mtu     => Integer[576],
}]
