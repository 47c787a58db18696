# The certificate of this machine or of the front, in files for one program.
#
# @param certificate
#   What OCI gave out.
# @param key
#   Path of the private key.
# @param crt
#   Path of the certificate with what is between it and the authority; the key's own path puts both into one file.
# @param ca
#   Path of who signed: the authority, and what is between it and the certificate, because some programs (libvirt, Open
#   vSwitch) send and read a certificate alone; without one the program uses those that the whole system trusts.
# @param owner
#   Who reads the key.
# @param group
#   Group that reads the key too.
# @param mode
#   Mode of the key's file.
define profile::certificate_files (
  Profile::Certificate $certificate,
  Stdlib::Absolutepath $key,
  Stdlib::Absolutepath $crt,
  Optional[Stdlib::Absolutepath] $ca = undef,
  String[1] $owner = 'root',
  String[1] $group = 'root',
  Stdlib::Filemode $mode = '0600',
) {
  $plain = $certificate.reduce({}) |Hash $all, Tuple $part| { $all + { $part[0] => profile::plain($part[1]) } }
  $secret = $crt ? {
    $key    => "${plain['crt'].strip}\n${plain['key'].strip}\n",
    default => "${plain['key'].strip}\n",
  }

  file { $key:
    content   => Sensitive($secret),
    owner     => $owner,
    group     => $group,
    mode      => $mode,
    show_diff => false,
  }

  unless $crt == $key {
    file { $crt:
      content => "${plain['crt'].strip}\n",
      owner   => 'root',
      group   => 'root',
      mode    => '0644',
    }
  }

  if $ca {
    $between = regsubst($plain['crt'].strip, /\A-----BEGIN CERTIFICATE-----[^-]*-----END CERTIFICATE-----\s*/, '')

    file { $ca:
      content => "${[$plain['ca'].strip, $between].filter |String $pem| { !$pem.empty }.join("\n")}\n",
      owner   => 'root',
      group   => 'root',
      mode    => '0644',
    }
  }
}
