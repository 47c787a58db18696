# What is made in the services of a cloud when all of them have been started, by one process for all: its start is most of what
# it costs, and each run of Puppet asks whether something differs.
class profile::seeds {
  include profile::seeder

  $folder = '/etc/oci/seeds.d'

  # No others are kept: what is no longer declared is not made.
  file { $folder:
    ensure  => directory,
    owner   => 'root',
    group   => 'root',
    mode    => '0700',
    purge   => true,
    recurse => true,
  }

  # Services may take a while to answer, for which the program waits.
  exec { 'profile::seeds':
    command => "/usr/lib/oci/oci-seed ${folder}",
    unless  => "/usr/lib/oci/oci-seed --check ${folder}",
    timeout => 0,
    require => File[$folder, '/usr/lib/oci/oci-seed'],
  }

  Anchor<| title == 'neutron::service::end' or title == 'nova::service::end' |> -> Exec['profile::seeds']
}
