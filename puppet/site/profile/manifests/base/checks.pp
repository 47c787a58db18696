# Whether packages can be fetched and the clock is set by somebody. Part of profile::base.
#
# A machine without these looks well and is not. So a run on it fails, and says which; it is told to OCI as failed, a new
# machine does not become active, and the next run tries again.
class profile::base::checks {
  # Neither descriptions in other words, nor a cache of it all: apt makes that when it first needs it.
  $apt = [
    '/usr/bin/apt-get', '--quiet',
    '--option', 'APT::Update::Error-Mode=any',
    '--option', 'Acquire::Retries=2',
    '--option', 'Acquire::Languages=none',
    '--option', 'pkgCacheFile::Generate=false',
  ]
  $stamp = '/var/lib/apt/oci-fetched'
  # What a mirror offers and who signed it, without the large lists.
  $only_releases = [
    '--option', 'APT::Get::List-Cleanup=false',
    '--option', 'Acquire::IndexTargets::deb::Packages::DefaultEnabled=false',
    '--option', 'Acquire::IndexTargets::deb::Translations::DefaultEnabled=false',
  ]
  $fetch = join($apt + ['update'], ' ')
  $look = join($apt + $only_releases + ['update'], ' ')

  # Everything once, and again when the sources change; afterwards only whether the mirror is still there. What was fetched is
  # told by the text of the sources and not by times: a clock that was ahead once would hide a change.
  $sources = '/etc/apt/sources.list.d/oci.sources'
  exec { "apt can fetch its indexes from ${profile::base::apt_uri}":
    command   => "${fetch} && /usr/bin/sha256sum ${sources} > ${stamp}",
    unless    => "/usr/bin/sha256sum --status --check ${stamp} 2>/dev/null && ${look}",
    provider  => shell,
    tries     => 3,
    try_sleep => 10,
    timeout   => 0,
  }

  unless $profile::base::ntp_servers.empty {
    $servers = join($profile::base::ntp_servers, ', ')

    exec { "the clock follows ${servers}":
      command => ['/usr/bin/chronyc', '-n', 'waitsync', '30', '0', '0', '2'],
      unless  => [['/usr/bin/chronyc', '-n', 'waitsync', '1', '0', '0', '1']],
      timeout => 0,
    }
  }
}
