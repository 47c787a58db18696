# The database of a cloud: MariaDB as a Galera cluster, which has one member or more.
#
# Written here, because the modules that there are log in with a password where root needs none, change a database of MariaDB
# 11 at every run, and begin a cluster by guessing: docs/adr/0023-one-https-port.md.
#
# @param cluster
#   Name of the Galera cluster.
# @param address
#   Where this member listens.
# @param members
#   Addresses of all members, this one too.
# @param first
#   Whether this member begins the cluster and makes databases and users.
# @param pool_mib
#   MiB of memory for tables and indexes.
# @param owners
#   By user: the databases that it owns, and its password.
# @param certificate
#   The front's, because clients come through there and compare the name.
class profile::mariadb (
  Pattern[/\A[a-z0-9-]+\z/] $cluster,
  Profile::Address $address,
  Array[Profile::Address, 1] $members,
  Boolean $first,
  Integer[16] $pool_mib,
  Hash[Pattern[/\A[a-z_]+\z/], Profile::Owner] $owners,
  Profile::Certificate $certificate,
) {
  include profile::ground

  $tls = '/etc/mysql/tls'

  package { ['mariadb-server', 'rsync', 'stunnel4']:
    ensure  => installed,
    require => Anchor['profile::ground::begin'],
  }

  file { $tls:
    ensure  => directory,
    owner   => 'root',
    group   => 'mysql',
    mode    => '0750',
    require => Package['mariadb-server'],
  }

  profile::certificate_files { 'profile::mariadb':
    certificate => $certificate,
    key         => "${tls}/front.key",
    crt         => "${tls}/front.crt",
    ca          => "${tls}/ca.crt",
    group       => 'mysql',
    mode        => '0640',
    require     => File[$tls],
  }

  file { '/etc/mysql/mariadb.conf.d/99-oci.cnf':
    content => epp('profile/mariadb.cnf.epp', {
      'cluster'  => $cluster,
      'address'  => $address,
      'members'  => $members,
      'pool_mib' => $pool_mib,
      'tls'      => $tls,
    }),
    owner   => 'root',
    group   => 'root',
    mode    => '0644',
    require => Profile::Certificate_files['profile::mariadb'],
  }

  class { 'profile::mariadb::member':
    address => $address,
    members => $members,
    first   => $first,
    require => [File['/etc/mysql/mariadb.conf.d/99-oci.cnf'], Profile::Arenas['mariadb']],
    before  => Service['mariadb'],
  }

  profile::arenas { 'mariadb': }

  # Restarted for a new configuration only where nobody else is needed to come back: several are restarted one by one, by
  # whoever looks after the whole cluster.
  service { 'mariadb':
    ensure => running,
    enable => true,
  }

  if $members.length == 1 {
    File['/etc/mysql/mariadb.conf.d/99-oci.cnf'] ~> Service['mariadb']
    Profile::Certificate_files['profile::mariadb'] ~> Service['mariadb']
  }

  exec { 'profile::mariadb is synced':
    command   => "/usr/bin/mariadb -BNe 'SHOW STATUS LIKE \"wsrep_local_state_comment\"' | /usr/bin/grep -qw Synced",
    unless    => "/usr/bin/mariadb -BNe 'SHOW STATUS LIKE \"wsrep_local_state_comment\"' | /usr/bin/grep -qw Synced",
    provider  => shell,
    tries     => 60,
    try_sleep => 2,
    timeout   => 0,
    require   => Service['mariadb'],
    before    => Anchor['profile::ground::end'],
  }

  if $first {
    class { 'profile::mariadb::owners':
      owners  => $owners,
      require => Exec['profile::mariadb is synced'],
      before  => Anchor['profile::ground::end'],
    }
  }

  profile::check { 'mariadb.synced': }
}
