# Certification authorities that the whole system trusts. Part of profile::base.
class profile::base::trust {
  $directory = '/usr/local/share/ca-certificates/oci'
  $bundle = '/etc/ssl/certs/ca-certificates.crt'

  # Purged, so that an authority that is no longer named is no longer trusted.
  file { $directory:
    ensure  => directory,
    owner   => 'root',
    group   => 'root',
    mode    => '0755',
    purge   => true,
    recurse => true,
  }

  $profile::base::ca_certificates.each |String $name, String $pem| {
    file { "${directory}/${name}.crt":
      content => $pem,
      owner   => 'root',
      group   => 'root',
      mode    => '0644',
      before  => Exec['profile::base::trust update'],
    }
  }

  # Compares what is there instead of being told of a change: a run that was cut off is made good by the next. The bundle is what
  # the program writes last, and links to what is gone are taken away after it. Never by times: a clock may have been ahead.
  $in_bundle = "! /usr/bin/cat ${directory}/*.crt 2>/dev/null | /usr/bin/grep -vxFf ${bundle} | /usr/bin/grep -q ."
  $gone = "/usr/bin/find /etc/ssl/certs -maxdepth 1 -lname '${directory}/*' -xtype l"
  exec { 'profile::base::trust update':
    command  => "/usr/sbin/update-ca-certificates && ${gone} -delete",
    unless   => "/usr/bin/test -s ${bundle} && ${in_bundle} && ! ${gone} | /usr/bin/grep -q .",
    require  => File[$directory],
    provider => shell,
    timeout  => 0,
  }
}
