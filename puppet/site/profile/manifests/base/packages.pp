# Where packages come from, and those that profile::base itself needs. Part of profile::base.
class profile::base::packages {
  $needed = ['ca-certificates', 'chrony']

  file { '/etc/apt/sources.list.d/oci.sources':
    content => epp('profile/oci.sources.epp', {
      'uri'        => $profile::base::apt_uri,
      'suites'     => $profile::base::apt_suite,
      'components' => $profile::base::apt_components,
    }),
    owner   => 'root',
    group   => 'root',
    mode    => '0644',
  }

  # What the installed image was built from is not necessarily reachable from here.
  file { ['/etc/apt/sources.list', '/etc/apt/sources.list.d/debian.sources']:
    ensure => absent,
  }

  # The lists are large: they are only fetched when something has to be installed.
  exec { 'profile::base::packages update':
    command => ['/usr/bin/apt-get', '--quiet', 'update'],
    unless  => [['/usr/bin/dpkg-query', '--show'] + $needed],
    timeout => 0,
    require => File['/etc/apt/sources.list.d/oci.sources', '/etc/apt/sources.list'],
  }

  package { $needed:
    ensure  => installed,
    require => Exec['profile::base::packages update'],
  }
}
