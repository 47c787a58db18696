# What every machine with a part of Nova has: how the queue and the other services are reached. A role has it before those.
#
# @param cloud
#   What every service is told.
# @param certificate
#   This machine's; its key is for Nova's own group.
# @param hostname
#   The name by which Nova knows this machine, which is the short one.
# @param password
#   Of Nova's user in Keystone.
# @param placement_password
#   Of Placement's user in Keystone.
# @param neutron_password
#   Of Neutron's user in Keystone.
# @param rabbitmq_password
#   Of Nova's user in the queue.
class profile::nova::common (
  Profile::Cloud $cloud,
  Profile::Certificate $certificate,
  Pattern[/\A[a-z0-9-]+\z/] $hostname,
  Profile::Secret $password,
  Profile::Secret $placement_password,
  Profile::Secret $neutron_password,
  Profile::Secret $rabbitmq_password,
) {
  include profile::ground
  include nova::deps

  $identity = "https://${cloud['api']}/identity"
  $ssl = '/etc/nova/ssl'

  class { 'nova::logging':
    debug => $cloud['debug'],
  }

  # The certificate here is that of consoles, which are offered by TLS only.
  class { 'nova':
    host     => $hostname,
    my_ip    => $cloud['address'],
    ssl_only => true,
    cert     => "${ssl}/public/host.crt",
    key      => "${ssl}/private/host.pem",
    *        => profile::messaging($cloud, 'nova', $rabbitmq_password),
  }

  class { 'nova::keystone::service_user':
    send_service_user_token => true,
    password                => profile::plain($password),
    auth_url                => $identity,
    region_name             => $cloud['region'],
    cafile                  => '/etc/ssl/certs/ca-certificates.crt',
  }

  class { 'nova::placement':
    password         => profile::plain($placement_password),
    auth_url         => "${identity}/v3",
    region_name      => $cloud['region'],
    valid_interfaces => 'internal',
  }

  class { 'nova::network::neutron':
    password         => profile::plain($neutron_password),
    auth_url         => "${identity}/v3",
    region_name      => $cloud['region'],
    valid_interfaces => 'internal',
  }

  class { 'nova::glance':
    valid_interfaces => 'internal',
  }

  # Where the classes have no parameter for it.
  nova_config {
    'placement/cafile':   value => '/etc/ssl/certs/ca-certificates.crt';
    'neutron/cafile':     value => '/etc/ssl/certs/ca-certificates.crt';
    'glance/cafile':      value => '/etc/ssl/certs/ca-certificates.crt';
    'glance/region_name': value => $cloud['region'];
  }

  profile::lean { '/etc/nova/nova.conf':
    project => 'nova',
  }

  profile::api_certificate { 'nova':
    certificate => $certificate,
  }

  Anchor['profile::ground::begin'] -> Anchor['nova::install::begin']
  Anchor['profile::ground::end'] -> Anchor['nova::service::begin']
}
