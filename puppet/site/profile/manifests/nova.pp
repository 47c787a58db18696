# The control side of Nova: API, metadata, conductor, scheduler, consoles, and one cell beside cell0.
#
# @param cloud
#   What every service is told.
# @param password
#   Of its user in Keystone.
# @param database_password
#   Of its user in the database.
# @param metadata_secret
#   What the agents that ask for metadata sign with.
# @param flavors
#   By name: what servers of users may be given. None but for the first member.
class profile::nova (
  Profile::Cloud $cloud,
  Profile::Secret $password,
  Profile::Secret $database_password,
  Profile::Secret $metadata_secret,
  Hash[String[1], Profile::Flavor] $flavors,
) {
  include profile::nova::common

  $first = $cloud['first']
  $ssl = $profile::nova::common::ssl

  class { 'nova::db':
    database_connection     => profile::database($cloud, 'nova', $database_password),
    api_database_connection => profile::database($cloud, 'nova', $database_password, 'nova_api'),
  }

  class { 'nova::keystone::authtoken':
    * => profile::authtoken($cloud, $password),
  }

  class { 'nova::cache':
    enabled          => true,
    backend          => 'dogpile.cache.pymemcache',
    memcache_servers => $cloud['memcached'],
  }

  if $first {
    # Puppet's own limit would end them on a busy machine.
    class { ['nova::db::sync', 'nova::db::sync_api']:
      db_sync_timeout => 0,
    }
  }

  class { 'nova::api':
    sync_db                      => $first,
    sync_db_api                  => $first,
    enable_proxy_headers_parsing => true,
  }

  class { 'nova::metadata':
    neutron_metadata_proxy_shared_secret => profile::plain($metadata_secret),
  }

  # The API takes one request at a time in each process, and is asked by others while it asks them.
  class { 'nova::wsgi::uwsgi_api':
    processes => $cloud['workers'] + 1,
    threads   => 1,
  }

  class { 'nova::wsgi::uwsgi_api_metadata':
    processes => $cloud['workers'],
    threads   => 1,
  }

  class { 'nova::conductor':
    workers => $cloud['workers'],
  }

  # One scheduler alone looks for computes that are new.
  class { 'nova::scheduler':
    workers                          => $cloud['workers'],
    discover_hosts_in_cells_interval => if $first { 15 } else { -1 },
  }

  class { 'nova::scheduler::filter': }

  # To computes it speaks by TLS with a certificate of its own.
  class { 'nova::vncproxy':
    host           => $cloud['address'],
    allow_noauth   => false,
    allow_vencrypt => true,
    vencrypt_key   => "${ssl}/private/host.pem",
    vencrypt_cert  => "${ssl}/public/host.crt",
    vencrypt_ca    => "${ssl}/ca.crt",
  }

  Anchor['profile::ground::end'] -> Anchor['nova::dbsync_api::begin']

  if $first {
    include profile::nova::cells

    profile::schema { 'nova':
      package => 'nova-common',
      begin   => 'nova::dbsync_api::begin',
    }

    unless $flavors.empty {
      include profile::nova::flavors
    }
  }

  profile::check { 'nova.services':
    told => {
      'api' => $cloud['api'],
    },
  }
}
