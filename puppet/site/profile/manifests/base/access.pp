# Who may sign in as root. Part of profile::base.
class profile::base::access {
  file { '/root/.ssh':
    ensure => directory,
    owner  => 'root',
    group  => 'root',
    mode   => '0700',
  }

  # The whole file, so that a key that is no longer named opens nothing.
  file { '/root/.ssh/authorized_keys':
    content   => epp('profile/authorized_keys.epp', { 'keys' => $profile::base::ssh_authorized_keys }),
    owner     => 'root',
    group     => 'root',
    mode      => '0600',
    show_diff => false,
  }
}
