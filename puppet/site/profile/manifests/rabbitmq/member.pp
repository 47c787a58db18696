# The package of RabbitMQ, and whom its node looks for. Part of profile::rabbitmq.
#
# @param hostname
#   Short host name of this member.
# @param members
#   Those of all members.
# @param etc
#   Where its configuration is.
class profile::rabbitmq::member (
  Pattern[/\A[a-z0-9-]+\z/] $hostname,
  Array[Pattern[/\A[a-z0-9-]+\z/], 1] $members,
  Stdlib::Absolutepath $etc,
) {
  include profile::ground

  # By itself the package would start a node with another cookie and an open port, which then joins nobody. It starts none, so
  # that there is never one to delete: whatever queues are here are somebody's.
  exec { 'profile::rabbitmq is not started by its package':
    command  => '/usr/bin/systemctl mask rabbitmq-server.service',
    unless   => "/usr/bin/dpkg-query --show --showformat '\${db:Status-Status}' rabbitmq-server 2>/dev/null | /usr/bin/grep -qx installed",
    provider => shell,
    timeout  => 0,
    require  => Anchor['profile::ground::begin'],
  }

  package { 'rabbitmq-server':
    ensure  => installed,
    require => Exec['profile::rabbitmq is not started by its package'],
  }

  exec { 'profile::rabbitmq may be started':
    command  => '/usr/bin/systemctl unmask rabbitmq-server.service',
    onlyif   => '/usr/bin/test /etc/systemd/system/rabbitmq-server.service -ef /dev/null',
    provider => shell,
    timeout  => 0,
    require  => Package['rabbitmq-server'],
    before   => Service['rabbitmq-server'],
  }

  # Whoever asked a node, a fact even, has started the port mapper in the place of its own unit.
  exec { 'profile::rabbitmq leaves the port mapper to its unit':
    command  => '/usr/bin/systemctl stop rabbitmq-server; /usr/bin/epmd -kill >/dev/null 2>&1; /usr/bin/true',
    unless   => '/usr/bin/systemctl --quiet is-active epmd.socket',
    provider => shell,
    timeout  => 0,
    require  => Exec['profile::rabbitmq may be started'],
    before   => Service['epmd.socket'],
  }

  # One that joins looks for the first. The first waits for nobody, unless it is here anew and the others have gone on without
  # it: of two queues of one cloud each has half of what is said. They must forget the old one of its name before it can join.
  if $members[0] == $hostname and $members.length > 1 {
    $others = $members.filter |String $member| { $member != $hostname }
    $lines = ["rabbit@\${there}", "rabbit@${hostname}"].map |Integer $index, String $node| {
      "cluster_formation.classic_config.nodes.${$index + 1} = ${node}"
    }
    $text = ['cluster_formation.peer_discovery_backend = classic_config', *$lines].map |String $line| { "echo \"${line}\"" }
    $file = "${etc}/conf.d/50-oci-peers.conf"
    $asked = profile::answer($others, 5671)

    exec { 'profile::rabbitmq joins those who are there':
      command  => "umask 022; /usr/bin/mkdir -p ${etc}/conf.d; there=\$( ${asked} ) && { ${text.join('; ')}; } >${file}",
      onlyif   => $asked,
      creates  => "/var/lib/rabbitmq/mnesia/rabbit@${hostname}",
      provider => shell,
      timeout  => 0,
      require  => Exec['profile::rabbitmq leaves the port mapper to its unit'],
      before   => Service['rabbitmq-server'],
    }
  }
}
