# The control side of Neutron: the API and what works for it, with ML2 and OVN.
#
# @param cloud
#   What every service is told.
# @param password
#   Of its user in Keystone.
# @param nova_password
#   Of Nova's user in Keystone, whom it tells of ports.
# @param placement_password
#   Of Placement's user in Keystone.
# @param database_password
#   Of its user in the database.
# @param physical
#   Names of the networks outside of the cloud.
# @param north
#   Connections to OVN's northern database.
# @param south
#   Connections to OVN's southern database.
class profile::neutron (
  Profile::Cloud $cloud,
  Profile::Secret $password,
  Profile::Secret $nova_password,
  Profile::Secret $placement_password,
  Profile::Secret $database_password,
  Array[String[1]] $physical,
  Array[Pattern[/\Assl:/], 1] $north,
  Array[Pattern[/\Assl:/], 1] $south,
) {
  include profile::neutron::common

  $identity = "https://${cloud['api']}/identity"
  $ssl = $profile::neutron::common::ssl
  $key = "${ssl}/private/host.pem"
  $crt = "${ssl}/public/host.crt"
  $ca = '/etc/ssl/certs/ca-certificates.crt'
  $user = { 'auth_url' => $identity, 'region_name' => $cloud['region'], 'endpoint_type' => 'internal' }

  class { 'neutron::db':
    database_connection => profile::database($cloud, 'neutron', $database_password),
  }

  class { 'neutron::keystone::authtoken':
    * => profile::authtoken($cloud, $password),
  }

  if $cloud['first'] {
    # Puppet's own limit would end it on a busy machine.
    class { 'neutron::db::sync':
      db_sync_timeout => 0,
    }
  }

  class { 'neutron::server':
    sync_db                      => $cloud['first'],
    api_workers                  => $cloud['workers'],
    rpc_workers                  => $cloud['workers'],
    enable_proxy_headers_parsing => true,
  }

  class { 'neutron::wsgi::uwsgi':
    processes => $cloud['workers'],
    threads   => 4,
  }

  class { 'neutron::server::notifications': }

  class { 'neutron::server::notifications::nova':
    password => profile::plain($nova_password),
    *        => $user,
  }

  class { 'neutron::server::placement':
    password => profile::plain($placement_password),
    *        => $user,
  }

  # Where the classes have no parameter for it.
  neutron_config {
    'nova/cafile':      value => $ca;
    'placement/cafile': value => $ca;
  }

  class { 'neutron::plugins::ml2':
    type_drivers         => ['geneve', 'flat', 'vlan'],
    tenant_network_types => ['geneve'],
    mechanism_drivers    => ['ovn'],
    extension_drivers    => ['port_security'],
    flat_networks        => $physical,
    network_vlan_ranges  => $physical,
    vni_ranges           => ['1:65536'],
    # What Geneve of OVN needs.
    max_header_size      => 38,
  }

  class { 'neutron::plugins::ml2::ovn':
    ovn_nb_connection    => $north,
    ovn_sb_connection    => $south,
    ovn_nb_private_key   => $key,
    ovn_nb_certificate   => $crt,
    ovn_nb_ca_cert       => "${ssl}/ca.crt",
    ovn_sb_private_key   => $key,
    ovn_sb_certificate   => $crt,
    ovn_sb_ca_cert       => "${ssl}/ca.crt",
    ovn_metadata_enabled => true,
  }

  # Debian has it; the module knows neither its package nor its service there.
  package { 'neutron-ovn-maintenance-worker':
    ensure => installed,
    tag    => 'neutron-package',
  }

  service { 'neutron-ovn-maintenance-worker':
    ensure => running,
    enable => true,
    tag    => 'neutron-service',
  }

  # Debian has only start scripts for these two: nobody would see that one has died, nor start it again.
  ['neutron-ovn-maintenance-worker', 'neutron-periodic-workers'].each |String $name| {
    $unit = "/etc/systemd/system/${name}.service"

    file { $unit:
      content => epp('profile/neutron-worker.service.epp', { 'name' => $name }),
      owner   => 'root',
      group   => 'root',
      mode    => '0644',
      require => Anchor['neutron::install::end'],
      notify  => Anchor['neutron::service::begin'],
    }

    exec { "systemd knows the unit of ${name}":
      command  => '/usr/bin/systemctl daemon-reload',
      unless   => "/usr/bin/systemctl show --value --property FragmentPath ${name}.service | /usr/bin/grep -qxF ${unit}",
      provider => shell,
      timeout  => 0,
      require  => File[$unit],
      before   => Anchor['neutron::service::begin'],
    }
  }

  Anchor['profile::ground::end'] -> Anchor['neutron::dbsync::begin']

  if $cloud['first'] {
    profile::schema { 'neutron':
      package => 'neutron-common',
    }
  }
}
