# Time from the site's servers. Part of profile::base.
class profile::base::clock {
  file { '/etc/chrony/chrony.conf':
    content => epp('profile/chrony.conf.epp', { 'servers' => $profile::base::ntp_servers }),
    owner   => 'root',
    group   => 'root',
    mode    => '0644',
    notify  => Service['chrony'],
  }

  service { 'chrony':
    ensure => running,
    enable => true,
  }
}
