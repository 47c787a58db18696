# The networks outside of the cloud, by which servers of users are reached. Part of profile::neutron, on its first member alone.
#
# What is no longer named stays in the cloud: somebody's servers may have addresses of it.
class profile::neutron::outside {
  profile::seed { 'outside':
    cloud    => $profile::neutron::cloud,
    user     => 'neutron',
    password => $profile::neutron::password,
    told     => {
      'network_url' => "https://${profile::neutron::cloud['api']}/network",
      'networks'    => $profile::neutron::outside.map |String $name, Profile::Outside $network| {
        $network + { 'name' => $name, 'physical' => $profile::neutron::physical[0] }
      },
    },
  }
}
