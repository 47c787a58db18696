# The flavors that the cluster declares. Part of profile::nova, on its first member alone.
#
# What is no longer declared stays in the cloud: somebody's servers may be of it.
class profile::nova::flavors {
  profile::seed { 'flavors':
    cloud    => $profile::nova::cloud,
    user     => 'nova',
    password => $profile::nova::password,
    told     => {
      'compute_url' => "https://${profile::nova::cloud['api']}/compute/v2.1",
      'flavors'     => $profile::nova::flavors.map |String $name, Profile::Flavor $flavor| { $flavor + { 'name' => $name } },
    },
  }
}
