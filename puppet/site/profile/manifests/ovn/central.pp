# OVN's databases, north and south, clustered over all members that have this (Raft), and what turns one into the other.
#
# @param address
#   Where members speak with each other.
# @param members
#   Addresses of all members, this one too; the first begins the cluster.
# @param certificate
#   This machine's.
class profile::ovn::central (
  Profile::Address $address,
  Array[Profile::Address, 1] $members,
  Profile::Certificate $certificate,
) {
  include profile::ground

  $tls = '/etc/ovn/tls'
  $first = $members[0] == $address

  package { 'ovn-central':
    ensure  => installed,
    require => Anchor['profile::ground::begin'],
  }

  file { $tls:
    ensure  => directory,
    owner   => 'root',
    group   => 'root',
    mode    => '0700',
    require => Package['ovn-central'],
  }

  profile::certificate_files { 'profile::ovn::central':
    certificate => $certificate,
    key         => "${tls}/host.key",
    crt         => "${tls}/host.crt",
    ca          => "${tls}/ca.crt",
    require     => File[$tls],
    before      => Service['ovn-central'],
  }

  file { '/etc/default/ovn-central':
    content => epp('profile/ovn-central.epp', {
      'hosts' => enclose_ipv6($members),
      'own'   => enclose_ipv6([$address])[0],
      'join'  => if $first { '' } else { enclose_ipv6([$members[0]])[0] },
      'tls'   => $tls,
    }),
    owner   => 'root',
    group   => 'root',
    mode    => '0644',
    require => Package['ovn-central'],
  }

  # The package made databases that stand alone; clustered ones are made in their place. Only what is surely standing alone is
  # put aside: a database that cannot be read is somebody's to mend, and is neither (ovsdb-tool ends with 1 then, not with 2).
  $alone = '/usr/bin/ovsdb-tool db-is-standalone'
  $aside = "if ${alone} \"\${f}\"; then /usr/bin/mv --backup=numbered \"\${f}\" \"\${f}.standalone\"; fi"
  exec { 'profile::ovn::central begins anew':
    command  => "/usr/bin/systemctl stop ovn-central 'ovn-ovsdb-server-*' ovn-northd; for f in /var/lib/ovn/ovn?b_db.db; do ${aside}; done",
    onlyif   => "${alone} /var/lib/ovn/ovnnb_db.db || ${alone} /var/lib/ovn/ovnsb_db.db",
    provider => shell,
    timeout  => 0,
    require  => File['/etc/default/ovn-central'],
    before   => Service['ovn-central'],
  }

  # The first makes a cluster where it has no database; but not where the others have gone on without it, because it was
  # installed anew: half of the machines would obey an empty one. Clients are let in by whole members only.
  $others = $members - $address
  if $first and !$others.empty {
    $join = { 'nb' => ['Northbound', 6641, 6643], 'sb' => ['Southbound', 6642, 6644] }
    $join.each |String $which, Array $told| {
      $raft = "ssl:${enclose_ipv6([$address])[0]}:${told[2]}"
      $there = if $address =~ /:/ { "[\${there}]" } else { "\${there}" }
      $make = "/usr/bin/ovsdb-tool join-cluster /var/lib/ovn/ovn${which}_db.db"
      $asked = profile::answer($others, $told[1])
      exec { "profile::ovn::central joins those who have a ${which}":
        command  => "there=\$( ${asked} ) && ${make} OVN_${told[0]} ${raft} \"ssl:${there}:${told[2]}\"",
        onlyif   => $asked,
        creates  => "/var/lib/ovn/ovn${which}_db.db",
        provider => shell,
        timeout  => 0,
        require  => Exec['profile::ovn::central begins anew'],
        before   => Service['ovn-central'],
      }
    }
  }

  service { 'ovn-central':
    ensure    => running,
    enable    => true,
    subscribe => File['/etc/default/ovn-central'],
    before    => Anchor['profile::ground::end'],
  }

  # It is in the database itself, so that the first says it for all.
  if $first {
    $ports = { 'nb' => 6641, 'sb' => 6642 }
    $ports.each |String $which, Integer $port| {
      $client = "/usr/bin/ovn-${which}ctl --timeout=60 --no-leader-only"
      exec { "OVN's ${which} listens":
        command  => "${client} set-connection pssl:${port}:[::]",
        unless   => "${client} get-connection | /usr/bin/grep -qF 'pssl:${port}:[::]'",
        provider => shell,
        timeout  => 0,
        require  => Service['ovn-central'],
        before   => Anchor['profile::ground::end'],
      }
    }
  }

  profile::check { 'ovn.leader': }
}
