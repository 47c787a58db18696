# A certificate as OCI gives it out, PEM: its key, itself with what is between it and the authority, and that authority.
type Profile::Certificate = Struct[{
  key => Profile::Secret,
  crt => Profile::Secret,
  ca  => Profile::Secret,
}]
