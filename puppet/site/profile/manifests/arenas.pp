# Has the threads of a service share two heaps. By itself glibc makes up to eight for each processor core (mallopt(3),
# M_ARENA_MAX), and what was free in one of them is used by no thread of another: MariaDB took 308 MiB instead of 168, libvirtd
# 119 instead of 7, of the same work on two cores; the more cores, the more. The title is the name of the service.
#
# Whoever runs already is not restarted: a class that wants that subscribes to it.
define profile::arenas {
  $folder = "/etc/systemd/system/${title}.service.d"

  file { $folder:
    ensure => directory,
    owner  => 'root',
    group  => 'root',
    mode   => '0755',
  }

  file { "${folder}/oci-arenas.conf":
    content => "[Service]\nEnvironment=MALLOC_ARENA_MAX=2\n",
    owner   => 'root',
    group   => 'root',
    mode    => '0644',
  }

  exec { "profile::arenas ${title}":
    command     => '/usr/bin/systemctl daemon-reload',
    refreshonly => true,
    timeout     => 0,
    subscribe   => File["${folder}/oci-arenas.conf"],
  }
}
