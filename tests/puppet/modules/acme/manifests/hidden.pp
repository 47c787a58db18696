# What a profile with a secret does first: whatever way it came, from here on it is Sensitive.
class acme::hidden (Profile::Secret $key) {
  $hidden = Sensitive($key)
  file { '/etc/acme.key':
    content => $hidden,
    mode    => '0600',
  }
}
