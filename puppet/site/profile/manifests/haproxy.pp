# The front of a cloud: one HTTPS port with a path for each service, and the database behind it.
#
# @param address
#   This machine's own, where what speaks no TLS itself is offered by TLS.
# @param api
#   Name of the front.
# @param front
#   The virtual addresses; they need not be here.
# @param ways
#   By service: where its members are, and by which path or by what else a request is told to be for it.
# @param local
#   By service: the port by TLS on `address`, and the port on the loopback that is behind it.
# @param databases
#   Members of the database; one at a time is spoken to.
# @param certificate
#   The front's.
# @param own_certificate
#   This machine's.
class profile::haproxy (
  Profile::Address $address,
  Pattern[/\A[a-z0-9.-]+\z/] $api,
  Array[Profile::Address, 1] $front,
  Hash[Pattern[/\A[a-z]+\z/], Profile::Way] $ways,
  Hash[Pattern[/\A[a-z]+\z/], Struct[{ port => Stdlib::Port, to => Stdlib::Port }]] $local,
  Hash[String[1], Profile::Address] $databases,
  Profile::Certificate $certificate,
  Profile::Certificate $own_certificate,
) {
  include profile::ground

  $tls = '/etc/haproxy/tls'

  package { 'haproxy':
    ensure  => installed,
    require => Anchor['profile::ground::begin'],
  }

  # HAProxy reads them as root, before it becomes its user.
  file { $tls:
    ensure  => directory,
    owner   => 'root',
    group   => 'root',
    mode    => '0700',
    require => Package['haproxy'],
  }

  $certificates = { 'front' => $certificate, 'host' => $own_certificate }
  $certificates.each |String $name, Profile::Certificate $held| {
    profile::certificate_files { "profile::haproxy ${name}":
      certificate => $held,
      key         => "${tls}/${name}.pem",
      crt         => "${tls}/${name}.pem",
      require     => File[$tls],
      before      => File['/etc/haproxy/haproxy.cfg'],
      notify      => Service['haproxy'],
    }
  }

  file { '/etc/haproxy/haproxy.cfg':
    content      => epp('profile/haproxy.cfg.epp', {
      'address'   => enclose_ipv6([$address])[0],
      'front'     => enclose_ipv6($front),
      'ways'      => $ways,
      'local'     => $local,
      'databases' => $databases,
      'tls'       => $tls,
    }),
    owner        => 'root',
    group        => 'root',
    mode         => '0644',
    validate_cmd => '/usr/sbin/haproxy -c -q -f %',
    require      => Package['haproxy'],
    notify       => Service['haproxy'],
  }

  # Told of a change it starts a new process, and the old one ends what it began.
  service { 'haproxy':
    ensure  => running,
    enable  => true,
    restart => '/usr/bin/systemctl reload-or-restart haproxy',
    before  => Anchor['profile::ground::end'],
  }

  # An address is held by nobody whose front is not there.
  Service['haproxy'] -> Service<| title == 'keepalived' |>

  profile::check { 'front.answers':
    told => {
      'api' => $api,
    },
  }
}
