# What oci-seed makes in Keystone, no more and no less, declared by the classes and types of Debian's modules.
#
# @param front
#   Where the cloud is reached, with its scheme.
# @param region
#   Its region.
# @param admin_password
#   Of the first user, admin.
# @param services
#   By name: description, path below the front, and password.
class bench::catalogue (
  String[1] $front,
  String[1] $region,
  String[1] $admin_password,
  Hash[String[1], Hash[String[1], String[1]]] $services,
) {
  $identity = "${front}/identity"

  # Only the file by which the providers sign in: the first user is made as the product makes it.
  class { 'keystone::bootstrap':
    password         => $admin_password,
    public_url       => $identity,
    internal_url     => $identity,
    admin_url        => $identity,
    region           => $region,
    bootstrap        => false,
    manage_resources => false,
  }

  keystone_tenant { 'services':
    ensure  => present,
    enabled => true,
  }

  $services.each |String $name, Hash $one| {
    class { "${name}::keystone::auth":
      password            => $one['password'],
      roles               => ['admin', 'service'],
      region              => $region,
      service_description => $one['description'],
      public_url          => "${front}${one['path']}",
      internal_url        => "${front}${one['path']}",
      admin_url           => "${front}${one['path']}",
    }
  }
}
