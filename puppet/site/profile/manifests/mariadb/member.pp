# How a machine with MariaDB becomes a member of the Galera cluster, once. Part of profile::mariadb.
#
# @param address
#   Where this member listens.
# @param members
#   Addresses of all members, this one too.
# @param first
#   Whether this member begins the cluster.
class profile::mariadb::member (
  Profile::Address $address,
  Array[Profile::Address, 1] $members,
  Boolean $first,
) {
  include profile::ground

  $data = '/var/lib/mysql'
  $joins = "${profile::ground::state}/mariadb-joins"
  $others = $members - $address
  $restart = '/usr/bin/systemctl restart mariadb'

  # Who joins is given all that the cluster has, in the place of what is here. What is here before is somebody's; it is only of
  # the cluster once the joining has begun.
  $made = ['mysql', 'performance_schema', 'sys', 'lost+found', '#*'].map |String $name| { "! -name '${name}'" }.join(' ')
  $found = "/usr/bin/find ${data} -mindepth 1 -maxdepth 1 -type d ${made} -printf '%f '"
  $why = 'are here, and would be replaced by those of the cluster: move or drop them, then run Puppet again'
  $empty = "held=\$(${found}); /usr/bin/test -z \"\${held}\""
  $free = "{ /usr/bin/test -e ${joins} || { ${empty}; } || { echo \"the databases \${held}${why}\"; exit 1; }; }"
  $become = "${free} && /usr/bin/touch ${joins} && ${restart}"

  # The package started it alone. Alone it begins anew at each start, by its configuration, with what it has. Of several the
  # first begins once, and not where another is at work: it may have been installed anew, and a second cluster would be empty
  # and take the place of the one that has everything. Clients are let in by whole members only.
  $begin = '/usr/bin/systemctl stop mariadb && /usr/bin/galera_new_cluster'
  $command = $others.empty ? {
    true    => $restart,
    default => $first ? {
      true    => "if ${profile::answer($others, 3306)}; then ${become}; else ${begin}; fi",
      default => $become,
    },
  }

  exec { 'profile::mariadb becomes a member':
    command  => $command,
    creates  => "${data}/grastate.dat",
    provider => shell,
    timeout  => 0,
    require  => File[$profile::ground::state],
  }

  # That it begins is said in this file, which is taken away by whoever laid it; when that one was ended in between, each later
  # start would begin another cluster.
  unless $others.empty {
    file { '/run/mariadb-wsrep-new-cluster':
      ensure  => absent,
      backup  => false,
      require => Exec['profile::mariadb becomes a member'],
    }
  }
}
