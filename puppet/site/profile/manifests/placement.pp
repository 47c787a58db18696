# What computes have, and what of it is taken.
#
# @param cloud
#   What every service is told.
# @param certificate
#   This machine's.
# @param password
#   Of its user in Keystone.
# @param database_password
#   Of its user in the database.
class profile::placement (
  Profile::Cloud $cloud,
  Profile::Certificate $certificate,
  Profile::Secret $password,
  Profile::Secret $database_password,
) {
  include profile::ground
  include placement::deps

  class { 'placement::logging':
    debug => $cloud['debug'],
  }

  class { 'placement::db':
    database_connection => profile::database($cloud, 'placement', $database_password),
  }

  class { 'placement::keystone::authtoken':
    * => profile::authtoken($cloud, $password),
  }

  if $cloud['first'] {
    # Puppet's own limit would end it on a busy machine.
    class { 'placement::db::sync':
      db_sync_timeout => 0,
    }
  }

  # Both have the parameter, with opposite defaults.
  class { 'placement':
    sync_db => $cloud['first'],
  }

  class { 'placement::api':
    sync_db                      => $cloud['first'],
    enable_proxy_headers_parsing => true,
  }

  class { 'placement::wsgi::uwsgi':
    processes => $cloud['workers'],
    threads   => 4,
  }

  profile::lean { '/etc/placement/placement.conf':
    project => 'placement',
  }

  profile::api_certificate { 'placement':
    certificate => $certificate,
  }

  Anchor['profile::ground::begin'] -> Anchor['placement::install::begin']
  Anchor['profile::ground::end'] -> Anchor['placement::dbsync::begin']

  if $cloud['first'] {
    profile::schema { 'placement':
      package => 'placement-common',
    }
  }

  profile::check { 'placement.answers':
    told => {
      'api' => $cloud['api'],
    },
  }
}
