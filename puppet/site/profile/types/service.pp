# A service as Keystone's catalogue has it: what people read, its path below the front, and the password of its user.
type Profile::Service = Struct[{
  description => String[1],
  path        => Pattern[/\A\/\S+\z/],
  password    => Profile::Secret,
}]
