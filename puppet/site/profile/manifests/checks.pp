# Where a machine's checks lie, and what they are made of. No others are kept: what a machine no longer does is not looked at.
class profile::checks {
  File {
    owner => 'root',
    group => 'root',
  }

  file { '/etc/oci/checks.d':
    ensure  => directory,
    mode    => '0755',
    purge   => true,
    recurse => true,
  }

  file { '/usr/lib/oci/oci_checks.py':
    source => 'puppet:///modules/profile/oci_checks.py',
    mode   => '0644',
  }
}
