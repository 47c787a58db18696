# An address of a machine or of the front, of either family, without a prefix length.
type Profile::Address = Pattern[/\A[0-9a-f.:]+\z/]
