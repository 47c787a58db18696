# The text of a secret, for classes that hide it themselves and take no Sensitive.
function profile::plain(Profile::Secret $secret) >> String[1] {
  $secret ? {
    Sensitive => $secret.unwrap,
    default   => $secret,
  }
}
