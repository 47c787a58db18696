# What one service of a cloud is to have: a file that oci-seed is given, in the folder of all such files.
#
# @param cloud
#   What every service is told.
# @param user
#   The user in Keystone, of the services' project, who asks for it.
# @param password
#   Of that user.
# @param told
#   What is to be, as files/oci-seed has it.
define profile::seed (
  Profile::Cloud $cloud,
  String[1] $user,
  Profile::Secret $password,
  Hash[String[1], Data] $told,
) {
  include profile::seeds

  file { "/etc/oci/seeds.d/${title}.json":
    content   => Sensitive(stdlib::to_json_pretty({
      'auth_url' => "https://${cloud['api']}/identity",
      'username' => $user,
      'project'  => 'services',
      'password' => profile::plain($password),
    } + $told)),
    owner     => 'root',
    group     => 'root',
    mode      => '0600',
    show_diff => false,
    before    => Exec['profile::seeds'],
  }
}
