# The virtual addresses of a cluster, on one of the members that have this (VRRP without multicast).
#
# @param hostname
#   Name of this member.
# @param priority
#   The highest of those who are well holds the address.
# @param routers
#   By virtual address: its prefix length, the number of its virtual router, and the addresses of this member and the others
#   on the same network.
class profile::keepalived (
  String[1] $hostname,
  Integer[1, 254] $priority,
  Hash[Profile::Address, Profile::Router] $routers,
) {
  include profile::ground

  # The card is the one that has the address beside it.
  $cards = $facts['networking']['interfaces'].map |String $name, Hash $card| {
    ($card['bindings'] + $card['bindings6']).filter |Any $held| { $held =~ Hash }.map |Hash $held| { [$held['address'], $name] }
  }.reduce([]) |Array $all, Array $some| { $all + $some }
  $interfaces = Hash($cards)

  $routers.each |String $address, Hash $router| {
    unless $router['own'] in $interfaces {
      fail("${hostname} has no interface with ${router['own']}, which is to hold ${address}; look at its network first")
    }
  }

  package { 'keepalived':
    ensure  => installed,
    require => Anchor['profile::ground::begin'],
  }

  file { '/etc/keepalived/keepalived.conf':
    content => epp('profile/keepalived.conf.epp', {
      'hostname'   => $hostname,
      'priority'   => $priority,
      'routers'    => $routers,
      'interfaces' => $interfaces,
    }),
    owner   => 'root',
    group   => 'root',
    mode    => '0644',
    require => Package['keepalived'],
    notify  => Service['keepalived'],
  }

  service { 'keepalived':
    ensure  => running,
    enable  => true,
    restart => '/usr/bin/systemctl reload-or-restart keepalived',
  }

  # The front of one answers for it: what follows speaks with the cloud by this address.
  $routers.keys.each |String $address| {
    $ask = "/usr/bin/timeout 2 /usr/bin/bash -c '</dev/tcp/${address}/443'"
    exec { "${address} is held by a member":
      command   => $ask,
      unless    => $ask,
      provider  => shell,
      tries     => 60,
      try_sleep => 1,
      timeout   => 0,
      require   => Service['keepalived'],
      before    => Anchor['profile::ground::end'],
    }
  }

  profile::check { 'vip.held':
    told => {
      'addresses' => $routers.keys,
    },
  }
}
