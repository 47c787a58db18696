# Facts that nothing asks for and that start programs at each run: apt's simulation of an upgrade, twice, and Erlang's machine.
# Part of profile::base.
class profile::base::facts {
  $left_out = [
    'apt_has_dist_updates',
    'apt_has_updates',
    'augeas',
    'erl_ssl_path',
    'rabbitmq_nodename',
    'rabbitmq_version',
  ]
  $list = $left_out.map |String $fact| { "\"${fact}\"" }.join(', ')

  file {
    default:
      owner => 'root',
      group => 'root';
    '/etc/facter':
      ensure => directory,
      mode   => '0755';
    '/etc/facter/facter.conf':
      content => "# Made by Puppet.\nfacts : { blocklist : [ ${list} ] }\n",
      mode    => '0644';
  }
}
