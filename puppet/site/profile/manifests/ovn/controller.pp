# Open vSwitch, told by OVN what to do with packets of this machine.
#
# Written here, because Debian's module of OVN lacks a type that its class needs, and a module of ours with the same name
# would take the place of all of it.
#
# @param hostname
#   Name of its chassis, the short one: a port is bound where Nova and OVN call the machine the same.
# @param encapsulation
#   The address that tunnels end at.
# @param datapath_type
#   What forwards packets: system is the kernel's, netdev is Open vSwitch itself.
# @param south
#   Connections to OVN's southern database.
# @param physical
#   Name of the network outside of the cloud, which br-ex leads to.
# @param interface
#   The interface that leads there, and becomes a port of br-ex; empty: none.
# @param certificate
#   This machine's.
class profile::ovn::controller (
  Pattern[/\A[a-z0-9-]+\z/] $hostname,
  Profile::Address $encapsulation,
  Enum['system', 'netdev'] $datapath_type,
  Array[Pattern[/\Assl:/], 1] $south,
  Pattern[/\A[a-z]+\z/] $physical,
  Pattern[/\A([A-Za-z0-9][A-Za-z0-9._-]{0,14})?\z/] $interface,
  Profile::Certificate $certificate,
) {
  include profile::ground

  $tls = '/etc/openvswitch/tls'
  # Without a limit it waits for ever for a switch that does not run.
  $vsctl = '/usr/bin/ovs-vsctl --timeout=60'

  package { ['openvswitch-switch', 'ovn-host']:
    ensure  => installed,
    require => Anchor['profile::ground::begin'],
  }

  file { $tls:
    ensure  => directory,
    owner   => 'root',
    group   => 'root',
    mode    => '0700',
    require => Package['openvswitch-switch'],
  }

  profile::certificate_files { 'profile::ovn::controller':
    certificate => $certificate,
    key         => "${tls}/host.key",
    crt         => "${tls}/host.crt",
    ca          => "${tls}/ca.crt",
    require     => File[$tls],
    notify      => Service['ovn-host'],
  }

  $ssl = "--ovn-controller-ssl-key=${tls}/host.key --ovn-controller-ssl-cert=${tls}/host.crt --ovn-controller-ssl-ca-cert=${tls}/ca.crt"
  file { '/etc/default/ovn-host':
    content => "# Made by Puppet.\nOVN_CTL_OPTS=\"${ssl}\"\n",
    owner   => 'root',
    group   => 'root',
    mode    => '0644',
    require => Package['ovn-host'],
    notify  => Service['ovn-host'],
  }

  service { 'ovsdb-server':
    ensure  => running,
    require => Package['openvswitch-switch'],
  }

  # A kernel leaves the checksum of what goes over a pair of its own interfaces to a card; where the switch is no part of the
  # kernel, nobody adds it, and servers drop what the machine itself answers, such as metadata. It is read at a start alone.
  if $datapath_type == 'netdev' {
    exec { 'the switch adds what a card would':
      command  => "/usr/bin/systemctl stop ovs-vswitchd && ${vsctl} --no-wait set Open_vSwitch . other_config:userspace-tso-enable=true",
      unless   => "${vsctl} get Open_vSwitch . other_config:userspace-tso-enable | /usr/bin/grep -qw true",
      provider => shell,
      timeout  => 0,
      require  => Service['ovsdb-server'],
      before   => Service['openvswitch-switch', 'ovs-vswitchd'],
    }
  }

  service { 'openvswitch-switch':
    ensure  => running,
    enable  => true,
    require => Service['ovsdb-server'],
  }

  service { 'ovs-vswitchd':
    ensure  => running,
    require => Service['openvswitch-switch'],
    before  => Service['ovn-host'],
  }

  $keys = {
    'ovn-remote'               => $south.join(','),
    'ovn-encap-type'           => 'geneve',
    'ovn-encap-ip'             => $encapsulation,
    'ovn-bridge'               => 'br-int',
    'ovn-bridge-mappings'      => "${physical}:br-ex",
    'ovn-bridge-datapath-type' => $datapath_type,
    'ovn-cms-options'          => 'enable-chassis-as-gw',
    'ovn-remote-probe-interval' => '60000',
    'hostname'                 => $hostname,
  }

  $keys.each |String $key, String $value| {
    exec { "OVN is told ${key}":
      command  => "${vsctl} set Open_vSwitch . 'external_ids:${key}=\"${value}\"'",
      unless   => "${vsctl} get Open_vSwitch . 'external_ids:${key}' | /usr/bin/tr -d '\"' | /usr/bin/grep -qxF '${value}'",
      provider => shell,
      timeout  => 0,
      require  => Service['openvswitch-switch'],
      notify   => Service['ovn-host'],
    }
  }

  $port = $interface ? {
    ''      => { 'add' => '', 'has' => '' },
    default => {
      'add' => " -- --may-exist add-port br-ex ${interface}",
      'has' => " && ${vsctl} list-ports br-ex | /usr/bin/grep -qxF ${interface}",
    },
  }
  $add = "${vsctl} --may-exist add-br br-ex -- set bridge br-ex datapath_type=${datapath_type}${port['add']}"
  $has = "${vsctl} get bridge br-ex datapath_type | /usr/bin/grep -qw ${datapath_type}${port['has']}"
  exec { 'br-ex leads outside':
    command  => "${add} && /usr/sbin/ip link set br-ex up",
    unless   => "${has} && /usr/sbin/ip -br link show up dev br-ex | /usr/bin/grep -q .",
    provider => shell,
    timeout  => 0,
    require  => Service['openvswitch-switch'],
    before   => Service['ovn-host'],
  }

  service { 'ovn-host':
    ensure => running,
    enable => true,
  }

  profile::check { 'ovn.chassis':
    told => {
      'datapath_type' => $datapath_type,
    },
  }
}
