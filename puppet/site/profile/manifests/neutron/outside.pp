# The networks outside of the cloud, by which servers of users are reached. Part of profile::neutron, on its first member alone.
#
# What is no longer named stays in the cloud: somebody's servers may have addresses of it.
class profile::neutron::outside {
  include profile::seeder

  $cloud = $profile::neutron::cloud
  $told = '/etc/neutron/oci-outside.json'

  file { $told:
    content   => Sensitive(stdlib::to_json({
      'auth_url'    => "https://${cloud['api']}/identity",
      'username'    => 'neutron',
      'project'     => 'services',
      'password'    => profile::plain($profile::neutron::password),
      'network_url' => "https://${cloud['api']}/network",
      'networks'    => $profile::neutron::outside.map |String $name, Profile::Outside $network| {
        $network + { 'name' => $name, 'physical' => $profile::neutron::physical[0] }
      },
    })),
    owner     => 'root',
    group     => 'root',
    mode      => '0600',
    show_diff => false,
    require   => Anchor['neutron::install::end'],
  }

  # Its service has been started by then, and may take a while to answer.
  exec { 'profile::neutron::outside':
    command   => "/usr/lib/oci/oci-seed ${told}",
    unless    => "/usr/lib/oci/oci-seed --check ${told}",
    tries     => 60,
    try_sleep => 2,
    timeout   => 0,
    require   => [Anchor['neutron::service::end'], File[$told, '/usr/lib/oci/oci-seed']],
  }
}
