# The cells of Nova: cell0, where servers are that never found a compute, and cell1, where all others are. Part of
# profile::nova, on its first member alone.
#
# Written here, because the type of the module for it asks nova-manage at every run, and the Puppet server cannot load it:
# it requires a file of another module, which is found only where an agent has run.
#
# A cell says where its database and its queue are. It says so by a pattern, into which each service puts the user and the
# password of its own configuration: so no secret is told here, and a new one changes nothing.
class profile::nova::cells {
  include profile::ground
  include nova::deps

  $cloud = $profile::nova::cloud
  $database = "{scheme}://{username}:{password}@${cloud['api']}/{path}"
  $users = $cloud['rabbits'].length ? {
    1       => ['{username}:{password}'],
    default => Array(range(1, $cloud['rabbits'].length)).map |Integer $number| { "{username${number}}:{password${number}}" },
  }
  $hosts = $cloud['rabbits'].map |Integer $index, String $host| { "${users[$index]}@${host}:5671" }
  $queue = "{scheme}://${hosts.join(',')}/"

  $program = '/usr/lib/oci/oci-cells'
  $told = profile::told($program, 'nova-cells')

  file { $program:
    content => epp('profile/cells.epp', { 'database' => $database, 'queue' => $queue }),
    owner   => 'root',
    group   => 'root',
    mode    => '0755',
  }

  exec { 'profile::nova::cells':
    command  => "${program} && ${told['remember']}",
    unless   => $told['is'],
    cwd      => '/',
    provider => shell,
    timeout  => 0,
    require  => [Anchor['nova::cell_v2::begin'], File[$program, $profile::ground::state]],
    before   => Anchor['nova::cell_v2::end'],
  }
}
