# Servers of users on this machine, by libvirt and QEMU. Consoles and migrations speak TLS.
#
# @param cloud
#   What every service is told.
# @param certificate
#   This machine's.
# @param virt_type
#   kvm, or qemu where there is no /dev/kvm.
class profile::nova::compute (
  Profile::Cloud $cloud,
  Profile::Certificate $certificate,
  Enum['kvm', 'qemu'] $virt_type,
) {
  include profile::nova::common

  $address = $cloud['address']
  # libvirt's own names, and those of QEMU: libvirt's documentation, "TLS server certificates"; qemu.conf.
  $vnc = '/etc/pki/libvirt-vnc'
  $pki = '/etc/pki/libvirt'
  $qemu = '/etc/pki/qemu'

  class { 'nova::compute':
    vnc_enabled                      => true,
    vncserver_proxyclient_address    => $address,
    vncproxy_host                    => $cloud['api'],
    vncproxy_protocol                => 'https',
    vncproxy_port                    => '443',
    vncproxy_path                    => '/console/vnc_lite.html',
    resume_guests_state_on_host_boot => true,
  }

  class { 'nova::compute::libvirt':
    virt_type               => $virt_type,
    cpu_mode                => if $virt_type == 'kvm' { 'host-model' } else { 'none' },
    vncserver_listen        => $address,
    manage_libvirt_services => false,
  }

  class { 'nova::compute::libvirt::qemu':
    configure_qemu     => true,
    vnc_tls            => true,
    vnc_tls_verify     => true,
    default_tls_verify => true,
  }

  # Debian has the one daemon, and nothing of the many that the module takes it to have.
  class { 'nova::compute::libvirt::services':
    libvirt_virt_type => $virt_type,
    modular_libvirt   => false,
  }

  # By `transport` libvirt's own words are hidden. What a server has in its memory and on its disks goes from QEMU to QEMU.
  class { 'nova::migration::libvirt':
    transport                      => 'tls',
    modular_libvirt                => false,
    listen_address                 => $address,
    live_migration_inbound_addr    => $address,
    live_migration_with_native_tls => true,
    key_file                       => "${pki}/private/serverkey.pem",
    cert_file                      => "${pki}/servercert.pem",
    ca_file                        => '/etc/pki/CA/cacert.pem',
  }

  file { ['/etc/pki', '/etc/pki/CA', $pki, "${pki}/private", $vnc, $qemu]:
    ensure  => directory,
    owner   => 'root',
    group   => 'root',
    mode    => '0755',
    require => Anchor['nova::install::end'],
  }

  # One certificate, under each name by which somebody looks for it; QEMU is no user of root's.
  $theirs = { 'group' => 'libvirt-qemu', 'mode' => '0640' }
  $files = {
    'server'      => { 'key' => "${pki}/private/serverkey.pem", 'crt' => "${pki}/servercert.pem", 'ca' => '/etc/pki/CA/cacert.pem' },
    'client'      => { 'key' => "${pki}/private/clientkey.pem", 'crt' => "${pki}/clientcert.pem" },
    'consoles'    => $theirs + { 'key' => "${vnc}/server-key.pem", 'crt' => "${vnc}/server-cert.pem", 'ca' => "${vnc}/ca-cert.pem" },
    'qemu'        => $theirs + { 'key' => "${qemu}/server-key.pem", 'crt' => "${qemu}/server-cert.pem", 'ca' => "${qemu}/ca-cert.pem" },
    'qemu client' => $theirs + { 'key' => "${qemu}/client-key.pem", 'crt' => "${qemu}/client-cert.pem" },
  }

  $files.each |String $name, Hash $paths| {
    profile::certificate_files { "profile::nova::compute ${name}":
      certificate => $certificate,
      *           => $paths,
      require     => File[$pki, "${pki}/private", $vnc, $qemu, '/etc/pki/CA'],
      before      => Anchor['nova::service::begin'],
    }
  }

  profile::arenas { 'libvirtd':
    notify => Anchor['nova::service::begin'],
  }

  profile::check { 'nova.compute':
    told => {
      'api' => $cloud['api'],
    },
  }
}
