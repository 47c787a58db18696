# The message queue of a cloud: RabbitMQ 4 as a cluster of one member or more, by TLS only.
#
# Users and their rights are read from one file at each start, instead of a resource for each, which asks the server by a
# client of its own at every run.
#
# @param address
#   Where this member listens.
# @param hostname
#   Its short host name, which the name of its node ends with.
# @param members
#   Short host names of all members; the first begins, the others join it.
# @param users
#   Password by user.
# @param cookie
#   What members know each other by.
# @param certificate
#   This machine's.
class profile::rabbitmq (
  Profile::Address $address,
  Pattern[/\A[a-z0-9-]+\z/] $hostname,
  Array[Pattern[/\A[a-z0-9-]+\z/], 1] $members,
  Hash[Pattern[/\A[a-z_]+\z/], Profile::Secret] $users,
  Profile::Secret $cookie,
  Profile::Certificate $certificate,
) {
  include profile::ground

  $etc = '/etc/rabbitmq'
  $tls = { 'key' => "${etc}/tls/host.key", 'crt' => "${etc}/tls/host.crt", 'ca' => "${etc}/tls/ca.crt" }
  # A node that begins has nobody to look for, and one that joins looks for the first alone.
  $peers = $members[0] ? {
    $hostname => [],
    default   => [$members[0], $hostname],
  }
  $plain = $users.reduce({}) |Hash $all, Tuple $user| { $all + { $user[0] => profile::plain($user[1]) } }

  File {
    owner => 'root',
    group => 'rabbitmq',
    mode  => '0640',
  }

  class { 'profile::rabbitmq::member':
    hostname => $hostname,
    members  => $members,
    etc      => $etc,
  }

  file { '/var/lib/rabbitmq/.erlang.cookie':
    content   => Sensitive(profile::plain($cookie)),
    owner     => 'rabbitmq',
    group     => 'rabbitmq',
    mode      => '0400',
    show_diff => false,
    require   => Exec['profile::rabbitmq leaves the port mapper to its unit'],
    notify    => Service['rabbitmq-server'],
  }

  file { "${etc}/tls":
    ensure  => directory,
    mode    => '0750',
    require => Package['rabbitmq-server'],
  }

  profile::certificate_files { 'profile::rabbitmq':
    certificate => $certificate,
    *           => $tls,
    group       => 'rabbitmq',
    mode        => '0640',
    require     => File["${etc}/tls"],
    notify      => Service['rabbitmq-server'],
  }

  $parameters = { 'address' => $address, 'members' => $members, 'peers' => $peers, 'tls' => $tls, 'etc' => $etc }
  ['rabbitmq.conf', 'rabbitmq-env.conf', 'distribution.config', 'inetrc'].each |String $name| {
    file { "${etc}/${name}":
      content => epp("profile/${name}.epp", $parameters),
      require => Package['rabbitmq-server'],
      notify  => Service['rabbitmq-server'],
    }
  }

  file { "${etc}/definitions.json":
    content   => Sensitive(epp('profile/definitions.json.epp', { 'users' => $plain })),
    show_diff => false,
    require   => Package['rabbitmq-server'],
    before    => Service['rabbitmq-server'],
  }

  service { ['epmd.socket', 'rabbitmq-server']:
    ensure => running,
    enable => true,
  }

  Service['epmd.socket'] -> Service['rabbitmq-server']

  # Read at each start; and again when it is another than the last that was read.
  $read = profile::told("${etc}/definitions.json", 'rabbitmq-definitions')
  exec { 'profile::rabbitmq reads its users':
    command  => "/usr/sbin/rabbitmqctl --quiet import_definitions ${etc}/definitions.json && ${read['remember']}",
    unless   => $read['is'],
    provider => shell,
    timeout  => 0,
    require  => [Service['rabbitmq-server'], File[$profile::ground::state]],
    before   => Anchor['profile::ground::end'],
  }

  profile::check { 'rabbitmq.members':
    told => {
      'address' => $address,
      'members' => $members,
    },
  }
}
