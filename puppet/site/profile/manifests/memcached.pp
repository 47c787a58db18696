# What services remember of tokens and of each other's answers. It may be lost at any time.
#
# @param address
#   Where it listens.
# @param memory_mib
#   MiB that it may take.
class profile::memcached (
  Profile::Address $address,
  Integer[16] $memory_mib,
) {
  include profile::ground

  class { 'memcached':
    listen     => [$address],
    udp_port   => 0,
    max_memory => $memory_mib,
    require    => Anchor['profile::ground::begin'],
    before     => Anchor['profile::ground::end'],
  }

  profile::check { 'memcached.answers':
    told => {
      'address' => $address,
    },
  }
}
