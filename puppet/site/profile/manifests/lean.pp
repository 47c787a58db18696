# A configuration file of OpenStack without the explanations that its package fills it with; they stay in /usr/share.
#
# Debian's modules read the whole file for each of its settings, in every run: of nova.conf that is ten thousand lines, hundreds
# of times, which was more than half of what a run that changes nothing cost a controller.
#
# The title is the file. It holds passwords, and is for its project alone: not every package makes it so.
#
# @param project
#   Whose file it is: it is made lean once it is installed, and before anything is set in it.
define profile::lean (
  Pattern[/\A[a-z]+\z/] $project,
) {
  $of_no_effect = '^[[:space:]]*(#|$)'

  exec { "profile::lean ${title}":
    command => "/usr/bin/sed --in-place --regexp-extended '/${of_no_effect}/d' ${title}",
    onlyif  => "/usr/bin/grep --quiet --extended-regexp '${of_no_effect}' ${title}",
    timeout => 0,
    require => Anchor["${project}::install::end"],
    before  => Anchor["${project}::config::begin"],
  }

  file { $title:
    ensure  => file,
    owner   => 'root',
    group   => $project,
    mode    => '0640',
    require => Anchor["${project}::install::end"],
    before  => Exec["profile::lean ${title}"],
  }
}
