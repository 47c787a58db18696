# Who owns databases, under one name.
type Profile::Owner = Struct[{
  databases => Array[Pattern[/\A[a-z0-9_]+\z/], 1],
  password  => Profile::Secret,
}]
