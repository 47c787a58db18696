# The program that makes in Keystone, Neutron and Nova what files say. Part of those profiles that have such a file.
class profile::seeder {
  file { '/usr/lib/oci/oci-seed':
    source => 'puppet:///modules/profile/oci-seed',
    owner  => 'root',
    group  => 'root',
    mode   => '0755',
  }
}
