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
# @param outside
#   By name: the networks outside by which servers of users are reached.
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
  Hash[String[1], Profile::Outside] $outside,
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
    # Agents of OVN speak by its databases alone. Who waits for others at the queue would keep 200 MiB for nothing.
    rpc_service_name             => false,
    rpc_workers                  => 0,
    rpc_state_report_workers     => 0,
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

  profile::lean { '/etc/neutron/plugins/ml2/ml2_conf.ini':
    project => 'neutron',
  }

  include profile::neutron::workers

  Anchor['profile::ground::end'] -> Anchor['neutron::dbsync::begin']

  if $cloud['first'] {
    profile::schema { 'neutron':
      package => 'neutron-common',
    }

    unless $outside.empty {
      include profile::neutron::outside
    }
  }

  profile::check { 'neutron.agents':
    told => {
      'api' => $cloud['api'],
    },
  }
}
