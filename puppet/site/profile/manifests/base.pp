# What every machine of a cluster is given, whatever its role: names, time, trust, keys, package sources.
#
# All values come from OCI's classification; none is looked up in Hiera, so that each has one source.
#
# @param domain
#   DNS domain of the cluster; names in it are also known without it.
# @param hosts
#   Address of whom the machine must reach before DNS works: itself, the appliance, the Puppet server; by full host name.
# @param ntp_servers
#   Names or addresses of time servers; without any the clock is left as it is.
# @param ca_certificates
#   PEM text of each certification authority that the whole system trusts, by file name without ending.
# @param ssh_authorized_keys
#   Public keys that may sign in as root, each one full line of authorized_keys; no others are kept.
# @param apt_uri
#   URL of the Debian mirror.
# @param apt_suite
#   Suites to take packages from, separated by spaces.
# @param apt_components
#   Components to take packages from, separated by spaces.
class profile::base (
  Pattern[/\A[a-z0-9.-]+\z/] $domain,
  Hash[Pattern[/\A[a-z0-9.-]+\z/], Pattern[/\A[0-9a-f.:]+\z/]] $hosts,
  Array[Pattern[/\A[A-Za-z0-9.:-]+\z/]] $ntp_servers,
  Hash[Pattern[/\A[A-Za-z0-9][A-Za-z0-9_.-]*\z/], Pattern[/^-----BEGIN CERTIFICATE-----$/]] $ca_certificates,
  Array[Pattern[/\A[^\n]+\z/]] $ssh_authorized_keys,
  Pattern[/\Ahttps?:\/\/[^\s]+\z/] $apt_uri,
  Pattern[/\A[a-z0-9.\/ -]+\z/] $apt_suite,
  Pattern[/\A[a-z0-9. -]+\z/] $apt_components,
) {
  file { '/etc/hosts':
    content => epp('profile/hosts.epp', { 'domain' => $domain, 'hosts' => $hosts }),
    owner   => 'root',
    group   => 'root',
    mode    => '0644',
  }

  contain profile::base::packages
  contain profile::base::trust
  contain profile::base::access
  contain profile::base::clock
  contain profile::base::checks

  # A mirror may have a name, may be reached by HTTPS, and brings what the rest needs.
  File['/etc/hosts'] -> Class['profile::base::packages'] -> Class['profile::base::trust', 'profile::base::clock']
  # Only what is not needed by them is told last: a machine without a mirror has its keys and its clock all the same.
  Class['profile::base::trust', 'profile::base::access', 'profile::base::clock'] -> Class['profile::base::checks']

  # Where there is more, it comes after all of this.
  Class['profile::base'] -> Anchor<| title == 'profile::ground::begin' |>
}
