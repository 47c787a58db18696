# In place of the product's class of this name and these parameters: the same entries, declared by Debian's modules.
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

    class { 'bench::catalogue':
      front          => "https://${cloud['api']}",
      region         => $cloud['region'],
      admin_password => profile::plain($admin_password),
      services       => $services.reduce({}) |Hash $all, Tuple $one| {
        $all + { $one[0] => $one[1] + { 'password' => profile::plain($one[1]['password']) } }
      },
    }

    # Whoever starts without a user of its own ends at once.
    Keystone::Resource::Service_identity<| |> -> Anchor<|
      title == 'glance::service::begin' or title == 'placement::service::begin' or title == 'nova::service::begin'
      or title == 'neutron::service::begin'
    |>
  }
}
