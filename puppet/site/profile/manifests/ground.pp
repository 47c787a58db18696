# What is between the machine itself, what services stand on, and the services: two anchors that give them their order in
# whatever role they come together. Database, queue and front are between them; each service comes after the second.
class profile::ground {
  # What a run must know of the runs before it.
  $state = '/var/lib/oci-profile'

  file { $state:
    ensure => directory,
    owner  => 'root',
    group  => 'root',
    mode   => '0755',
  }

  anchor { 'profile::ground::begin': }
  -> anchor { 'profile::ground::end': }
}
