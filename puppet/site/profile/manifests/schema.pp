# Makes good a run that was cut off between the configuration of a service and the end of its schema's migration.
#
# The modules migrate when a package or a line of configuration changed in the same run, and only then. So the package's
# version is written down once the migration is done; as long as another one is written there, or none, it is started.
#
# The title is the project.
#
# @param package
#   The package that brings the migrations.
# @param begin
#   The anchor that starts the migration.
# @param end
#   The anchor that is reached when it is done.
define profile::schema (
  String[1] $package,
  String[1] $begin = "${title}::dbsync::begin",
  String[1] $end = "${title}::dbsync::end",
) {
  include profile::ground

  $stamp = "${profile::ground::state}/schema-${title}"
  $version = "/usr/bin/dpkg-query --show --showformat '\${Version}' ${package}"
  $done = "/usr/bin/test \"$(/usr/bin/cat ${stamp} 2>/dev/null)\" = \"$(${version})\""

  exec { "the schema of ${title} is due":
    command  => '/usr/bin/true',
    unless   => $done,
    provider => shell,
    timeout  => 0,
    require  => [Anchor["${title}::config::end"], Anchor['profile::ground::end']],
    notify   => Anchor[$begin],
  }

  exec { "the schema of ${title} is done":
    command  => "${version} > ${stamp}",
    unless   => $done,
    provider => shell,
    timeout  => 0,
    require  => [Anchor[$end], File[$profile::ground::state]],
    before   => Anchor["${title}::service::begin"],
  }
}
