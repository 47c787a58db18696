# Databases, and the users who own them. Part of profile::mariadb, on its first member alone.
#
# One text of SQL that may be run again and again, instead of a resource for each database, user and right, which each start
# clients of their own at every run. Root comes through the local socket and needs no password.
#
# @param owners
#   By user: the databases that it owns, and its password.
class profile::mariadb::owners (
  Hash[Pattern[/\A[a-z_]+\z/], Profile::Owner] $owners,
) {
  include profile::ground

  $sql = '/etc/mysql/oci-owners.sql'
  $told = profile::told($sql, 'mariadb-owners')
  $databases = $owners.values.map |Hash $owner| { $owner['databases'] }.flatten
  $names = $databases.map |String $name| { "'${name}'" }.join(', ')
  $plain = $owners.reduce({}) |Hash $all, Tuple $owner| {
    $all + { $owner[0] => $owner[1] + { 'password' => profile::plain($owner[1]['password']) } }
  }

  file { $sql:
    content   => Sensitive(epp('profile/owners.sql.epp', { 'owners' => $plain })),
    owner     => 'root',
    group     => 'root',
    mode      => '0600',
    show_diff => false,
  }

  # Said again when the text is new, and when a database is not there.
  $count = "SELECT COUNT(*) FROM information_schema.schemata WHERE schema_name IN (${names})"
  exec { 'profile::mariadb::owners':
    command  => "/usr/bin/mariadb < ${sql} && ${told['remember']}",
    unless   => "${told['is']} && /usr/bin/mariadb -BNe \"${count}\" | /usr/bin/grep -qx ${databases.length}",
    provider => shell,
    timeout  => 0,
    require  => File[$sql, $profile::ground::state],
  }
}
