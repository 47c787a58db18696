# What every machine with a part of Neutron has: how the queue is reached. A role has it before those.
#
# @param cloud
#   What every service is told.
# @param hostname
#   The name by which Neutron and OVN know this machine, which is the short one, as Nova's.
# @param rabbitmq_password
#   Of Neutron's user in the queue.
# @param certificate
#   This machine's; its key is for Neutron's own group, which needs it for OVN's databases too.
class profile::neutron::common (
  Profile::Cloud $cloud,
  Pattern[/\A[a-z0-9-]+\z/] $hostname,
  Profile::Secret $rabbitmq_password,
  Profile::Certificate $certificate,
) {
  include profile::ground
  include neutron::deps

  $ssl = '/etc/neutron/ssl'

  class { 'neutron::logging':
    debug => $cloud['debug'],
  }

  class { 'neutron':
    host                    => $hostname,
    core_plugin             => 'ml2',
    service_plugins         => ['ovn-router'],
    dhcp_agent_notification => false,
    *                       => profile::messaging($cloud, 'neutron', $rabbitmq_password),
  }

  profile::lean { '/etc/neutron/neutron.conf':
    project => 'neutron',
  }

  profile::api_certificate { 'neutron':
    certificate => $certificate,
  }

  Anchor['profile::ground::begin'] -> Anchor['neutron::install::begin']
  Anchor['profile::ground::end'] -> Anchor['neutron::service::begin']
}
