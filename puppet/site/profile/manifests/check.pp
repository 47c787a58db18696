# A check of a profile: an executable that ends with 0 when what the profile set up works, and else says why not. The
# machine's /usr/lib/oci/oci-check runs it when OCI asks: before the next wave of a deployment begins.
#
# The title is its name in OCI's record of the profile, and that of its function in files/oci_checks.py.
#
# @param told
#   What it is told of this machine and of its cloud; never a secret. Its names are there without being told.
define profile::check (
  Hash[String[1], Data] $told = {},
) {
  include profile::checks

  $names = { 'fqdn' => $facts['networking']['fqdn'], 'hostname' => $facts['networking']['hostname'] }

  file { "/etc/oci/checks.d/${title}":
    content => epp('profile/check.epp', { 'name' => $title, 'told' => $names + $told }),
    owner   => 'root',
    group   => 'root',
    mode    => '0755',
    require => File['/usr/lib/oci/oci_checks.py'],
  }
}
