# Answers servers of this machine that ask who they are: asks Nova through the front, and signs the question.
#
# @param cloud
#   What every service is told.
# @param south
#   Connections to OVN's southern database.
# @param metadata_secret
#   What it signs with, which Nova knows.
class profile::ovn::metadata (
  Profile::Cloud $cloud,
  Array[Pattern[/\Assl:/], 1] $south,
  Profile::Secret $metadata_secret,
) {
  include profile::neutron::common

  $ssl = $profile::neutron::common::ssl

  class { 'neutron::agents::ovn_metadata':
    debug              => $cloud['debug'],
    shared_secret      => profile::plain($metadata_secret),
    metadata_host      => $cloud['api'],
    metadata_port      => 443,
    metadata_protocol  => 'https',
    auth_ca_cert       => '/etc/ssl/certs/ca-certificates.crt',
    # None of its own beside the agent: it is asked little.
    metadata_workers   => 0,
    ovn_sb_connection  => $south,
    ovn_sb_private_key => "${ssl}/private/host.pem",
    ovn_sb_certificate => "${ssl}/public/host.crt",
    ovn_sb_ca_cert     => "${ssl}/ca.crt",
  }

  profile::lean { '/etc/neutron/neutron_ovn_metadata_agent.ini':
    project => 'neutron',
  }

  # It speaks with the switch of the machine.
  Service<| title == 'openvswitch-switch' |> -> Exec['Set OVS Manager']

  profile::check { 'ovn.metadata':
    told => {
      'api' => $cloud['api'],
    },
  }
}
