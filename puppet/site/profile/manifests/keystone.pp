# Identity. What is in it (projects, users, endpoints) is seeded by OCI, in one process of its own.
#
# @param cloud
#   What every service is told.
# @param certificate
#   This machine's.
# @param database_password
#   Of its user in the database.
# @param admin_password
#   Of the first user, admin.
# @param fernet_keys
#   Keys of tokens by number, the same on all members.
# @param credential_keys
#   Keys of stored credentials by number, the same on all members.
class profile::keystone (
  Profile::Cloud $cloud,
  Profile::Certificate $certificate,
  Profile::Secret $database_password,
  Profile::Secret $admin_password,
  Hash[Pattern[/\A\d+\z/], Profile::Secret, 2] $fernet_keys,
  Hash[Pattern[/\A\d+\z/], Profile::Secret, 2] $credential_keys,
) {
  include profile::ground
  include keystone::deps

  $url = "https://${cloud['api']}/identity"
  $fernet = $fernet_keys.reduce({}) |Hash $all, Tuple $key| {
    $all + { "/etc/keystone/fernet-keys/${key[0]}" => { 'content' => Sensitive(profile::plain($key[1])) } }
  }
  $credential = $credential_keys.reduce({}) |Hash $all, Tuple $key| {
    $all + { "/etc/keystone/credential-keys/${key[0]}" => { 'content' => Sensitive(profile::plain($key[1])) } }
  }

  class { 'keystone::logging':
    debug => $cloud['debug'],
  }

  class { 'keystone::db':
    database_connection => profile::database($cloud, 'keystone', $database_password),
  }

  class { 'keystone::cache':
    enabled          => true,
    backend          => 'dogpile.cache.pymemcache',
    memcache_servers => $cloud['memcached'],
  }

  if $cloud['first'] {
    # Puppet's own limit would end it on a busy machine.
    class { 'keystone::db::sync':
      db_sync_timeout => 0,
    }
  }

  class { 'keystone':
    public_endpoint              => $url,
    sync_db                      => $cloud['first'],
    fernet_keys                  => $fernet,
    fernet_replace_keys          => true,
    credential_keys              => $credential,
    enable_proxy_headers_parsing => true,
  }

  class { 'keystone::wsgi::uwsgi':
    processes => $cloud['workers'],
    threads   => 8,
  }

  profile::lean { '/etc/keystone/keystone.conf':
    project => 'keystone',
  }

  profile::api_certificate { 'keystone':
    certificate => $certificate,
  }

  # Whoever first runs a program of it as root would own its log, and the service could not write there.
  file { '/var/log/keystone/keystone.log':
    ensure  => file,
    owner   => 'keystone',
    require => Anchor['keystone::install::end'],
    before  => Anchor['keystone::dbsync::begin'],
  }

  File[$fernet.keys + $credential.keys] -> Anchor['keystone::service::begin']
  Anchor['profile::ground::begin'] -> Anchor['keystone::install::begin']
  Anchor['profile::ground::end'] -> Anchor['keystone::dbsync::begin']

  if $cloud['first'] {
    profile::schema { 'keystone':
      package => 'keystone',
    }

    # In a file, because what an exec is given as environment is shown by a run that says much.
    $first = '/etc/keystone/oci-bootstrap'
    file { $first:
      content   => Sensitive(epp('profile/bootstrap.epp', {
        'password' => profile::plain($admin_password),
        'url'      => $url,
        'region'   => $cloud['region'],
      })),
      owner     => 'root',
      group     => 'root',
      mode      => '0600',
      show_diff => false,
      require   => Anchor['keystone::install::end'],
    }

    # May be repeated; it is, until a run comes as far as its end, and for another password, region or name of the front.
    $told = profile::told($first, 'keystone-bootstrap')
    exec { 'profile::keystone has its first user':
      command  => ". ${first} && /usr/sbin/runuser -u keystone -- /usr/bin/keystone-manage bootstrap && ${told['remember']}",
      unless   => $told['is'],
      cwd      => '/var/lib/keystone',
      provider => shell,
      timeout  => 0,
      require  => [Anchor['keystone::dbsync::end'], File[$fernet.keys], File[$first, $profile::ground::state]],
      before   => Anchor['keystone::service::begin'],
    }
  }

  profile::check { 'keystone.token': }
}
