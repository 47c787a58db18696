# The certificate of an API that uwsgi serves, where its start script looks for it: it speaks TLS when it finds both files.
#
# The title is the project, as its configuration is called below /etc. Only one file may be in each folder, because the first
# is taken; and nobody may make /usr/local/share/ca-certificates/puppet_openstack.crt, which would be taken before all.
# Beside them, in ca.crt, is who signed them, for what the project says to programs that send a certificate alone.
#
# @param certificate
#   What OCI gave out for this machine.
define profile::api_certificate (
  Profile::Certificate $certificate,
) {
  $ssl = "/etc/${title}/ssl"

  # A package of the project may have made them; who reads keys is in the group of the project.
  file { [$ssl, "${ssl}/public"]:
    ensure  => directory,
    owner   => 'root',
    group   => 'root',
    mode    => '0755',
    require => Anchor["${title}::install::end"],
  }

  file { "${ssl}/private":
    ensure  => directory,
    owner   => 'root',
    group   => $title,
    mode    => '0750',
    purge   => true,
    recurse => true,
    require => Anchor["${title}::install::end"],
  }

  profile::certificate_files { "profile::api_certificate ${title}":
    certificate => $certificate,
    key         => "${ssl}/private/host.pem",
    crt         => "${ssl}/public/host.crt",
    ca          => "${ssl}/ca.crt",
    group       => $title,
    mode        => '0640',
    require     => File["${ssl}/private"],
    notify      => Anchor["${title}::service::begin"],
  }
}
