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

  package { 'rabbitmq-server':
    ensure  => installed,
    require => Anchor['profile::ground::begin'],
  }

  # The package started a node of its own, with another cookie and an open port: nothing of it is kept. Whoever asked such
  # a node, a fact even, has started the port mapper in the place of its own unit.
  $end = '/usr/bin/systemctl stop rabbitmq-server && { /usr/bin/epmd -kill >/dev/null 2>&1; /usr/bin/rm -rf /var/lib/rabbitmq/mnesia; }'
  exec { 'profile::rabbitmq begins anew':
    command  => $end,
    creates  => "${etc}/definitions.json",
    provider => shell,
    timeout  => 0,
    require  => Package['rabbitmq-server'],
  }

  file { '/var/lib/rabbitmq/.erlang.cookie':
    content   => Sensitive(profile::plain($cookie)),
    owner     => 'rabbitmq',
    group     => 'rabbitmq',
    mode      => '0400',
    show_diff => false,
    require   => Exec['profile::rabbitmq begins anew'],
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
  ['rabbitmq.conf', 'rabbitmq-env.conf', 'distribution.config'].each |String $name| {
    file { "${etc}/${name}":
      content => epp("profile/${name}.epp", $parameters),
      require => Package['rabbitmq-server'],
      notify  => Service['rabbitmq-server'],
    }
  }

  file { "${etc}/definitions.json":
    content   => Sensitive(epp('profile/definitions.json.epp', { 'users' => $plain })),
    show_diff => false,
    require   => Exec['profile::rabbitmq begins anew'],
    before    => Service['rabbitmq-server'],
  }

  service { ['epmd.socket', 'rabbitmq-server']:
    ensure => running,
    enable => true,
  }

  Exec['profile::rabbitmq begins anew'] -> Service['epmd.socket'] -> Service['rabbitmq-server']

  # Read at each start; and again when it is another than the last that was read.
  $stamp = "${profile::ground::state}/rabbitmq-definitions"
  exec { 'profile::rabbitmq reads its users':
    command  => "/usr/sbin/rabbitmqctl --quiet import_definitions ${etc}/definitions.json && /usr/bin/touch ${stamp}",
    unless   => "/usr/bin/test ${stamp} -nt ${etc}/definitions.json",
    provider => shell,
    timeout  => 0,
    require  => [Service['rabbitmq-server'], File[$profile::ground::state]],
    before   => Anchor['profile::ground::end'],
  }

  profile::check { 'rabbitmq.members':
    told => {
      'address' => $address,
    },
  }
}
