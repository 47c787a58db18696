# The dashboard, in an Apache of its own port, by TLS.
#
# @param cloud
#   What every service is told.
# @param certificate
#   This machine's.
# @param session_secret
#   What sessions are signed with, the same on all members.
class profile::horizon (
  Profile::Cloud $cloud,
  Profile::Certificate $certificate,
  Profile::Secret $session_secret,
) {
  include profile::ground
  include horizon::deps

  $apache = '/etc/apache2'

  # Its own part for Apache writes port 80 on all addresses.
  class { 'horizon':
    secret_key                     => Sensitive(profile::plain($session_secret)),
    keystone_url                   => "https://${cloud['api']}/identity/v3",
    available_regions              => [["https://${cloud['api']}/identity/v3", $cloud['region']]],
    allowed_hosts                  => ['*'],
    cache_backend                  => 'django.core.cache.backends.memcached.PyMemcacheCache',
    # One text: Debian's file of the module, which is read last, has quotes around whatever it is.
    cache_server_url               => join($cloud['memcached'], ','),
    django_session_engine          => 'django.contrib.sessions.backends.signed_cookies',
    django_debug                   => $cloud['debug'],
    secure_cookies                 => true,
    enable_secure_proxy_ssl_header => true,
    openstack_ssl_cacert           => '/etc/ssl/certs/ca-certificates.crt',
    compress_offline               => false,
    configure_apache               => false,
    root_url                       => '/horizon',
  }

  profile::certificate_files { 'profile::horizon':
    certificate => $certificate,
    key         => "${apache}/host.key",
    crt         => "${apache}/host.crt",
    require     => Anchor['horizon::install::end'],
    notify      => Service['apache2'],
  }

  file { "${apache}/ports.conf":
    content => "# Made by Puppet.\nListen ${enclose_ipv6([$cloud['address']])[0]}:8443\n",
    owner   => 'root',
    group   => 'root',
    mode    => '0644',
    require => Anchor['horizon::install::end'],
    notify  => Service['apache2'],
  }

  # Nothing but this is enabled: the package and Apache's own bring sites for other ports.
  file { "${apache}/sites-enabled":
    ensure  => directory,
    owner   => 'root',
    group   => 'root',
    mode    => '0755',
    purge   => true,
    recurse => true,
    require => Anchor['horizon::install::end'],
    notify  => Service['apache2'],
  }

  file { "${apache}/sites-enabled/oci-horizon.conf":
    content => epp('profile/horizon.conf.epp', { 'apache' => $apache, 'processes' => $cloud['workers'] }),
    owner   => 'root',
    group   => 'root',
    mode    => '0644',
    notify  => Service['apache2'],
  }

  # The module makes it only where it writes Apache's configuration too. Whoever ran a program of it as root would own the log.
  file { '/var/log/horizon':
    ensure  => directory,
    owner   => 'www-data',
    group   => 'adm',
    mode    => '0750',
    require => Anchor['horizon::install::end'],
  }

  file { '/var/log/horizon/horizon.log':
    ensure  => file,
    owner   => 'www-data',
    group   => 'adm',
    mode    => '0640',
    before  => Anchor['horizon::config::begin'],
    notify  => Service['apache2'],
  }

  exec { 'profile::horizon has the parts of Apache that it needs':
    command  => '/usr/sbin/a2enmod --quiet ssl wsgi',
    unless   => "/usr/bin/test -e ${apache}/mods-enabled/ssl.load -a -e ${apache}/mods-enabled/wsgi.load",
    provider => shell,
    timeout  => 0,
    require  => Anchor['horizon::install::end'],
    notify   => Service['apache2'],
  }

  service { 'apache2':
    ensure  => running,
    enable  => true,
    require => Anchor['horizon::config::end'],
  }

  Anchor['horizon::config::end'] ~> Service['apache2']
  Anchor['profile::ground::end'] -> Anchor['horizon::install::begin']

  profile::check { 'horizon.signin': }
}
