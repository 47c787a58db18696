# Images, in files of this machine.
#
# Debian starts it without uwsgi, and so without TLS: it listens on the loopback, and HAProxy of the same machine offers it
# by TLS.
#
# @param cloud
#   What every service is told.
# @param password
#   Of its user in Keystone.
# @param database_password
#   Of its user in the database.
class profile::glance (
  Profile::Cloud $cloud,
  Profile::Secret $password,
  Profile::Secret $database_password,
) {
  include profile::ground
  include glance::deps

  class { 'glance::api::logging':
    debug => $cloud['debug'],
  }

  class { 'glance::api::db':
    database_connection => profile::database($cloud, 'glance', $database_password),
  }

  class { 'glance::api::authtoken':
    * => profile::authtoken($cloud, $password),
  }

  glance::backend::multistore::file { 'files':
    filesystem_store_datadir => '/var/lib/glance/images',
  }

  if $cloud['first'] {
    # Puppet's own limit would end it on a busy machine.
    class { 'glance::db::sync':
      db_sync_timeout => 0,
    }
  }

  class { 'glance::api':
    bind_host                    => '127.0.0.1',
    public_endpoint              => "https://${cloud['api']}/image",
    enabled_backends             => ['files:file'],
    default_backend              => 'files',
    workers                      => $cloud['workers'],
    enable_proxy_headers_parsing => true,
    sync_db                      => $cloud['first'],
  }

  profile::lean { '/etc/glance/glance-api.conf':
    project => 'glance',
  }

  Anchor['profile::ground::begin'] -> Anchor['glance::install::begin']
  Anchor['profile::ground::end'] -> Anchor['glance::dbsync::begin']

  if $cloud['first'] {
    profile::schema { 'glance':
      package => 'glance-common',
    }
  }

  profile::check { 'glance.answers':
    told => {
      'api' => $cloud['api'],
    },
  }
}
