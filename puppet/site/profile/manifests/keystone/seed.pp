# What the services of a cloud need to find in Keystone: their users, and how each of them is reached.
#
# One process does it for all of them, instead of a client for each resource: see files/oci-seed. It is asked in each run
# whether something differs, which costs a second or two.
#
# @param cloud
#   What every service is told.
# @param admin_password
#   Of the first user, admin.
# @param services
#   By name, which is also that of its user: description, path below the front, and password.
class profile::keystone::seed (
  Profile::Cloud $cloud,
  Profile::Secret $admin_password,
  Hash[Pattern[/\A[a-z]+\z/], Profile::Service] $services,
) {
  # OpenStack's service types authority.
  $types = { 'glance' => 'image', 'placement' => 'placement', 'nova' => 'compute', 'neutron' => 'network' }

  profile::check { 'keystone.catalogue':
    told => {
      'api'    => $cloud['api'],
      'region' => $cloud['region'],
      'types'  => $services.reduce({}) |Hash $all, Tuple $one| { $all + { $types[$one[0]] => $one[1]['path'] } },
    },
  }

  if $cloud['first'] {
    include profile::ground
    include profile::seeder

    $program = '/usr/lib/oci/oci-seed'
    $told = '/etc/keystone/oci-seed.json'
    $front = "https://${cloud['api']}"

    file { $told:
      content   => Sensitive(stdlib::to_json_pretty({
        'auth_url' => "${front}/identity",
        'username' => 'admin',
        'project'  => 'admin',
        'password' => profile::plain($admin_password),
        'region'   => $cloud['region'],
        'roles'    => ['admin', 'service'],
        'services' => $services.map |String $name, Hash $one| { {
          'name'        => $name,
          'type'        => $types[$name],
          'description' => $one['description'],
          'url'         => "${front}${one['path']}",
          'user'        => $name,
          'password'    => profile::plain($one['password']),
        } },
      })),
      owner     => 'root',
      group     => 'root',
      mode      => '0600',
      show_diff => false,
      require   => Anchor['keystone::install::end'],
    }

    # Its service has been started by then, and may take a while to answer, for which the program waits.
    exec { 'profile::keystone::seed':
      command => "${program} ${told}",
      unless  => "${program} --check ${told}",
      timeout => 0,
      require => [Anchor['keystone::service::end', 'profile::ground::end'], File[$program, $told]],
    }

    # Whoever starts without a user of its own ends at once.
    Exec['profile::keystone::seed'] -> Anchor<|
      title == 'glance::service::begin' or title == 'placement::service::begin' or title == 'nova::service::begin'
      or title == 'neutron::service::begin'
    |>
  }
}
