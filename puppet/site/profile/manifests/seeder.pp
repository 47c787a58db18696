# The program that makes in Keystone and in Neutron what a file says. Part of those profiles that have such a file.
class profile::seeder {
  file { '/usr/lib/oci/oci-seed':
    source => 'puppet:///modules/profile/oci-seed',
    owner  => 'root',
    group  => 'root',
    mode   => '0755',
  }
}
