# What works for Neutron beside its API, as services that systemd looks after. Part of profile::neutron.
class profile::neutron::workers {
  include neutron::deps

  # Debian has it; the module knows neither its package nor its service there.
  package { 'neutron-ovn-maintenance-worker':
    ensure => installed,
    tag    => 'neutron-package',
  }

  service { 'neutron-ovn-maintenance-worker':
    ensure => running,
    enable => true,
    tag    => 'neutron-service',
  }

  # Debian has only start scripts for these two: nobody would see that one has died, nor start it again.
  ['neutron-ovn-maintenance-worker', 'neutron-periodic-workers'].each |String $name| {
    $unit = "/etc/systemd/system/${name}.service"

    file { $unit:
      content => epp('profile/neutron-worker.service.epp', { 'name' => $name }),
      owner   => 'root',
      group   => 'root',
      mode    => '0644',
      require => Anchor['neutron::install::end'],
      notify  => Anchor['neutron::service::begin'],
    }

    exec { "systemd knows the unit of ${name}":
      command  => '/usr/bin/systemctl daemon-reload',
      unless   => "/usr/bin/systemctl show --value --property FragmentPath ${name}.service | /usr/bin/grep -qxF ${unit}",
      provider => shell,
      timeout  => 0,
      require  => File[$unit],
      before   => Anchor['neutron::service::begin'],
    }
  }
}
